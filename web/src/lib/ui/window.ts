/** Rows beyond the visible part that exist nevertheless, on each side. */
export const OVERSCAN = 12;

/** The most rows that windowOf() ever names. */
export const capacityOf = (view: number, row: number): number => Math.ceil(view / row) + 2 * OVERSCAN + 2;

/**
 * Which rows of a list exist: `top` is how far the list has been scrolled past the upper edge of the view (may be negative), `view` the height
 * of the view, `row` that of a row, all in pixels.
 */
export function windowOf(top: number, view: number, row: number, count: number): { first: number; last: number } {
  const first = Math.floor(top / row) - OVERSCAN;
  const last = Math.ceil((top + view) / row) + OVERSCAN;
  return { first: Math.max(0, Math.min(first, count)), last: Math.max(0, Math.min(last, count)) };
}
