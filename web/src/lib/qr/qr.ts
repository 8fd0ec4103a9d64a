// A QR code of a short text, for the secret of a second factor (ISO/IEC 18004, level M).
import { codewords, versionFor } from './codewords';

/** Rows of modules; true is dark. */
export type Matrix = boolean[][];

const MASKS: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

class Canvas {
  readonly size: number;
  readonly dark: Matrix;
  /** What belongs to patterns, and carries no codeword. */
  readonly fixed: Matrix;

  constructor(readonly version: number) {
    this.size = 17 + 4 * version;
    const empty = () => Array.from({ length: this.size }, () => new Array<boolean>(this.size).fill(false));
    this.dark = empty();
    this.fixed = empty();
  }
  set(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.dark[y]![x] = dark;
    this.fixed[y]![x] = true;
  }
}

/** Squares around a middle: dark where their distance is in `rings`. */
function square(c: Canvas, cx: number, cy: number, radius: number, rings: readonly number[]): void {
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) c.set(cx + dx, cy + dy, rings.includes(Math.max(Math.abs(dx), Math.abs(dy))));
  }
}

function alignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => size - 7 - (count - 2 - i) * step)];
}

function drawPatterns(c: Canvas): void {
  for (let i = 0; i < c.size; i++) {
    c.set(6, i, i % 2 === 0);
    c.set(i, 6, i % 2 === 0);
  }
  const far = c.size - 4;
  for (const [x, y] of [[3, 3], [far, 3], [3, far]] as const) square(c, x, y, 4, [0, 1, 3]);
  const places = alignments(c.version, c.size);
  const last = places.length - 1;
  places.forEach((x, i) =>
    places.forEach((y, j) => {
      const corner = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
      if (!corner) square(c, x, y, 2, [0, 2]);
    }),
  );
}

/** Remainder of `value` with a generator polynomial, `degree` bits. */
function remainder(value: number, degree: number, generator: number): number {
  let rest = value;
  for (let i = 0; i < degree; i++) rest = (rest << 1) ^ ((rest >> (degree - 1)) * generator);
  return rest;
}

/** Level M and the mask, fifteen bits, at both places. */
export function formatBits(mask: number): number {
  // Level M is 00.
  return ((mask << 10) | remainder(mask, 10, 0x537)) ^ 0x5412;
}

function drawFormat(c: Canvas, mask: number): void {
  const bits = formatBits(mask);
  const bit = (i: number) => ((bits >> i) & 1) === 1;
  for (let i = 0; i <= 5; i++) c.set(8, i, bit(i));
  c.set(8, 7, bit(6));
  c.set(8, 8, bit(7));
  c.set(7, 8, bit(8));
  for (let i = 9; i < 15; i++) c.set(14 - i, 8, bit(i));
  for (let i = 0; i < 8; i++) c.set(c.size - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i++) c.set(8, c.size - 15 + i, bit(i));
  c.set(8, c.size - 8, true);
}

function drawVersion(c: Canvas): void {
  if (c.version < 7) return;
  const bits = (c.version << 12) | remainder(c.version, 12, 0x1f25);
  for (let i = 0; i < 18; i++) {
    const dark = ((bits >> i) & 1) === 1;
    const a = c.size - 11 + (i % 3);
    const b = Math.floor(i / 3);
    c.set(a, b, dark);
    c.set(b, a, dark);
  }
}

/** Two columns at a time from the right, up and down in turns, past the upright timing pattern. */
function drawData(c: Canvas, words: readonly number[]): void {
  let i = 0;
  for (let right = c.size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < c.size; step++) {
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? c.size - 1 - step : step;
        if (c.fixed[y]![x] || i >= words.length * 8) continue;
        c.dark[y]![x] = ((words[i >> 3]! >> (7 - (i & 7))) & 1) === 1;
        i++;
      }
    }
  }
}

function masked(c: Canvas, mask: number): Canvas {
  const out = new Canvas(c.version);
  for (let y = 0; y < c.size; y++) {
    for (let x = 0; x < c.size; x++) {
      out.dark[y]![x] = c.dark[y]![x]! !== (!c.fixed[y]![x] && MASKS[mask]!(x, y));
      out.fixed[y]![x] = c.fixed[y]![x]!;
    }
  }
  drawFormat(out, mask);
  return out;
}

/** How hard a code is to read: runs, blocks, false finders, and too much of one colour. */
function penalty(c: Canvas): number {
  const { size, dark } = c;
  let sum = 0;
  const lines = [...dark, ...Array.from({ length: size }, (_, x) => dark.map((row) => row[x]!))];
  for (const line of lines) {
    const text = line.map((d) => (d ? '1' : '0')).join('');
    for (const run of text.match(/1{5,}|0{5,}/g) ?? []) sum += run.length - 2;
    const padded = `0000${text}0000`;
    for (let at = padded.indexOf('1011101'); at >= 0; at = padded.indexOf('1011101', at + 1)) {
      if (padded.slice(Math.max(0, at - 4), at) === '0000' || padded.slice(at + 7, at + 11) === '0000') sum += 40;
    }
  }
  for (let y = 1; y < size; y++) {
    for (let x = 1; x < size; x++) {
      const d = dark[y]![x];
      if (dark[y - 1]![x] === d && dark[y]![x - 1] === d && dark[y - 1]![x - 1] === d) sum += 3;
    }
  }
  const share = dark.flat().filter(Boolean).length / (size * size);
  return sum + Math.floor(Math.abs(share - 0.5) * 20) * 10;
}

/** The code of a text; null when it is longer than a code of version 20 holds. */
export function makeQr(text: string): Matrix | null {
  const octets = new TextEncoder().encode(text);
  const version = versionFor(octets.length);
  if (version === 0) return null;
  const blank = new Canvas(version);
  drawPatterns(blank);
  drawFormat(blank, 0);
  drawVersion(blank);
  drawData(blank, codewords(octets, version));
  const all = MASKS.map((_, mask) => masked(blank, mask));
  const points = all.map(penalty);
  return all[points.indexOf(Math.min(...points))]!.dark;
}

/** One path of all dark modules, a unit each, with the four units of quiet around them that readers need. */
export function qrPath(matrix: Matrix, quiet = 4): string {
  let path = '';
  matrix.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      let end = x;
      while (row[end]) end++;
      path += `M${x + quiet} ${y + quiet}h${end - x}v1h${x - end}z`;
      x = end;
    }
  });
  return path;
}
