// Which octets of a leaf hash decide what of the seal is drawn: docs/formats/seal.md.

export const CHARGES = [
  'cross', 'saltire', 'star', 'sun', 'crescent', 'tower', 'key', 'bell',
  'lozenge', 'ring', 'quatrefoil', 'lily', 'arrowhead', 'crown', 'anchor', 'heart',
] as const;

export const FIELDS = [
  'plain', 'pale', 'fess', 'bend', 'bend-sinister', 'quarterly', 'saltire', 'gyronny',
  'paly', 'barry', 'bendy', 'bendy-sinister', 'chief', 'pile', 'tierced', 'bordure',
] as const;

export const RIMS = [
  'round', 'hexagon', 'hexagon-upright', 'octagon', 'square', 'lozenge', 'scallop-6', 'scallop-8',
  'scallop-12', 'engrailed-6', 'engrailed-8', 'engrailed-12', 'indented-8', 'indented-12', 'indented-20', 'pentagon',
] as const;

export const FILLETS = ['none', 'thin', 'thick', 'double'] as const;

export type Charge = (typeof CHARGES)[number];
export type Field = (typeof FIELDS)[number];
export type Rim = (typeof RIMS)[number];
export type Fillet = (typeof FILLETS)[number];

export interface Channels {
  charge: Charge;
  field: Field;
  rim: Rim;
  /** The charge stands dark on a light disc instead of light on the wax. */
  roundel: boolean;
  /** The two tones of the field change places. */
  counterchanged: boolean;
  fillet: Fillet;
  /** Twelve places, from twelve o'clock on: a pearl, or a point. */
  pearls: boolean[];
  strands: number;
  swell: number;
  waves: number;
  phase: number;
  /** Sixteen hexadecimal digits in groups of four, written below a large seal. */
  inscription: string;
}

/** 64 hexadecimal digits → 32 octets; null for anything else. */
export function parseLeafHash(text: string | null | undefined): Uint8Array | null {
  if (!text || !/^[0-9a-f]{64}$/i.test(text)) return null;
  return Uint8Array.from({ length: 32 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

export function channelsOf(hash: Uint8Array): Channels {
  if (hash.length !== 32) throw new RangeError('a leaf hash has 32 octets');
  const octet = (i: number) => hash[i]!;
  const mask = octet(2) | ((octet(3) & 0x0f) << 8);
  const hex = Array.from(hash.slice(24), (b) => b.toString(16).padStart(2, '0')).join('');
  return {
    charge: CHARGES[octet(0) & 0x0f]!,
    field: FIELDS[octet(0) >> 4]!,
    rim: RIMS[octet(1) & 0x0f]!,
    roundel: (octet(1) & 0x10) !== 0,
    counterchanged: (octet(1) & 0x20) !== 0,
    fillet: FILLETS[octet(1) >> 6]!,
    pearls: Array.from({ length: 12 }, (_, i) => ((mask >> i) & 1) === 1),
    strands: 2 + ((octet(3) >> 4) & 0x03),
    swell: octet(3) >> 6,
    waves: 12 + (octet(4) & 0x0f),
    phase: octet(4) >> 4,
    inscription: hex.match(/.{4}/g)!.join(' '),
  };
}
