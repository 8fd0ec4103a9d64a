// The log from outside: entry, proof file, signed note, checkpoint, inclusion (docs/formats/log.md; C2SP signed-note, tlog-checkpoint, tlog-proof).
import { equal, fromBase64, fromUtf8, join, Malformed, sha256, toUtf8, wholeNumber } from './octets';

export interface Signed {
  signer: string;
  /** SHA-256 of the public key (DER SubjectPublicKeyInfo), hexadecimal. */
  fingerprint: string;
}
export interface Entry {
  id: string;
  time: string;
  size: bigint;
  commitment: string;
  signers: Signed[];
}
export interface Proof {
  entry: Uint8Array;
  index: bigint;
  path: Uint8Array[];
  /** The signed note. */
  checkpoint: Uint8Array;
}
export interface Checkpoint {
  origin: string;
  size: bigint;
  root: Uint8Array;
}
export interface LogKey {
  name: string;
  id: number;
  key: Uint8Array;
}
interface Note {
  text: string;
  signatures: { name: string; id: number; signature: Uint8Array }[];
}

const MOST_SIGNERS = 64;
const MOST_HASHES = 63;
const MOST_SIGNATURES = 100;
const ED25519 = 1;

const id32 = (octets: Uint8Array): number => new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0);

/** `\\` and `\xNN` of a value; null for every other use of the backslash. */
function unescape(value: string): string | null {
  if (/\\(?!\\|x[0-9a-f]{2})/.test(value.replaceAll('\\\\', ''))) return null;
  return value.replace(/\\\\|\\x([0-9a-f]{2})/g, (_, code: string | undefined) => (code ? String.fromCharCode(parseInt(code, 16)) : '\\'));
}

export function parseEntry(octets: Uint8Array): Entry {
  const text = octets.length <= 65536 ? fromUtf8(octets) : null;
  if (!text?.endsWith('\n')) throw new Malformed('entry');
  const lines = text.slice(0, -1).split('\n');
  if (lines.shift() !== 'bulla/message/v1') throw new Malformed('entry');
  const take = (name: string, pattern: RegExp): string => {
    const line = lines.shift() ?? '';
    const value = line.slice(name.length + 1);
    if (!line.startsWith(`${name} `) || !pattern.test(value)) throw new Malformed('entry');
    return value;
  };
  const id = take('id', /^[0-9A-HJKMNP-TV-Z]{13}$/);
  const time = take('time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const size = wholeNumber(take('size', /^\d+$/));
  const commitment = take('commitment', /^[0-9a-f]{64}$/);
  if (size === null || lines.length > MOST_SIGNERS) throw new Malformed('entry');
  const signers = lines.map((line) => {
    const found = /^signer (.+) ([0-9a-f]{64})$/.exec(line);
    const signer = found ? unescape(found[1]!) : null;
    if (!found || signer === null) throw new Malformed('entry');
    return { signer, fingerprint: found[2]! };
  });
  return { id, time, size, commitment, signers };
}

export function parseProof(octets: Uint8Array): Proof {
  const text = octets.length <= 256 * 1024 ? fromUtf8(octets) : null;
  const lines = text?.split('\n') ?? [];
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new Malformed('proof');
  const entry = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()!.slice(6)) : null;
  const number = lines.shift() ?? '';
  const index = number.startsWith('index ') ? wholeNumber(number.slice(6)) : null;
  const end = lines.indexOf('');
  if (!entry || entry.length === 0 || index === null || end < 0 || end > MOST_HASHES) throw new Malformed('proof');
  const path = lines.slice(0, end).map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== 32) throw new Malformed('proof');
    return hash;
  });
  return { entry, index, path, checkpoint: toUtf8(lines.slice(end + 1).join('\n')) };
}

function parseNote(octets: Uint8Array): Note {
  const text = octets.length <= 65536 ? fromUtf8(octets) : null;
  // C2SP signed-note: "MUST NOT contain any ASCII control characters (those below U+0020) other than newline."
  if (text === null || /[\u0000-\u0009\u000b-\u001f]/.test(text)) throw new Malformed('note');
  const blank = text.lastIndexOf('\n\n');
  const lines = blank < 0 ? [] : text.slice(blank + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > MOST_SIGNATURES) throw new Malformed('note');
  const signatures = lines.map((line) => {
    const found = /^— ([^\s+]+) (\S+)$/u.exec(line);
    const value = found ? fromBase64(found[2]!) : null;
    if (!found || !value || value.length <= 4) throw new Malformed('note');
    return { name: found[1]!, id: id32(value), signature: value.subarray(4) };
  });
  return { text: text.slice(0, blank + 1), signatures };
}

async function keyId(name: string, key: Uint8Array): Promise<number> {
  return id32(await sha256(join(toUtf8(name), Uint8Array.of(0x0a, ED25519), key)));
}

/** `name+id+key`, one line. */
export async function parseLogKey(octets: Uint8Array): Promise<LogKey> {
  const line = octets.length <= 1024 ? fromUtf8(octets)?.replace(/\n$/, '') : undefined;
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(line ?? '');
  const typed = found ? fromBase64(found[3]!) : null;
  if (!found || typed?.length !== 33 || typed[0] !== ED25519) throw new Malformed('key');
  const key = typed.subarray(1);
  const id = await keyId(found[1]!, key);
  if (id !== parseInt(found[2]!, 16)) throw new Malformed('key');
  return { name: found[1]!, id, key };
}

function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin, count, base64] = lines;
  const size = wholeNumber(count ?? '');
  const root = fromBase64(base64 ?? '');
  if (lines.pop() !== '' || lines.length < 3 || !origin || size === null || root?.length !== 32 || lines.includes('')) throw new Malformed('checkpoint');
  return { origin, size, root };
}

export const readCheckpoint = (octets: Uint8Array): Checkpoint => parseCheckpoint(parseNote(octets).text);

/** Whether the note carries a signature of this key that fits, and is of the log that has the key's name. */
export async function checkNote(octets: Uint8Array, key: LogKey): Promise<'ok' | 'unsigned' | 'bad' | 'other_log'> {
  const note = parseNote(octets);
  // C2SP signed-note: "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not both)"
  const own = note.signatures.find((s) => s.name === key.name && s.id === key.id);
  if (!own) return 'unsigned';
  const imported = await crypto.subtle.importKey('raw', key.key as Uint8Array<ArrayBuffer>, 'Ed25519', false, ['verify']);
  const fits = await crypto.subtle.verify('Ed25519', imported, own.signature as Uint8Array<ArrayBuffer>, toUtf8(note.text));
  if (!fits) return 'bad';
  return parseCheckpoint(note.text).origin === key.name ? 'ok' : 'other_log';
}

/** RFC 9162 2.1.1: "MTH({d[0]}) = HASH(0x00 || d[0])." */
export const leafHash = (entry: Uint8Array): Promise<Uint8Array> => sha256(join(Uint8Array.of(0), entry));

const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Uint8Array> => sha256(join(Uint8Array.of(1), left, right));

/** RFC 9162 2.1.3.2: whether leaf `index` of a tree of `size` leaves with this root has this hash. */
export async function verifyInclusion(leaf: Uint8Array, index: bigint, size: bigint, path: Uint8Array[], root: Uint8Array): Promise<boolean> {
  if (index >= size) return false;
  let fn = index;
  let sn = size - 1n;
  let r = leaf;
  for (const p of path) {
    // RFC 9162 2.1.3.2: "If sn is 0, then stop the iteration and fail the proof verification."
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      r = await nodeHash(p, r);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      r = await nodeHash(r, p);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && equal(r, root);
}
