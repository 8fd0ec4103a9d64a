// Octets and their spellings. Everything that is read here may come from anybody: what is malformed is an error, never a guess.

/** Why something is not what it should be; the text is for people. */
export class Malformed extends Error {}

export const hex = (octets: Uint8Array): string => Array.from(octets, (o) => o.toString(16).padStart(2, '0')).join('');

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Base64 with its padding and nothing else (RFC 4648 4); null when it is not. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const octets = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  // One spelling alone is taken: the bits beyond the last octet are zero.
  return toBase64(octets) === text ? octets : null;
}

export const toBase64 = (octets: Uint8Array): string => btoa(Array.from(octets, (o) => String.fromCharCode(o)).join(''));

/** UTF-8 as it stands; null when the octets are no UTF-8. */
export function fromUtf8(octets: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return null;
  }
}

export const toUtf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(new TextEncoder().encode(text));

export const sha256 = async (octets: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', octets as Uint8Array<ArrayBuffer>));

/** A number as the log writes it: decimal, without leading zeros, at most 2^62; null otherwise. */
export function wholeNumber(text: string): bigint | null {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text)) return null;
  const n = BigInt(text);
  return n <= 1n << 62n ? n : null;
}
