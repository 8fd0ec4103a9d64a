import { describe, expect, it } from 'vitest';
import type { MessageLife, Verification } from '$lib/api/types';
import { chainOf, uncheckableOf } from './chain';
import { eventText, stagesOf } from './events';
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
    const whole = chainOf({ id: 'x', state: 'verified', seal: 'whole', findings: [{ check: 'row', state: 'ok', text: '' }, { check: 'log', state: 'ok', text: '' }] });
    expect(whole.map((one) => one.state)).toEqual(['unknown', 'unknown', 'ok', 'ok', 'ok']);
    const lacking: Verification = {
      id: 'x', state: 'unchecked', seal: 'whole',
      findings: [{ check: 'signature', state: 'ok', text: 'one fits' }, { check: 'signature', state: 'note', text: 'two cannot be checked' }, { check: 'log', state: 'note', text: 'c' }],
    };
    expect(chainOf(lacking)[1]).toEqual({ link: 'signature', state: 'unknown', texts: [] });
    expect(uncheckableOf(lacking)).toEqual(['two cannot be checked']);
    expect(uncheckableOf({ ...lacking, state: 'verified' })).toEqual([]);
    expect(uncheckableOf(undefined)).toEqual([]);
    expect(chainOf(undefined).every((one) => one.state === 'unknown')).toBe(true);
  });
});

describe('delivery events', () => {
  const detail = '{"attempt":1,"destination":"local","recipients":[{"reply":"stored","status":"2.0.0","to":"bob@x.test"}],"route":"local"}';
  it('says what the other side said', () => {
    expect(eventText({ recipient: 'bob@x.test', detail })).toBe('2.0.0 stored');
    for (const text of ['', 'plain', '[1]', 'null', '{"recipients":5}', '{"recipients":[{}]}']) expect(eventText({ recipient: 'b', detail: text })).toBe(text);
  });
  it('become the last stage', () => {
    const event = { sequence: 1, at: '2026-11-22T06:10:00Z', kind: 'bounced', recipient: 'bob@x.test', detail };
    const message = { stages: [{ name: 'seal', facts: [] }], events: [event] } as unknown as MessageLife;
    const stages = stagesOf(message);
    expect(stages.map((s) => s.name)).toEqual(['seal', 'deliver']);
    expect(stages[1]!.outcome).toBe('refused');
    expect(stagesOf({ ...message, events: [] })).toHaveLength(1);
  });
});
