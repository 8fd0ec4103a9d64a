import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkFiles, type Files } from './check';
import { leafHash, parseEntry, parseLogKey, parseProof, verifyInclusion } from './log';
import { fromBase64, fromUtf8, Malformed, sha256, toBase64, toUtf8 } from './octets';
import { rawEcdsa } from './signature';
import { isTar, readTar } from './tar';

const archive = new Uint8Array(readFileSync(new URL('./export/message.tar', import.meta.url)));
let files: Files;
beforeAll(() => {
  files = readTar(archive);
});
const without = (...names: string[]) => new Map([...files].filter(([name]) => !names.includes(name)));
const flipped = (name: string, at = -1, by = 1) => {
  const octets = Uint8Array.from(files.get(name)!);
  const i = at < 0 ? octets.length + at : at;
  octets[i] = octets[i]! ^ by;
  return new Map(files).set(name, octets);
};
const edited = (name: string, edit: (text: string) => string) => new Map(files).set(name, toUtf8(edit(fromUtf8(files.get(name)!)!)));
const states = async (given: Files) => {
  const report = await checkFiles(given);
  return `${report.verdict}: ${report.steps.map((one) => `${one.link} ${one.state}`).join(', ')}`;
};
const proof = (edit: (text: string) => string) => edited('message.tlog-proof', edit);
const entryOf = (text: string, edit: (entry: string) => string) =>
  text.replace(/^extra (.*)$/m, (_, base64: string) => `extra ${toBase64(toUtf8(edit(fromUtf8(fromBase64(base64)!)!)))}`);

/** A signed note of a log that is made for this. */
async function signNote(name: string, body: string) {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const id = (await sha256(new Uint8Array([...toUtf8(name), 10, 1, ...raw]))).slice(0, 4);
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, toUtf8(body)));
  return {
    note: `${body}\n— ${name} ${toBase64(new Uint8Array([...id, ...signature]))}\n`,
    key: toUtf8(`${name}+${Buffer.from(id).toString('hex')}+${toBase64(new Uint8Array([1, ...raw]))}\n`),
  };
}

