// Octets → codewords of a QR code (ISO/IEC 18004): byte mode, error correction level M, versions 1 to 20.

// Level M, by version: codewords of correction a block, and blocks.
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
export const LAST_VERSION = 20;

/** Modules that carry codewords, in a code of this version. */
function capacity(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const alignments = Math.floor(version / 7) + 2;
    modules -= (25 * alignments - 10) * alignments - 55;
    if (version >= 7) modules -= 36;
  }
  return Math.floor(modules / 8);
}

const dataLength = (version: number): number => capacity(version) - CORRECTION[version - 1]! * BLOCKS[version - 1]!;

// GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1.
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  EXP[i] = EXP[i + 255] = x;
  LOG[x] = i;
  x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}
const multiply = (a: number, b: number): number => (a && b ? EXP[LOG[a]! + LOG[b]!]! : 0);

/** The remainder that is put behind `data` (Reed–Solomon). */
export function correction(data: readonly number[], degree: number): number[] {
  let generator = [1];
  for (let i = 0; i < degree; i++) {
    const next = [...generator, 0];
    generator.forEach((c, j) => (next[j + 1]! ^= multiply(c, EXP[i]!)));
    generator = next;
  }
  const rest = [...data, ...new Array<number>(degree).fill(0)];
  for (let i = 0; i < data.length; i++) {
    const factor = rest[i]!;
    generator.forEach((c, j) => (rest[i + j]! ^= multiply(c, factor)));
  }
  return rest.slice(data.length);
}

/** The smallest version that holds so many octets; 0: none. */
export function versionFor(octets: number): number {
  for (let version = 1; version <= LAST_VERSION; version++) {
    if (dataLength(version) * 8 >= 4 + (version < 10 ? 8 : 16) + octets * 8) return version;
  }
  return 0;
}

/** Mode, length, octets, end and filling. */
function dataWords(octets: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let i = length - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  put(4, 4);
  put(octets.length, version < 10 ? 8 : 16);
  for (const octet of octets) put(octet, 8);
  const length = dataLength(version);
  put(0, Math.min(4, length * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const words: number[] = [];
  for (let i = 0; i < bits.length; i += 8) words.push(parseInt(bits.slice(i, i + 8).join(''), 2));
  for (let pad = 0xec; words.length < length; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/** All codewords in the order in which they are placed. */
export function codewords(octets: Uint8Array, version: number): number[] {
  const words = dataWords(octets, version);
  const count = BLOCKS[version - 1]!;
  const degree = CORRECTION[version - 1]!;
  const short = Math.floor(words.length / count);
  const longer = words.length % count;
  const blocks: number[][] = [];
  for (let i = 0, at = 0; i < count; i++) {
    const length = short + (i >= count - longer ? 1 : 0);
    blocks.push(words.slice(at, at + length));
    at += length;
  }
  const checks = blocks.map((block) => correction(block, degree));
  const out: number[] = [];
  for (let i = 0; i <= short; i++) for (const block of blocks) if (i < block.length) out.push(block[i]!);
  for (let i = 0; i < degree; i++) for (const check of checks) out.push(check[i]!);
  return out;
}
