import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rhythm, STEPS } from './rhythm.svelte';

describe('what nothing tells of', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', { visibilityState: 'visible' });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('issue3_5 is asked ever more seldom, and not for ever', async () => {
    let asked = 0;
    const made = new Rhythm(async () => void asked++);
    const stop = made.begin();
    await vi.advanceTimersByTimeAsync(61e3);
    expect(asked).toBe(4);
    await vi.advanceTimersByTimeAsync(3600e3);
    expect(asked).toBe(STEPS.length);
    expect(made.left).toBeNull();
    expect(made.ended).not.toBeNull();
    stop();
  });
  it('issue3_5 is not asked while nobody looks on, and begins anew by hand', async () => {
    let asked = 0;
    const made = new Rhythm(async () => void asked++);
    const stop = made.begin();
    vi.stubGlobal('document', { visibilityState: 'hidden' });
    await vi.advanceTimersByTimeAsync(600e3);
    expect(asked).toBe(0);
    vi.stubGlobal('document', { visibilityState: 'visible' });
    await vi.advanceTimersByTimeAsync(1e3);
    expect(asked).toBe(1);
    await made.now();
    expect(asked).toBe(2);
    expect(made.left).toBe(15);
    stop();
    expect(made.left).toBeNull();
    await made.now();
    expect(made.left).toBeNull();
  });
});
