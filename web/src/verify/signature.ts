// Detached signatures, checked with the browser's WebCrypto. DSA is not in it: then the openssl command is told instead.
import { fromBase64, fromUtf8, hex, join, Malformed, sha256 } from './octets';

export type KeyKind = 'p256' | 'p384' | 'ed25519' | 'rsa' | 'dsa';
export interface PublicKey {
  kind: KeyKind;
  /** DER SubjectPublicKeyInfo. */
  der: Uint8Array<ArrayBuffer>;
  /** SHA-256 of it, hexadecimal. */
  fingerprint: string;
}

// AlgorithmIdentifiers of RFC 3279, 5480, 8410, without their tags: OID, and for curves the OID of the curve.
const OIDS: Record<string, KeyKind> = {
  '2a864886f70d010101': 'rsa',
  '2a8648ce380401': 'dsa',
  '2b6570': 'ed25519',
  '2a8648ce3d0201/2a8648ce3d030107': 'p256',
  '2a8648ce3d0201/2b81040022': 'p384',
};

/** The element at `at`: its tag, its content, and where the next begins. Definite lengths of at most three octets. */
function element(der: Uint8Array, at: number): { tag: number; content: Uint8Array; end: number } {
  const tag = der[at];
  let length = der[at + 1];
  if (tag === undefined || length === undefined) throw new Malformed('der');
  let from = at + 2;
  if (length >= 0x80) {
    const count = length - 0x80;
    if (count < 1 || count > 3 || from + count > der.length) throw new Malformed('der');
    length = der.subarray(from, from + count).reduce((n, octet) => n * 256 + octet, 0);
    from += count;
  }
  if (from + length > der.length) throw new Malformed('der');
  return { tag, content: der.subarray(from, from + length), end: from + length };
}

function kindOf(der: Uint8Array): KeyKind {
  const whole = element(der, 0);
  const algorithm = element(whole.content, 0);
  const oid = element(algorithm.content, 0);
  if (whole.tag !== 0x30 || whole.end !== der.length || algorithm.tag !== 0x30 || oid.tag !== 6) throw new Malformed('pem');
  const rest = oid.end < algorithm.content.length ? element(algorithm.content, oid.end) : null;
  const name = hex(oid.content);
  const kind = OIDS[rest?.tag === 6 ? `${name}/${hex(rest.content)}` : name];
  if (!kind) throw new Malformed('pem');
  return kind;
}

export async function parsePublicKey(pem: Uint8Array): Promise<PublicKey> {
  const text = pem.length <= 65536 ? fromUtf8(pem) : null;
  const found = /^-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----\s*$/.exec(text ?? '');
  const der = found ? fromBase64(found[1]!.replace(/[\r\n]/g, '')) : null;
  if (!der) throw new Malformed('pem');
  return { kind: kindOf(der), der, fingerprint: hex(await sha256(der)) };
}

/** An ECDSA signature as openssl writes it (SEQUENCE of two INTEGERs) → r and s of `size` octets each; null when it is none. */
export function rawEcdsa(signature: Uint8Array, size: number): Uint8Array<ArrayBuffer> | null {
  try {
    const whole = element(signature, 0);
    if (whole.tag !== 0x30 || whole.end !== signature.length) return null;
    const r = element(whole.content, 0);
    const s = element(whole.content, r.end);
    if (r.tag !== 2 || s.tag !== 2 || s.end !== whole.content.length) return null;
    const numbers = [r, s].map(({ content }) => {
      const stripped = content[0] === 0 && content.length > 1 ? content.subarray(1) : content;
      // Negative, longer than the curve, or with zeros in front: no number that openssl would have written.
      if (stripped.length === 0 || stripped.length > size || content[0]! >= 0x80 || (content[0] === 0 && content.length > 1 && content[1]! < 0x80)) return null;
      return join(new Uint8Array(size - stripped.length), stripped);
    });
    return numbers[0] && numbers[1] ? join(numbers[0], numbers[1]) : null;
  } catch {
    return null;
  }
}

/** Throws what WebCrypto throws when the browser lacks an algorithm. null: this kind cannot be checked in any browser. */
export async function verifySignature(key: PublicKey, signature: Uint8Array, message: Uint8Array): Promise<boolean | null> {
  if (key.kind === 'dsa') return null;
  const curve = { p256: ['P-256', 'SHA-256', 32], p384: ['P-384', 'SHA-384', 48] }[key.kind as string] as [string, string, number] | undefined;
  const algorithm = curve
    ? { name: 'ECDSA', namedCurve: curve[0], hash: curve[1] }
    : key.kind === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'Ed25519' };
  const imported = await crypto.subtle.importKey('spki', key.der, algorithm, false, ['verify']);
  const octets = curve ? rawEcdsa(signature, curve[2]) : (signature as Uint8Array<ArrayBuffer>);
  return octets !== null && crypto.subtle.verify(algorithm, imported, octets, message as Uint8Array<ArrayBuffer>);
}

/** What checks the same on a command line. */
export function opensslCommand(kind: KeyKind, signer: string): string {
  const [key, signature] = [`${signer}.pem`, `message.${signer}.sig`];
  if (kind === 'ed25519') return `openssl pkeyutl -verify -pubin -inkey ${key} -rawin -in message.eml -sigfile ${signature}`;
  return `openssl dgst ${kind === 'p384' ? '-sha384' : '-sha256'} -verify ${key} -signature ${signature} message.eml`;
}
