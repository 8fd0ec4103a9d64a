// What nothing tells of (what resolvers see) is asked again: only while the page is in sight, ever more seldom, and not for ever.
import { untrack } from 'svelte';

const often = (times: number, seconds: number) => Array<number>(times).fill(seconds);
/** After these seconds each time; in eighteen minutes of looking on, whoever waits has left. */
export const STEPS: readonly number[] = [...often(4, 15), ...often(4, 30), ...often(15, 60)];

export class Rhythm {
  /** Seconds until it asks again; null: it does not. */
  left = $state<number | null>(null);
  busy = $state(false);
  /** When it was asked last, once it is no longer asked by itself. */
  ended = $state<string | null>(null);
  private turn = 0;
  private due = Infinity;
  private going = false;

  constructor(private ask: () => Promise<void>) {}

  /** Asks at once, and begins anew. */
  now(): Promise<void> {
    this.turn = 0;
    return this.look();
  }

  /** Asks again from here on until the answer is called. */
  begin(): () => void {
    this.going = true;
    this.turn = 0;
    this.plan();
    const timer = setInterval(() => this.tick(), 1000);
    return () => {
      clearInterval(timer);
      this.going = false;
      this.due = Infinity;
      this.left = this.ended = null;
    };
  }

  private plan(): void {
    const step = STEPS[this.turn++];
    this.due = step === undefined ? Infinity : Date.now() + step * 1000;
    this.left = step ?? null;
    this.ended = step === undefined ? new Date().toISOString() : null;
  }

  private tick(): void {
    if (this.busy || this.due === Infinity || document.visibilityState !== 'visible') return;
    this.left = Math.max(0, Math.ceil((this.due - Date.now()) / 1000));
    if (this.left === 0) void this.look();
  }

  private async look(): Promise<void> {
    this.busy = true;
    try {
      await this.ask();
    } finally {
      this.busy = false;
      if (this.going) this.plan();
    }
  }
}

/** Asks again as long as it is `wanted`. Must be made while a component starts. */
export function rhythm(ask: () => Promise<void>, wanted: () => boolean): Rhythm {
  const made = new Rhythm(ask);
  const on = $derived(wanted());
  $effect(() => (on ? untrack(() => made.begin()) : undefined));
  return made;
}
