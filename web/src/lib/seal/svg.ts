import { CONTOUR, crackPath, sealPaths, type Cut, type Link } from './geometry';
import { num } from './path';

export type SealState = 'whole' | 'cracked' | 'blank';

/** Colours of a seal outside the console; inside, the style sheet decides. */
export const INKS = {
  whole: { wax: '#26705a', deep: '#154336', light: '#f4f8f5' },
  cracked: { wax: '#b03a24', deep: '#742113', light: '#faf3f1' },
} as const;

/** A seal as a file of its own: what the evidence report shows, and what the test vectors of docs/formats/seal.md are made from. */
export function sealSvg(hash: Uint8Array, cut: Cut, state: SealState, link: Link = 'content'): string {
  const s = sealPaths(hash, cut);
  const open = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">';
  if (state === 'blank') {
    const line = 'fill="none" stroke="#767e81" stroke-width="2"';
    return `${open}<path ${line} d="${s.rim}"/><path fill="#767e81" fill-rule="evenodd" d="${s.charge}"/></svg>`;
  }
  const ink = INKS[state];
  const [first, second] = s.channels.counterchanged ? [ink.deep, ink.wax] : [ink.wax, ink.deep];
  const parts = [`<path fill="${ink.wax}" d="${s.rim}"/>`];
  if (cut === 'large') {
    const shift = num(50 - 50 * CONTOUR);
    const matrix = `matrix(${CONTOUR} 0 0 ${CONTOUR} ${shift} ${shift})`;
    parts.push(`<path fill="none" stroke="${ink.light}" stroke-opacity="0.45" stroke-width="0.5" transform="${matrix}" d="${s.rim}"/>`);
  }
  parts.push(`<circle cx="50" cy="50" r="${num(s.fieldRadius)}" fill="${first}"/>`);
  if (s.field) parts.push(`<path fill="${second}" fill-rule="evenodd" d="${s.field}"/>`);
  for (const f of s.fillets) {
    parts.push(`<circle cx="50" cy="50" r="${num(f.radius)}" fill="none" stroke="${ink.light}" stroke-width="${num(f.width)}"/>`);
  }
  if (s.roundel) parts.push(`<path fill="${ink.light}" d="${s.roundel}"/>`);
  parts.push(`<path fill="${s.roundel ? ink.deep : ink.light}" fill-rule="evenodd" d="${s.charge}"/>`);
  for (const strand of s.guilloche) parts.push(`<path fill="none" stroke="${ink.light}" stroke-width="0.35" d="${strand}"/>`);
  if (s.pearls) parts.push(`<path fill="${ink.light}" d="${s.pearls}"/>`);
  if (s.points) parts.push(`<path fill="${ink.light}" d="${s.points}"/>`);
  if (state === 'cracked') parts.push(`<path fill="#ffffff" d="${crackPath(link)}"/>`);
  return `${open}${parts.join('')}</svg>`;
}
