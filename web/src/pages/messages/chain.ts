// What a verification found, told by the five links that a seal hangs on.
import type { Finding, Verification } from '$lib/api/types';
import { LINKS, type Link } from '$lib/seal/geometry';

export type LinkState = 'ok' | 'bad' | 'note' | 'unknown';
export interface LinkReport {
  link: Link;
  state: LinkState;
  texts: string[];
}

const LINK_OF: Record<Finding['check'], Link> = {
  record: 'content', catalogue: 'content', signature: 'signature', row: 'leaf', leaf: 'leaf', order: 'tree', log: 'tree', checkpoint: 'checkpoint',
};
const RANK: LinkState[] = ['unknown', 'note', 'ok', 'bad'];

export function chainOf(verification: Verification | undefined): LinkReport[] {
  const findings = verification?.findings ?? [];
  const chain = LINKS.map((link): LinkReport => {
    const mine = findings.filter((f) => LINK_OF[f.check] === link);
    const state = mine.reduce<LinkState>((worst, f) => (RANK.indexOf(f.state) > RANK.indexOf(worst) ? f.state : worst), 'unknown');
    // One signature that holds says nothing of another that could not be checked.
    if (link === 'signature' && verification?.state === 'unchecked') return { link, state: 'unknown', texts: [] };
    return { link, state: verification?.broken === link ? 'bad' : state, texts: mine.map((f) => f.text) };
  });
  // A leaf is looked for under a checkpoint whose signature was checked: where that holds, nothing more is said of the checkpoint.
  const [tree, checkpoint] = [chain[3]!, chain[4]!];
  if (tree.state === 'ok' && checkpoint.state === 'unknown') checkpoint.state = 'ok';
  return chain;
}

/** Why signatures could not be checked: nothing is wrong with the message, something is missing here. */
export function uncheckableOf(verification: Verification | undefined): string[] {
  if (verification?.state !== 'unchecked') return [];
  return verification.findings.filter((f) => f.check === 'signature' && f.state === 'note').map((f) => f.text);
}
