import { t } from '$lib/i18n';
import { channelsOf } from './channels';
import type { Link } from './geometry';
import type { SealState } from './svg';

/** The figures of a seal in words: what two people read to each other on the telephone. */
export function figures(hash: Uint8Array): string {
  const c = channelsOf(hash);
  const s = t.seal;
  return [
    c.roundel ? s.onRoundel(s.charges[c.charge]) : s.charges[c.charge],
    s.fields[c.field],
    s.rims[c.rim],
    s.pearls(c.pearls.filter(Boolean).length),
  ].join(', ');
}

/** State and figures: the text of a seal for those who do not see it. */
export function blazon(hash: Uint8Array, state: SealState, link: Link): string {
  const said = state === 'cracked' ? t.seal.cracked(t.seal.links[link]) : state === 'whole' ? t.seal.whole : t.seal.blank;
  return `${said}: ${figures(hash)}`;
}
