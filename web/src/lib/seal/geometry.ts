import { channelsOf, type Channels, type Field, type Rim } from './channels';
import { CHARGE_PATHS } from './charges';
import { at, circle, num, place, polar, polygon, sector, strip, type Point } from './path';

const TAU = 2 * Math.PI;

/** `small` is what a list shows (up to 40 px): no band, a larger charge. `large` has the band of guilloche and pearls. */
export type Cut = 'small' | 'large';

/** The links of the chain that a verification checks, in the order of the clock: a crack stands at 0°, 72°, 144°, 216° or 288°. */
export const LINKS = ['content', 'signature', 'leaf', 'tree', 'checkpoint'] as const;
export type Link = (typeof LINKS)[number];

/** Paths in a square of 100 units. */
export interface SealPaths {
  channels: Channels;
  rim: string;
  field: string;
  fieldRadius: number;
  roundel: string;
  charge: string;
  fillets: { radius: number; width: number }[];
  /** Large cut only; the contour is the rim again, nearer to the middle (CONTOUR). */
  guilloche: string[];
  pearls: string;
  points: string;
}

/** The contour of a large seal: its rim, scaled by this around the middle. */
export const CONTOUR = 0.955;

function regular(n: number, radius: number, turn: number): Point[] {
  return Array.from({ length: n }, (_, i) => polar(turn + (TAU * i) / n, radius));
}

function roundedSquare(half: number, corner: number, turn: number): string {
  const spin = ([x, y]: Point): Point => [
    50 + x * Math.cos(turn) - y * Math.sin(turn),
    50 + x * Math.sin(turn) + y * Math.cos(turn),
  ];
  const c = half - corner;
  const corners: [Point, Point, Point][] = [
    [[c, -half], [half, -half], [half, -c]],
    [[half, c], [half, half], [c, half]],
    [[-c, half], [-half, half], [-half, c]],
    [[-half, -c], [-half, -half], [-c, -half]],
  ];
  const sides = corners.map(([a, b, d]) => `${at(spin(a))}Q${at(spin(b))} ${at(spin(d))}`);
  return 'M' + sides.join('L') + 'Z';
}

/** Arcs between n points on a circle: bulging outwards (scalloped) or inwards (engrailed). */
function arcs(n: number, radius: number, outwards: boolean, bend: number): string {
  const points = regular(n, radius, Math.PI / n);
  const chord = 2 * radius * Math.sin(Math.PI / n);
  const r = num((chord / 2) * bend);
  const sweep = outwards ? 1 : 0;
  const steps = [...points.slice(1), points[0]!].map((p) => `A${r} ${r} 0 0 ${sweep} ${at(p)}`);
  return `M${at(points[0]!)}${steps.join('')}Z`;
}

function teeth(n: number, outer: number, inner: number): string {
  return polygon(Array.from({ length: 2 * n }, (_, i) => polar((Math.PI * i) / n, i % 2 === 0 ? outer : inner)));
}

export function rimPath(rim: Rim): string {
  switch (rim) {
    case 'round': return circle(47);
    case 'hexagon': return polygon(regular(6, 49, Math.PI / 6));
    case 'hexagon-upright': return polygon(regular(6, 49, 0));
    case 'octagon': return polygon(regular(8, 49, Math.PI / 8));
    case 'square': return roundedSquare(42, 9, 0);
    case 'lozenge': return roundedSquare(38, 12, Math.PI / 4);
    case 'scallop-6': return arcs(6, 42, true, 1.15);
    case 'scallop-8': return arcs(8, 40.5, true, 1.05);
    case 'scallop-12': return arcs(12, 39.5, true, 1);
    case 'engrailed-6': return arcs(6, 49.5, false, 2.2);
    case 'engrailed-8': return arcs(8, 49.5, false, 1.45);
    case 'engrailed-12': return arcs(12, 49.5, false, 1.1);
    case 'indented-8': return teeth(8, 49.5, 40);
    case 'indented-12': return teeth(12, 49.5, 41);
    case 'indented-20': return teeth(20, 49, 43);
    case 'pentagon': return polygon(regular(5, 49.5, 0));
  }
}