describe('c3_7 an exported message is checked in the browser', () => {
  it('c3_7 what bulla exported holds, and DSA is left to openssl', async () => {
    const report = await checkFiles(files);
    expect(await states(files)).toBe('open: content ok, signature unknown, leaf ok, tree ok, checkpoint ok');
    const signatures = report.steps[1]!.lines;
    expect(signatures.map((one) => one.state)).toEqual(['ok', 'ok', 'ok', 'ok', 'unknown']);
    expect(signatures[4]!.command).toBe('openssl dgst -sha256 -verify registry.pem -signature message.registry.sig message.eml');
    // The very command of the README that stands beside it.
    expect(fromUtf8(files.get('README.txt')!)).toContain(signatures[4]!.command);
    expect(report.keys.map((key) => key.kind).sort()).toEqual(['dsa', 'ed25519', 'p256', 'p384', 'rsa']);
    expect(report.entry!.signers.map((one) => one.fingerprint).sort()).toEqual(report.keys.map((key) => key.fingerprint).sort());
    expect(report.leafHash).toMatch(/^[0-9a-f]{64}$/);
    expect(report.logKey).toContain('mail.example.test/node1');
  });
  it('c3_7 the log alone is enough for a whole seal when nobody signed', async () => {
    // The fixture names signers; what is not given of them is told, and nothing is called broken.
    const names = [...files.keys()].filter((name) => /\.(sig|pem)$/.test(name));
    expect(await states(without(...names))).toBe('open: content ok, signature missing, leaf ok, tree ok, checkpoint ok');
  });
  it('c3_7 message and signature without the log', async () => {
    const pick = (...names: string[]) => new Map([...files].filter(([name]) => names.includes(name)));
    expect(await states(pick('message.eml', 'message.office.sig', 'office.pem'))).toMatch(/^signed: content missing, signature ok, leaf missing/);
    const renamed = new Map([['letter.eml', files.get('message.eml')!], ['letter.sig', files.get('message.office.sig')!], ['key.pem', files.get('office.pem')!]]);
    expect(await states(renamed)).toMatch(/^signed: /);
    expect(await states(pick('message.eml', 'message.office.sig', 'notary.pem'))).toMatch(/^cracked: content missing, signature bad/);
    expect(await states(pick('message.eml', 'README.txt'))).toMatch(/^nothing: /);
    expect((await checkFiles(pick('office.pem'))).verdict).toBe('nothing');
  });
  it('c3_7 one changed octet is found, and told at its link', async () => {
    const broken = async (given: Files) => (await checkFiles(given)).broken;
    expect(await broken(flipped('message.eml', 40))).toBe('content');
    expect(await broken(new Map(files).set('message.eml', new Uint8Array([...files.get('message.eml')!, 10])))).toBe('content');
    expect(await broken(flipped('commitment.salt'))).toBe('content');
    for (const signer of ['office', 'notary', 'records', 'audit']) expect(await broken(flipped(`message.${signer}.sig`)), signer).toBe('signature');
    // Another key of the same kind is none that the entry names.
    expect(await broken(new Map(files).set('office.pem', files.get('notary.pem')!))).toBe('signature');
    expect(await broken(proof((text) => entryOf(text, (entry) => entry.replace('signer office', 'signer 0ffice'))))).toBe('tree');
    expect(await broken(proof((text) => entryOf(text, (entry) => entry.replace('bulla/message/v1', 'bulla/message/v2'))))).toBe('leaf');
    expect(await broken(proof((text) => text.replace(/index (\d+)/, (_, n: string) => `index ${Number(n) - 1}`)))).toBe('tree');
    expect(await broken(proof((text) => text.replace(/\n([A-Za-z0-9+/]{43}=)\n/, '\n')))).toBe('tree');
    expect(await broken(proof((text) => text.replace(/\n18\n/, '\n15\n')))).toBe('tree');
    // The path of this leaf is the same in a tree of 17 leaves; but that is not what was signed.
    expect(await broken(proof((text) => text.replace(/\n18\n/, '\n17\n')))).toBe('checkpoint');
    expect(await broken(proof((text) => text.replace(/(— \S+ .{70})(.)/, (_, before: string, c: string) => before + (c === 'A' ? 'B' : 'A'))))).toBe('checkpoint');
    expect(await broken(edited('log.pub', (text) => text.replace('node1', 'node2')))).toBe('checkpoint');
  });
  it('c3_7 a whole seal: every link holds', async () => {
    const entry = toUtf8(fromUtf8(parseProof(files.get('message.tlog-proof')!).entry)!.replace(/signer registry .*\n/, ''));
    const root = toBase64(await leafHash(entry));
    const { note, key } = await signNote('a.example/n', `a.example/n\n1\n${root}\n`);
    const given = without('message.registry.sig', 'registry.pem')
      .set('message.tlog-proof', toUtf8(`c2sp.org/tlog-proof@v1\nextra ${toBase64(entry)}\nindex 0\n\n${note}`))
      .set('log.pub', key);
    expect(await states(given)).toBe('whole: content ok, signature ok, leaf ok, tree ok, checkpoint ok');
    const report = await checkFiles(given);
    expect(report.leafHash).toBe(Buffer.from(fromBase64(root)!).toString('hex'));
  });
  it('c3_7 a checkpoint of a log that calls itself otherwise is refused though it is signed', async () => {
    const text = fromUtf8(files.get('message.tlog-proof')!)!;
    const head = text.slice(0, text.indexOf('\n\n') + 2);
    const [, size, root] = text.slice(head.length).split('\n');
    const made = async (origin: string) => {
      const { note, key } = await signNote('a.example/n', `${origin}\n${size}\n${root}\n`);
      return new Map(files).set('message.tlog-proof', toUtf8(head + note)).set('log.pub', key);
    };
    expect((await checkFiles(await made('a.example/n'))).broken).toBeUndefined();
    expect((await checkFiles(await made('b.example/n'))).broken).toBe('checkpoint');
  });
  it('c3_7 what is missing is not called broken', async () => {
    expect(await states(without('log.pub'))).toContain('checkpoint missing');
    expect(await states(without('commitment.salt'))).toContain('content missing');
    expect(await states(without('office.pem'))).toContain('signature unknown');
    expect((await checkFiles(without('office.pem'))).steps[1]!.lines.map((one) => one.state)).toContain('missing');
    expect(await states(without('message.tlog-proof'))).toContain('leaf missing, tree missing, checkpoint missing');
  });
});

