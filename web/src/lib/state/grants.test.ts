import { describe, expect, it } from 'vitest';
import { granted } from './grants';

describe('grants', () => {
  it('c3_5 offers what the session names, by name or by beginning, and nothing else', () => {
    const list = ['archive.', 'account.list'];
    expect(['archive.list', 'archive.show', 'account.list'].filter((call) => !granted(list, call))).toEqual([]);
    expect(['account.add', 'archive', 'queue.list', 'account.list.all'].filter((call) => granted(list, call))).toEqual([]);
    expect(granted(['*'], 'signer.retire')).toBe(true);
    expect(granted([], 'archive.list')).toBe(false);
  });
});
