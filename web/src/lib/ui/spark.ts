/** Points in a box of 1000 × 100; `top` is the value at the upper edge. */
function points(values: readonly number[], top: number): string[] {
  const last = Math.max(1, values.length - 1);
  return values.map((v, i) => `${Math.round((i / last) * 1000)} ${Math.round(98 - (v / top) * 94)}`);
}

export const linePath = (values: readonly number[], top: number): string => (values.length ? 'M' + points(values, top).join('L') : '');

export const areaPath = (values: readonly number[], top: number): string =>
  values.length ? `M0 100L${points(values, top).join('L')}L1000 100Z` : '';