describe('c3_7 hostile files', () => {
  it('reads tar archives to their end and no further', () => {
    expect(isTar(archive)).toBe(true);
    expect([...files.keys()]).toContain('message.tlog-proof');
    expect(isTar(toUtf8('From: a'))).toBe(false);
    for (const cut of [513, 900]) expect(() => readTar(archive.subarray(0, cut))).toThrow(Malformed);
    const sum = Uint8Array.from(archive);
    sum[150]! ^= 1;
    expect(() => readTar(sum)).toThrow(Malformed);
    const huge = Uint8Array.from(archive);
    huge.set(toUtf8('77777777777'), 124);
    expect(() => readTar(huge)).toThrow(Malformed);
    expect(readTar(new Uint8Array(1024)).size).toBe(0);
  });
  it('takes one spelling of an entry, a proof and a key', async () => {
    const text = fromUtf8(files.get('message.tlog-proof')!)!;
    const entry = parseProof(files.get('message.tlog-proof')!).entry;
    const lines = fromUtf8(entry)!;
    for (const wrong of [lines.slice(0, -1), lines.replace('size ', 'size 0'), lines.replace('id ', 'id  '), lines + 'x\n', lines + '\n', lines.replace('signer ', 'signer \\q'), '']) {
      expect(() => parseEntry(toUtf8(wrong)), wrong).toThrow(Malformed);
    }
    expect(parseEntry(toUtf8(lines.replace('signer audit', 'signer a\\\\b\\x20c'))).signers[0]!.signer).toBe('a\\b c');
    for (const wrong of ['', text.replace('@v1', '@v2'), text.replace('index ', 'index 0'), text.replace(/extra .*\n/, ''), text.replace('\n\n', '\n'), text.replace(/=\n/, '\n')]) {
      expect(() => parseProof(toUtf8(wrong)), wrong.slice(0, 60)).toThrow(Malformed);
    }
    expect(() => parseProof(toUtf8(text.replace(/(index \d+\n)/, `$1${'auaEDv8HT1NhMVBKuJgqcBoj0Y1V5yAak/ZjdCKb0x8=\n'.repeat(60)}`)))).toThrow(Malformed);
    const key = fromUtf8(files.get('log.pub')!)!;
    for (const wrong of ['', key.toUpperCase(), key.replace('+', '++'), key + key]) await expect(parseLogKey(toUtf8(wrong)), wrong).rejects.toThrow(Malformed);
    expect(fromBase64('AB==')).toBeNull();
    expect(fromBase64('AA==')).toEqual(Uint8Array.of(0));
    expect(fromBase64('AAAA\n')).toBeNull();
  });
  it('rfc9162_2_1_3_2 follows no path that is too long, too short or of a leaf beyond the tree', async () => {
    const leaf = new Uint8Array(32).fill(7);
    expect(await verifyInclusion(leaf, 0n, 1n, [], leaf)).toBe(true);
    expect(await verifyInclusion(leaf, 0n, 1n, [leaf], leaf)).toBe(false);
    expect(await verifyInclusion(leaf, 1n, 1n, [], leaf)).toBe(false);
    expect(await verifyInclusion(leaf, 0n, 0n, [], leaf)).toBe(false);
    expect(await verifyInclusion(leaf, 0n, 2n, [], leaf)).toBe(false);
  });
  it('reads ECDSA signatures in their one DER form', () => {
    const good = files.get('message.office.sig')!;
    expect(rawEcdsa(good, 32)).toHaveLength(64);
    expect(rawEcdsa(good, 16)).toBeNull();
    for (const wrong of [new Uint8Array(), good.subarray(1), good.subarray(0, -1), new Uint8Array([...good, 0]), Uint8Array.of(0x30, 6, 2, 1, 0x80, 2, 1, 1), Uint8Array.of(0x30, 0x84, 1, 1, 1, 1)]) {
      expect(rawEcdsa(wrong, 32)).toBeNull();
    }
    expect(rawEcdsa(Uint8Array.of(0x30, 6, 2, 1, 5, 2, 1, 9), 2)).toEqual(Uint8Array.of(0, 5, 0, 9));
  });
});
