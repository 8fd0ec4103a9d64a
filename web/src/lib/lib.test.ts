import { describe, expect, it } from 'vitest';
import { ApiProblem, address } from './api/client';
import { helpFor } from './api/problem';
import { elapsed, milliseconds, quote, relative, shorten, size, span } from './format';
import { matches } from './text';
import { splitLines } from './ui/lines';
import { areaPath, linePath } from './ui/spark';
import { capacityOf, OVERSCAN, windowOf } from './ui/window';
import { spell, spelled } from '$lib/names';

describe('format', () => {
  it('says sizes', () => {
    expect([0, 1023, 1024, 10_240, 26_214_400, 5e12].map(size)).toEqual(['0 B', '1023 B', '1.0 KB', '10 KB', '25 MB', '4.5 TB']);
  });
  it('keeps microseconds of times', () => {
    expect(milliseconds('2026-11-22T06:10:00.123456Z', '2026-11-22T06:10:00.129456Z')).toBe(6);
    expect(milliseconds('2026-11-22T06:10:00.999999Z', '2026-11-22T06:10:01.000000Z')).toBe(0.001);
    expect(milliseconds('2026-11-22T06:10:00Z', '2026-11-22T06:10:02.5Z')).toBe(2500);
  });
  it('says spans of time', () => {
    expect([0.31, 2.89, 418, 90_000].map(elapsed)).toEqual(['310 µs', '2.9 ms', '418 ms', '2 min']);
    expect([4, 600, 7200, 86_400, 3 * 86_400].map(span)).toEqual(['4 s', '10 min', '2 h', '1 day', '3 days']);
    const now = Date.parse('2026-11-22T06:10:00Z');
    expect(relative('2026-11-22T06:00:00Z', now)).toBe('10 min ago');
    expect(relative('2026-11-22T08:10:00Z', now)).toBe('in 2 h');
    expect(relative('2026-11-22T06:09:58Z', now)).toBe('just now');
  });
  it('quotes what a shell would read otherwise', () => {
    expect(['D17', 'a b', "it's", '$(x)', '*@example.org'].map(quote)).toEqual(['D17', "'a b'", "'it'\\''s'", "'$(x)'", "'*@example.org'"]);
  });
  it('shortens hashes by their middle', () => {
    expect(shorten('0123456789abcdef0123456789abcdef', 4)).toBe('0123…cdef');
    expect(shorten('abcd', 4)).toBe('abcd');
  });
});

describe('api', () => {
  it('builds addresses from hostile ids', () => {
    expect(address('/messages/{id}', { id: '../x?y#z' })).toBe('/api/v1/messages/..%2Fx%3Fy%23z');
    expect(address('/messages', {}, { sender: 'a&b', recipient: '', limit: 5 })).toBe('/api/v1/messages?sender=a%26b&limit=5');
    expect(() => address('/messages/{id}')).toThrow();
  });
  it('turns problems into words and an action', () => {
    expect(helpFor(new ApiProblem(409, 'domain.in_use', 'x has 3 accounts')).action?.page).toBe('/accounts');
    expect(helpFor(new ApiProblem(0, 'network.unreachable', '')).text).toContain('Nothing was changed');
    expect(helpFor(new ApiProblem(503, 'seal.busy', 'busy', null, 4)).text).toBe('busy Try again in 4 s.');
    expect(helpFor(new TypeError('x')).text).toBe('x');
  });
});

describe('ui', () => {
  it('shows only the rows in sight, and some on each side', () => {
    expect(windowOf(0, 800, 40, 1_000_000)).toEqual({ first: 0, last: 20 + OVERSCAN });
    expect(windowOf(4_000_000, 800, 40, 1_000_000)).toEqual({ first: 100_000 - OVERSCAN, last: 100_020 + OVERSCAN });
    expect(windowOf(-300, 800, 40, 3)).toEqual({ first: 0, last: 3 });
    expect(windowOf(99_999, 800, 40, 3)).toEqual({ first: 3, last: 3 });
    expect(windowOf(0, 800, 40, 0)).toEqual({ first: 0, last: 0 });
    for (let top = 0; top < 4000; top += 7) {
      const { first, last } = windowOf(top, 801, 40, 1000);
      expect(last - first).toBeLessThanOrEqual(capacityOf(801, 40));
    }
  });
  it('splits header lines with their ends', () => {
    expect(splitLines('A: 1\r\n\tb\r\nC:2\n')).toEqual([
      { name: 'A', text: ' 1', end: 'CRLF' },
      { name: '', text: '→ b', end: 'CRLF' },
      { name: 'C', text: '2', end: 'LF' },
    ]);
    expect(splitLines('')).toEqual([]);
  });
  it('draws charts of any numbers', () => {
    expect([linePath([], 1), areaPath([], 1)]).toEqual(['', '']);
    expect(linePath([0, 10], 10)).toBe('M0 98L1000 4');
    expect(areaPath([5], 5)).toBe('M0 100L0 4L1000 100Z');
  });
  it('finds words without capitals and accents', () => {
    expect(matches('Groups & signers', 'sig gro')).toBe(true);
    expect(matches('Zoë Müller', 'zoe muller')).toBe(true);
    expect(matches('Queue', 'log')).toBe(false);
  });
});

describe('names', () => {
  const names = { 'xn--bcher-kva.example': 'bücher.example', 'post.xn--bcher-kva.example': 'post.bücher.example' };

  it('issue3_5 domains are shown as people read them, the longest name first', () => {
    expect(spell('Ann <ann@post.xn--bcher-kva.example>, b@xn--bcher-kva.example', names)).toBe('Ann <ann@post.bücher.example>, b@bücher.example');
    expect(spell('a@plain.example', names)).toBe('a@plain.example');
    expect(spell('a@xn--bcher-kva.example', undefined)).toBe('a@xn--bcher-kva.example');
  });

  it('issue3_5 a filter finds either form', () => {
    expect(matches(spelled('xn--bcher-kva.example', names), 'bucher')).toBe(true);
    expect(matches(spelled('xn--bcher-kva.example', names), 'kva')).toBe(true);
  });
});
