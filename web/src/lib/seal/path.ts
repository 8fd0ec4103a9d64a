// Paths as texts with one spelling, so that two programs draw the same seal: coordinates have at most two decimals.

export type Point = readonly [x: number, y: number];

/** At most two decimals, no trailing zeros, no negative zero. */
export function num(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return String(rounded === 0 ? 0 : rounded);
}

export const at = (p: Point): string => `${num(p[0])} ${num(p[1])}`;

/** The point at `angle` (radians, clockwise from twelve o'clock) and `radius` around (50, 50). */
export function polar(angle: number, radius: number): Point {
  return [50 + radius * Math.sin(angle), 50 - radius * Math.cos(angle)];
}

export const polygon = (points: readonly Point[]): string => 'M' + points.map(at).join('L') + 'Z';

/** A whole circle around (50, 50). */
export function circle(radius: number, centre: Point = [50, 50]): string {
  const r = num(radius);
  const top = at([centre[0], centre[1] - radius]);
  const bottom = at([centre[0], centre[1] + radius]);
  return `M${top}A${r} ${r} 0 0 1 ${bottom}A${r} ${r} 0 0 1 ${top}Z`;
}

/** A slice of the disc, clockwise from `from` to `to` (radians, less than a full turn). */
export function sector(from: number, to: number, radius: number): string {
  const large = to - from > Math.PI ? 1 : 0;
  return `M50 50L${at(polar(from, radius))}A${num(radius)} ${num(radius)} 0 ${large} 1 ${at(polar(to, radius))}Z`;
}

/**
 * What of the disc lies between two parallel lines: `from` and `to` are signed distances from the centre, measured in the direction `angle`
 * (clockwise from twelve o'clock).
 */
export function strip(from: number, to: number, angle: number, radius: number): string {
  const r = num(radius);
  const clamp = (d: number) => Math.max(-radius, Math.min(radius, d));
  const [a, b] = [clamp(from), clamp(to)];
  const [wa, wb] = [Math.acos(a / radius), Math.acos(b / radius)];
  const corner = (w: number, side: number) => at(polar(angle + side * w, radius));
  return `M${corner(wa, -1)}A${r} ${r} 0 0 1 ${corner(wb, -1)}L${corner(wb, 1)}A${r} ${r} 0 0 1 ${corner(wa, 1)}Z`;
}

/** A path of M, L, C, Q and Z with absolute coordinates, scaled and moved to (50, 50). */
export function place(path: string, scale: number): string {
  const parts = path.match(/[MLCQZ]|-?\d+(?:\.\d+)?/g) ?? [];
  let out = '';
  let needSpace = false;
  for (const part of parts) {
    if (/[MLCQZ]/.test(part)) {
      out += part;
      needSpace = false;
    } else {
      out += (needSpace ? ' ' : '') + num(50 + Number(part) * scale);
      needSpace = true;
    }
  }
  return out;
}
