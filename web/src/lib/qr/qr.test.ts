import { describe, expect, it } from 'vitest';
import { codewords, correction, versionFor } from './codewords';
import { formatBits, makeQr, qrPath } from './qr';

describe('c3_2 QR codes for the second factor (ISO/IEC 18004)', () => {
  it('corrects as in annex I of the standard', () => {
    const data = [0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11];
    expect(correction(data, 10)).toEqual([0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55]);
  });
  it('writes the format as in table C.1', () => {
    expect(formatBits(0).toString(2).padStart(15, '0')).toBe('101010000010010');
    expect(formatBits(5).toString(2).padStart(15, '0')).toBe('100000011001110');
  });
  it('takes the smallest version that holds the text', () => {
    // Table 7, level M, byte mode.
    expect([14, 15, 26, 27, 84, 85, 180, 181, 213, 214, 666, 667].map(versionFor)).toEqual([1, 2, 2, 3, 5, 6, 9, 10, 10, 11, 20, 0]);
  });
  it('fills all codewords of a version', () => {
    expect(codewords(new Uint8Array(10), 1)).toHaveLength(26);
    expect(codewords(new Uint8Array(100), 7)).toHaveLength(196);
  });
  it('has finders in three corners, timing between them, and a light fourth corner', () => {
    const matrix = makeQr('otpauth://totp/bulla:admin?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=bulla')!;
    const n = matrix.length;
    expect((n - 17) % 4).toBe(0);
    for (const [x, y] of [[0, 0], [n - 7, 0], [0, n - 7]] as const) {
      expect(matrix.slice(y, y + 7).map((row) => row.slice(x, x + 7).map((d) => (d ? '#' : '.')).join(''))).toEqual([
        '#######', '#.....#', '#.###.#', '#.###.#', '#.###.#', '#.....#', '#######',
      ]);
    }
    expect(matrix[6]!.slice(8, n - 8).every((dark, i) => dark === (i % 2 === 0))).toBe(true);
    expect(makeQr('x'.repeat(667))).toBeNull();
  });
  it('draws each dark module once', () => {
    expect(qrPath([[true, true, false, true]], 1)).toBe('M1 1h2v1h-2zM4 1h1v1h-1z');
  });
});
