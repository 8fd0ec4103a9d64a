// Checks an exported message link by link. Pure: files in, a report out.
import { number, size as octetsText } from '$lib/format';
import { t } from '$lib/i18n';
import { LINKS, type Link } from '$lib/seal/geometry';
import { checkNote, leafHash, parseEntry, parseLogKey, parseProof, readCheckpoint, verifyInclusion, type Checkpoint, type Entry, type LogKey, type Proof } from './log';
import { hex, join, Malformed, sha256 } from './octets';
import { opensslCommand, parsePublicKey, verifySignature, type KeyKind, type PublicKey } from './signature';

export type StepState = 'ok' | 'bad' | 'unknown' | 'missing';
export interface Line {
  state: StepState;
  text: string;
  command?: string;
}
export interface Step {
  link: Link;
  state: StepState;
  lines: Line[];
}
export interface Report {
  verdict: keyof typeof t.verify.verdicts;
  broken?: Link;
  steps: Step[];
  entry?: Entry;
  proof?: Proof;
  checkpoint?: Checkpoint;
  leafHash?: string;
  logKey?: string;
  keys: { signer: string; kind: KeyKind; fingerprint: string }[];
}
export type Files = Map<string, Uint8Array>;

const w = t.verify.steps;
const RANK: StepState[] = ['ok', 'missing', 'unknown', 'bad'];
const line = (state: StepState, text: string, command?: string): Line => ({ state, text, command });
const step = (link: Link, lines: Line[]): Step => ({
  link, lines, state: lines.reduce<StepState>((worst, one) => (RANK.indexOf(one.state) > RANK.indexOf(worst) ? one.state : worst), 'ok'),
});

