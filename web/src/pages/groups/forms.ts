import type { Signer } from '$lib/api/types';
import { quote } from '$lib/format';
import { t } from '$lib/i18n';

export type SignerType = 'p256' | 'p384' | 'ed25519' | 'rsa' | 'dsa';
export const TYPES = Object.entries(t.archiving.signers.types).map(([value, label]) => ({ value, label }));
/** Sizes of keys that are offered, for kinds that have a choice. */
export const BITS: Partial<Record<SignerType, number[]>> = { rsa: [2048, 3072, 4096], dsa: [2048, 3072] };

export const nameProblem = (name: string): string => (name === '' || /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(name) ? '' : t.archiving.signers.idWrong);

/** An address, a domain, or either with * and ?; the program decides. */
export const patternProblem = (pattern: string): string => (pattern === '' || /^[^\s,;<>()"]{1,320}$/.test(pattern) ? '' : t.archiving.groups.patternWrong);

export const patterns = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);

export const signerOptions = (signers: readonly Signer[]) => [
  { value: '', label: t.archiving.groups.noSigner },
  ...signers.filter((one) => !one.retired).map((one) => ({ value: one.id, label: `${one.id} (${one.algorithm})` })),
];

export const typeFlags = (type: SignerType, bits: number | undefined): string => ` --type ${type}${bits ? ` --bits ${bits}` : ''}`;

export const groupCommand = (name: string, members: readonly string[], signer: string, archiving: boolean): string =>
  `bulla group add ${quote(name)}${members.map((one) => ` --member ${quote(one)}`).join('')}${signer ? ` --archival-signer ${quote(signer)}` : ''}${archiving ? '' : ' --archiving off'}`;

const NAMES: Record<string, string> = { p256: 'ECDSA P-256', p384: 'ECDSA P-384', ed25519: 'Ed25519', rsa: 'RSA', dsa: 'DSA' };
/** "RSA, 3072 bits"; the size of a curve says itself. */
export function kindOf({ algorithm, bits }: Pick<Signer, 'algorithm' | 'bits'>): string {
  const name = NAMES[algorithm] ?? algorithm;
  return algorithm === 'rsa' || algorithm === 'dsa' ? `${name}, ${t.domains.page.bits(bits)}` : name;
}
