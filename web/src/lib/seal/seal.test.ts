import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { channelsOf, parseLeafHash } from './channels';
import { crackPath, LINKS, rimPath, sealPaths } from './geometry';
import { num, place } from './path';
import { RIMS } from './channels';
import { hexOfRoot } from './root';
import { sealSvg } from './svg';
import vectors from './vectors.json' with { type: 'json' };

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

describe('seal', () => {
  it('issue3_3 draws the test vectors of docs/formats/seal.md', () => {
    for (const v of vectors) {
      const hash = parseLeafHash(v.hash)!;
      expect(channelsOf(hash)).toEqual(v.channels);
      expect(sha(sealSvg(hash, 'small', 'whole'))).toBe(v.small);
      expect(sha(sealSvg(hash, 'large', 'whole'))).toBe(v.large);
      expect(sha(sealSvg(hash, 'large', 'cracked', 'leaf'))).toBe(v.cracked_leaf);
    }
  });
  it('issue3_3 shows another picture when any of the bits that it is drawn from changes', () => {
    const base = new Uint8Array(32);
    base[0] = 0x21;
    base[3] = 0x40;
    const pictures = new Set([sealSvg(base, 'large', 'whole')]);
    for (let bit = 0; bit < 40; bit++) {
      const other = base.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      pictures.add(sealSvg(other, 'large', 'whole'));
    }
    expect(pictures.size).toBe(41);
  });
  it('issue3_3 two of 2000 messages rarely look the same even as small as in a list', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i++) seen.add(sealSvg(parseLeafHash(sha(`m${i}`))!, 'small', 'whole'));
    expect(seen.size).toBeGreaterThan(1940);
  });
  it('issue3_3 every link cracks at a place of its own', () => {
    expect(new Set(LINKS.map(crackPath)).size).toBe(5);
  });
  it('every rim stays within its square', () => {
    for (const rim of RIMS) {
      // The control point of a rounded corner lies outside of its curve.
      for (const n of rimPath(rim).replace(/Q\S+ \S+ /g, '').match(/-?\d+(\.\d+)?/g)!.map(Number)) expect(n).toBeGreaterThanOrEqual(0);
    }
  });
  it('refuses what is no leaf hash', () => {
    for (const text of ['', 'ab', null, undefined, 'z'.repeat(64), 'a'.repeat(63)]) expect(parseLeafHash(text)).toBeNull();
    expect(() => channelsOf(new Uint8Array(31))).toThrow(RangeError);
  });
  it('spells numbers in one way', () => {
    expect([num(1), num(1.125), num(-0.001), num(12.3456), num(0.5)]).toEqual(['1', '1.13', '0', '12.35', '0.5']);
    expect(place('M-4 2.5L0 0Z', 2)).toBe('M42 55L50 50Z');
  });
  it('keeps the paths of a seal that was drawn', () => {
    const hash = parseLeafHash(sha('x'))!;
    expect(sealPaths(hash, 'small')).toBe(sealPaths(hash, 'small'));
  });
  it('reads a root in either spelling', () => {
    expect(hexOfRoot('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=')).toBe('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
    expect([hexOfRoot('AA'.repeat(32)), hexOfRoot('?'), hexOfRoot('AAAA')]).toEqual(['aa'.repeat(32), '', '']);
  });
});