/** Where the second tone lies. */
export function fieldPath(field: Field, r: number): string {
  const slices = (n: number) =>
    Array.from({ length: n }, (_, i) => sector((TAU * 2 * i) / (2 * n), (TAU * (2 * i + 1)) / (2 * n), r)).join('');
  const bars = (angle: number) => [-2, 0, 2].map((k) => strip(((k - 0.5) * r) / 2.5, ((k + 0.5) * r) / 2.5, angle, r)).join('');
  switch (field) {
    case 'plain': return '';
    case 'pale': return strip(0, r, TAU / 4, r);
    case 'fess': return strip(0, r, TAU / 2, r);
    case 'bend': return strip(0, r, (3 * TAU) / 8, r);
    case 'bend-sinister': return strip(0, r, TAU / 8, r);
    case 'quarterly': return slices(2);
    case 'saltire': return sector(TAU / 8, (3 * TAU) / 8, r) + sector((5 * TAU) / 8, (7 * TAU) / 8, r);
    case 'gyronny': return slices(4);
    case 'paly': return bars(TAU / 4);
    case 'barry': return bars(0);
    case 'bendy': return bars((3 * TAU) / 8);
    case 'bendy-sinister': return bars(TAU / 8);
    case 'chief': return strip(r * 0.3, r, 0, r);
    case 'pile': {
      const p = (a: number) => at(polar(a, r));
      return `M${p(-TAU / 6)}A${r} ${r} 0 0 1 ${p(TAU / 6)}L${p(TAU / 2)}Z`;
    }
    case 'tierced': return slices(3);
    case 'bordure': return circle(r) + circle(r * 0.72);
  }
}

function guilloche(c: Channels, radius: number, height: number): string[] {
  const steps = c.waves * 12;
  const strand = (s: number) => {
    const points = Array.from({ length: steps }, (_, i): Point => {
      const a = (TAU * i) / steps;
      const swell = c.swell === 0 ? 1 : 0.6 + 0.4 * Math.cos(c.swell * 2 * a + (TAU * c.phase) / 16);
      return polar(a, radius + height * swell * Math.sin(c.waves * a + (TAU * s) / c.strands));
    });
    return polygon(points);
  };
  return Array.from({ length: c.strands }, (_, s) => strand(s));
}

function ringOfPearls(c: Channels, pearl: boolean, ring: number, radius: number): string {
  return c.pearls.map((is, i) => (is === pearl ? circle(radius, polar((TAU * i) / 12, ring)) : '')).join('');
}

function draw(hash: Uint8Array, cut: Cut): SealPaths {
  const c = channelsOf(hash);
  const large = cut === 'large';
  const r = large ? 24 : 35;
  const widths = { none: [], thin: [1], thick: [2.6], double: [1, 1] }[c.fillet];
  const unit = large ? 0.8 : 1;
  return {
    channels: c,
    rim: rimPath(c.rim),
    field: fieldPath(c.field, r),
    fieldRadius: r,
    roundel: c.roundel ? circle(r * 0.7) : '',
    charge: place(CHARGE_PATHS[c.charge], (r * (c.roundel ? 0.46 : 0.6)) / 12),
    fillets: widths.map((width, i) => ({ radius: r - (0.5 + 2.4 * i) * unit, width: width * unit })),
    guilloche: large ? guilloche(c, 28.4, 3) : [],
    pearls: large ? ringOfPearls(c, true, 33.6, 1.3) : '',
    points: large ? ringOfPearls(c, false, 33.6, 0.5) : '',
  };
}

const drawn = new Map<string, SealPaths>();
const REMEMBERED = 600;

/** The seal of a leaf hash; the most recent ones are kept, since a list draws the same ones again while it scrolls. */
export function sealPaths(hash: Uint8Array, cut: Cut): SealPaths {
  const key = cut + hash.join();
  const known = drawn.get(key);
  if (known) return known;
  if (drawn.size >= REMEMBERED) drawn.delete(drawn.keys().next().value!);
  const paths = draw(hash, cut);
  drawn.set(key, paths);
  return paths;
}

/** A jagged wedge, open at the rim on the side of `link`, that runs past the middle. */
export function crackPath(link: Link): string {
  const a = (TAU * LINKS.indexOf(link)) / LINKS.length;
  const turn = ([x, y]: Point): Point => [
    50 + x * Math.cos(a) - y * Math.sin(a),
    50 + x * Math.sin(a) + y * Math.cos(a),
  ];
  const left: Point[] = [[-10, -52], [-3, -38], [-8, -27], [-1.5, -14], [-5, -3], [1.5, 9], [-1, 20], [4, 33]];
  const right: Point[] = [[3, 18], [5.5, 8], [0, -4], [5, -15], [0.5, -28], [7, -39], [4, -52]];
  return polygon([...left, ...right].map(turn));
}
