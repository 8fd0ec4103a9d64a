import { describe, expect, it } from 'vitest';
import { chainOf } from './chain';
import { daysAgo, filtersOf, parseFilter } from './filter';

describe('filters of the list', () => {
  it('reads what people type', () => {
    expect(parseFilter('from:@example.org to:bob@x.test revised offer')).toEqual({
      filters: { sender: '@example.org', recipient: 'bob@x.test', subject: 'revised offer' },
    });
    expect(parseFilter('since:2026-11-01 before:2026-11-02').filters).toEqual({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T00:00:00.000Z' });
    expect(parseFilter('since:yesterday').filters).toEqual({ subject: 'since:yesterday' });
    expect(parseFilter(' 1c5zk3n8q0a00 ')).toEqual({ filters: {}, id: '1C5ZK3N8Q0A00' });
    expect(parseFilter('').filters).toEqual({});
  });
  it('takes from the address only what is a filter', () => {
    expect(filtersOf(new URLSearchParams('check=failed&tab=raw&subject=&evil=1'))).toEqual({ check: 'failed' });
  });
  it('knows the beginning of a day', () => {
    expect(new Date(daysAgo(1, new Date(2026, 10, 22, 13))).getTime()).toBe(new Date(2026, 10, 21).getTime());
  });
});

describe('chain of a verification', () => {
  it('tells the five links, and unknown ones as unknown', () => {
    const chain = chainOf({
      id: 'x', state: 'failed', seal: 'cracked', broken: 'signature',
      findings: [{ check: 'record', state: 'ok', text: 'a' }, { check: 'signature', state: 'bad', text: 'b' }, { check: 'log', state: 'note', text: 'c' }],
    });
    expect(chain.map((one) => `${one.link} ${one.state}`)).toEqual(['content ok', 'signature bad', 'leaf unknown', 'tree note', 'checkpoint unknown']);
    expect(chainOf(undefined).every((one) => one.state === 'unknown')).toBe(true);
  });
});