/** What `make` gives, or null when it throws Malformed. */
async function orNull<T>(make: () => T | Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

interface Given {
  message: Uint8Array;
  salt?: Uint8Array;
  proof: Proof | null | undefined;
  entry: Entry | null;
  signatures: Map<string, Uint8Array>;
  pems: Map<string, Uint8Array>;
}

async function sort(files: Files, message: Uint8Array): Promise<Given> {
  const signatures = new Map<string, Uint8Array>();
  const pems = new Map<string, Uint8Array>();
  for (const [name, octets] of files) {
    const signature = /^(?:message\.)?(.+)\.sig$/.exec(name);
    if (signature) signatures.set(signature[1]!, octets);
    if (name.endsWith('.pem')) pems.set(name.slice(0, -4), octets);
  }
  const file = files.get('message.tlog-proof') ?? [...files].find(([name]) => name.endsWith('.tlog-proof'))?.[1];
  const proof = file && (await orNull(() => parseProof(file)));
  const entry = proof ? await orNull(() => parseEntry(proof.entry)) : null;
  return { message, salt: files.get('commitment.salt'), proof, entry, signatures, pems };
}

async function checkContent({ message, salt, entry }: Given): Promise<Step> {
  if (!entry) return step('content', [line('missing', w.content.missing)]);
  if (salt?.length !== 32) return step('content', [line('missing', w.content.noSalt)]);
  const commitment = hex(await sha256(join(salt, await sha256(message))));
  if (BigInt(message.length) !== entry.size) {
    return step('content', [line('bad', w.content.bad), line('bad', w.content.size(t.common.octets(Number(entry.size)), t.common.octets(message.length)))]);
  }
  return step('content', [commitment === entry.commitment ? line('ok', w.content.ok(octetsText(message.length))) : line('bad', w.content.bad)]);
}

async function checkSignature(name: string, key: PublicKey, given: Given): Promise<Line> {
  const named = given.entry?.signers.find((one) => one.fingerprint === key.fingerprint);
  if (given.entry && !named) return line('bad', w.signature.notNamed(name));
  const signer = named?.signer ?? name;
  try {
    const fits = await verifySignature(key, given.signatures.get(name)!, given.message);
    if (fits === null) return line('unknown', w.signature.dsa(signer), opensslCommand(key.kind, name));
    return fits ? line('ok', w.signature.ok(signer, t.verify.kinds[key.kind])) : line('bad', w.signature.bad(signer));
  } catch (error) {
    // The key itself may be malformed deeper than its kind tells.
    if (error instanceof DOMException && error.name === 'DataError') return line('bad', w.signature.badKey(name));
    return line('unknown', w.signature.browser(signer), opensslCommand(key.kind, name));
  }
}

async function checkSignatures(given: Given): Promise<{ step: Step; keys: Report['keys'] }> {
  const lines: Line[] = [];
  const keys: Report['keys'] = [];
  for (const name of [...given.signatures.keys()].sort()) {
    const pem = given.pems.get(name) ?? (given.pems.size === 1 && given.signatures.size === 1 ? [...given.pems.values()][0] : undefined);
    const key = pem && (await orNull(() => parsePublicKey(pem)));
    if (!key) {
      lines.push(pem ? line('bad', w.signature.badKey(name)) : line('missing', w.signature.noKey(name)));
      continue;
    }
    keys.push({ signer: name, kind: key.kind, fingerprint: key.fingerprint });
    lines.push(await checkSignature(name, key, given));
  }
  const shown = new Set(keys.map((key) => key.fingerprint));
  // A signature without its key is told above; here are those that are not there at all.
  for (const one of given.entry?.signers ?? []) {
    if (!shown.has(one.fingerprint) && !given.signatures.has(one.signer)) lines.push(line('missing', w.signature.noSignature(one.signer)));
  }
  if (lines.length === 0) lines.push(given.entry ? line('ok', w.signature.none) : line('missing', w.signature.missing));
  return { step: step('signature', lines), keys };
}

async function checkCheckpoint(proof: Proof, key: LogKey | null | undefined): Promise<Line> {
  if (key === undefined) return line('missing', w.checkpoint.noKey);
  if (key === null) return line('bad', w.checkpoint.badKey);
  try {
    const found = await checkNote(proof.checkpoint, key);
    if (found === 'ok') return line('ok', w.checkpoint.ok(key.name));
    return line('bad', found === 'bad' ? w.checkpoint.bad : found === 'unsigned' ? w.checkpoint.unsigned : w.checkpoint.otherLog);
  } catch (error) {
    return error instanceof Malformed ? line('bad', w.checkpoint.malformed) : line('unknown', w.checkpoint.browser);
  }
}

async function checkLog(given: Given, files: Files) {
  const { proof, entry } = given;
  if (!proof) {
    const state = proof === null ? 'bad' : 'missing';
    return {
      steps: [
        step('leaf', [line(state, state === 'bad' ? w.leaf.bad : w.leaf.missing)]), step('tree', [line('missing', w.tree.missing)]),
        step('checkpoint', [line('missing', w.checkpoint.missing)]),
      ],
    };
  }
  const checkpoint = await orNull(() => readCheckpoint(proof.checkpoint));
  const leaf = await leafHash(proof.entry);
  const reached = checkpoint !== null && (await verifyInclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root));
  const keyFile = files.get('log.pub') ?? [...files].find(([name]) => name.endsWith('.pub'))?.[1];
  const key = keyFile && (await orNull(() => parseLogKey(keyFile)));
  return {
    checkpoint: checkpoint ?? undefined, leafHash: entry ? hex(leaf) : undefined, logKey: key ? new TextDecoder().decode(keyFile).trim() : undefined,
    steps: [
      step('leaf', [entry ? line('ok', w.leaf.ok(number(Number(proof.index)))) : line('bad', w.leaf.bad)]),
      step('tree', [reached ? line('ok', w.tree.ok(proof.path.length, number(Number(checkpoint.size)))) : line('bad', w.tree.bad)]),
      step('checkpoint', [await checkCheckpoint(proof, key)]),
    ],
  };
}

function judge(steps: Step[], entry: Entry | null): Pick<Report, 'verdict' | 'broken'> {
  const broken = LINKS.find((link) => steps.some((one) => one.link === link && one.state === 'bad'));
  if (broken) return { verdict: 'cracked', broken };
  if (steps.every((one) => one.state === 'ok')) return { verdict: 'whole' };
  const signature = steps.find((one) => one.link === 'signature')!.state;
  if (!entry && signature === 'ok') return { verdict: 'signed' };
  return { verdict: !entry && signature === 'missing' ? 'nothing' : 'open' };
}

/** Checks the files of one export, by their names. */
export async function checkFiles(files: Files): Promise<Report> {
  const message = files.get('message.eml') ?? [...files].find(([name]) => name.toLowerCase().endsWith('.eml'))?.[1];
  if (!message) return { verdict: 'nothing', steps: [], keys: [] };
  const given = await sort(files, message);
  const content = await checkContent(given);
  const { step: signature, keys } = await checkSignatures(given);
  const log = await checkLog(given, files);
  const steps = [content, signature, ...log.steps];
  return {
    ...judge(steps, given.entry), steps, keys, entry: given.entry ?? undefined, proof: given.proof ?? undefined, checkpoint: log.checkpoint, leafHash: log.leafHash,
    logKey: log.logKey,
  };
}
