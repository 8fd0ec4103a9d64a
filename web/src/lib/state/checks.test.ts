import { describe, expect, it } from 'vitest';
import { brokenLink, sealState } from './checks.svelte';

describe('what the disc shows', () => {
  it('issue3_3 cracks for any broken link, the signature too', () => {
    const table = [
      ['verified', 'whole', 'whole'],
      ['unsigned', 'whole', 'whole'],
      ['failed', 'whole', 'cracked'],
      ['failed', 'cracked', 'cracked'],
      ['verified', 'cracked', 'cracked'],
      ['unsigned', 'cracked', 'cracked'],
      ['unchecked', 'unchecked', 'blank'],
      ['unchecked', 'whole', 'blank'],
      ['verified', 'unchecked', 'blank'],
      ['unsigned', 'none', 'blank'],
    ] as const;
    for (const [check, seal, shown] of table) expect(sealState({ check, seal }), `${check} ${seal}`).toBe(shown);
  });
  it('issue3_3 cracks where the broken link is', () => {
    expect(brokenLink({ check: 'failed', seal: 'whole' })).toBe('signature');
    expect(brokenLink({ check: 'failed', seal: 'cracked' })).toBe('content');
    expect(brokenLink({ check: 'unsigned', seal: 'cracked', broken: 'tree' })).toBe('tree');
  });
});
