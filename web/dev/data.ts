// An invented server for development: a company that writes letters. Nothing of this is in a build.
import { createHash } from 'node:crypto';
import type {
  PolicyAnswer,
  Account, AuditEntry, ChecklistItem, Checkpoint, Delivery, DkimKey, DnsCheck, Domain, Group, Message, MessageLife, Setting, Signer, Stage, Stats,
  Status, Verification,
} from '../src/lib/api/types';

export const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const DAY = 86400e3;
const now = Date.now();
const iso = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');
const pick = <T>(list: T[], seed: number): T => list[parseInt(sha(`p${seed}`).slice(0, 8), 16) % list.length]!;
const rnd = (seed: number, n: number) => parseInt(sha(`r${seed}`).slice(0, 8), 16) % n;

const people = ['mara.lindqvist', 'tomas.brandt', 'office', 'ines.carvalho', 'jonas.weber', 'accounts', 'klara.novak', 'piet.devries'];
const outside = [
  'orders@kontor-nord.example', 'h.okafor@lagos-freight.example', 'notary@dupont-associes.example', 'buchhaltung@stadtwerke.example',
  'no-reply@port-authority.example', 'legal@averbach.example', 'zoë@müller-söhne.example', 'desk@insurer.example',
];
const subjects = [
  'Offer 2026-1183, revised quantities', 'Minutes of the meeting of 12 November', 'Re: delivery date of the second lot', 'Invoice 40871',
  'Signed contract, both copies', 'Your appointment on Thursday', 'Bill of lading MSKU 441 907-2', 'Re: Re: tolerance of the flanges',
  'Notice of termination, framework agreement', 'Payroll November', 'Grüße aus Łódź – Muster für Ihre Freigabe', 'Reminder: statement of accounts',
  'Claim 77-2291, photographs attached', 'Tender documents, part 3 of 4', 'Change of bank details', '', 'Re: insurance certificate',
];
const checks: Message['check'][] = ['verified', 'verified', 'verified', 'verified', 'unchecked', 'verified', 'unsigned', 'verified'];

export const COUNT = 4200;
export const state = { empty: false, role: 'admin' as Account['role'], loggedIn: true, mustChange: false, totp: false, failures: 0, policy: '# our own mail\n=:default||~|1209600\n!lists.harbour.example:\n' };

function message(i: number): Message {
  const out = rnd(i * 7, 5) < 3;
  const person = `${pick(people, i * 3)}@harbour.example`;
  const other = pick(outside, i * 5);
  const many = rnd(i * 11, 9) === 0;
  const to = out ? (many ? [other, pick(outside, i * 13), pick(outside, i * 17)] : [other]) : [person];
  const check = i === 2 || i === 9 ? 'failed' : i < 2 ? 'unchecked' : checks[rnd(i * 19, checks.length)]!;
  const unsigned = check === 'unsigned';
  return {
    id: `1C5ZK${(9_000_000 - i).toString(32).toUpperCase().padStart(6, '0')}A0`,
    received: iso(now - i * 97e3 - rnd(i, 60) * 1e3 - (i > 60 ? (i - 60) * 240e3 : 0)),
    size: 1200 + rnd(i * 23, 400) * rnd(i * 29, 900),
    direction: out ? 'out' : 'in',
    role: out ? 'submission' : 'inbound',
    archived: true,
    subject: subjects[rnd(i * 31, subjects.length)]!,
    from: [out ? person : other],
    to,
    sender: rnd(i * 37, 23) === 0 ? '' : out ? person : other,
    recipients: to,
    login: out ? person.split('@')[0] : undefined,
    signers: unsigned ? [] : ['office'],
    leaf: COUNT - i,
    leaf_hash: rnd(i * 41, 40) === 0 ? null : sha(`leaf ${i}`),
    check,
    seal: check === 'failed' ? 'cracked' : check === 'verified' ? 'whole' : 'unchecked',
    checked: check === 'verified' || check === 'failed' ? iso(now - 3600e3) : null,
    delivery: !out ? 'none' : i % 37 === 4 ? 'queued' : i % 53 === 7 ? 'failed' : 'delivered',
  };
}
export const messages: Message[] = Array.from({ length: COUNT }, (_, i) => message(i));

const rfc: Record<string, Stage['rfc']> = {
  receive: [{ document: 'RFC 5321', section: '4.1.1.4', text: 'Receipt of the end of mail data indication requires the server to process the stored mail transaction information.', url: 'https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.4' }],
  identify: [{ document: 'RFC 6409', section: '6.1', text: 'The MSA MAY enforce that the address in the MAIL FROM corresponds to the authenticated identity.', url: 'https://www.rfc-editor.org/rfc/rfc6409#section-6.1' }],
  sign: [{ document: 'RFC 6376', section: '3.5', text: 'b= The signature data (base64; REQUIRED).', url: 'https://www.rfc-editor.org/rfc/rfc6376#section-3.5' }],
  seal: [{ document: 'RFC 9162', section: '2.1.1', text: 'The output is a single 32-byte Merkle Tree Hash.', url: 'https://www.rfc-editor.org/rfc/rfc9162#section-2.1.1' }],
  deliver: [{ document: 'RFC 5321', section: '6.1', text: 'When the receiver-SMTP accepts a piece of mail, it is accepting responsibility for delivering or relaying the message.', url: 'https://www.rfc-editor.org/rfc/rfc5321#section-6.1' }],
};

export function life(m: Message): MessageLife {
  const t0 = Date.parse(m.received);
  const at = (micros: number) => new Date(t0).toISOString().replace(/\.\d+Z/, `.${String(Math.min(999999, 120000 + micros)).padStart(6, '0')}Z`);
  const out = m.direction === 'out';
  const dkim =
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=harbour.example;\r\n\ts=bulla2026; t=${Math.floor(t0 / 1000)}; h=From:To:Subject:Date:Message-ID:\r\n\t MIME-Version:Content-Type:From:To:Subject;\r\n` +
    `\tbh=${sha('bh').slice(0, 43)}=;\r\n\tb=${sha('b' + m.id)}${sha('c')}\r\n\t ${sha('d')}${sha('e')}==\r\n`;
  const received = `Received: from mara-laptop (unknown [192.0.2.41])\r\n\tby mail.harbour.example (bulla) with ESMTPSA id ${m.id}\r\n\tfor <${m.recipients[0]}>; Sun, 22 Nov 2026 06:31:08 +0000\r\n`;
  const stages: Stage[] = [
    { name: 'receive', at: at(0), outcome: 'ok', text: out ? 'Came in over TLS from a logged-in sender.' : 'Came in from the mail server of the sender.', facts: [{ name: 'client', value: '192.0.2.41' }, { name: 'protocol', value: 'ESMTPSA' }, { name: 'tls', value: 'TLSv1.3 TLS_AES_256_GCM_SHA384' }, { name: 'size', value: `${m.size} octets` }], rfc: rfc['receive'] },
    { name: 'identify', at: at(310), outcome: 'ok', text: out ? `${m.login} owns the address that the mail is from.` : 'The recipient is one of ours.', facts: [{ name: 'direction', value: out ? 'outbound' : 'inbound' }, { name: 'role', value: m.role ?? '' }, ...(out ? [{ name: 'account', value: m.login ?? '' }] : [])], rfc: rfc['identify'] },
    { name: 'decide', at: at(420), outcome: 'ok', text: 'One copy for all recipients; group “letters” archives and signs.', facts: [{ name: 'group', value: 'letters' }, { name: 'signer', value: 'office' }, { name: 'copies', value: '1' }, { name: 'route', value: 'default' }] },
    {
      name: 'sign', at: at(2890), outcome: out ? 'ok' : 'skipped', text: out ? 'DKIM with key bulla2026, because it is the active key of harbour.example; then checked on the octets that leave.' : 'Mail from outside is not signed.',
      facts: out ? [{ name: 'dkim', value: 'd=harbour.example s=bulla2026 rsa-sha256' }, { name: 'self-check', value: 'pass' }] : [{ name: 'unsigned', value: 'inbound mail is not signed' }],
      copies: out ? [{ recipients: m.recipients, added: dkim + received, converted: false }] : [], rfc: rfc['sign'],
    },
    { name: 'seal', at: at(6120), outcome: 'ok', text: 'On stable storage with its signature and its place in the log. Only now the sender was told 250.', facts: [{ name: 'archived', value: 'yes' }, { name: 'signed by', value: m.signers?.join(', ') || 'nobody' }, { name: 'leaf', value: String(m.leaf) }, { name: 'commit', value: '3 messages in this run' }], rfc: rfc['seal'] },
  ];
  if (out) {
    stages.push({ name: 'deliver', at: at(418000), outcome: m.delivery === 'failed' ? 'refused' : 'ok', text: m.delivery === 'delivered' ? 'The next server took it.' : m.delivery === 'failed' ? 'The next server refused it; the sender has a notice.' : 'Waits in the queue.', facts: [{ name: 'mx', value: 'mx1.kontor-nord.example [198.51.100.7]:25' }, { name: 'reply', value: m.delivery === 'failed' ? '550 5.1.1 no such user' : '250 2.0.0 Ok: queued as 4XyZ' }, { name: 'tls', value: 'TLSv1.3, DANE verified' }], rfc: rfc['deliver'] });
  }
  const leaf = m.leaf ?? 0;
  const path = Array.from({ length: 12 }, (_, k) => ({ hash: sha(`node ${leaf >> k} ${k}`), side: ((leaf >> k) & 1 ? 'left' : 'right') as 'left' | 'right', level: k, index: (leaf >> k) ^ 1 }));
  return {
    ...m,
    message_id: `<${sha(m.id).slice(0, 18)}@harbour.example>`,
    date: 'Sun, 22 Nov 2026 07:31:07 +0100',
    client: { ip: '192.0.2.41', name: 'unknown', helo: 'mara-laptop', tls: 'TLSv1.3' },
    stages,
    events: m.recipients.map((r, k) => ({ sequence: k + 1, at: at(418000), kind: m.delivery === 'failed' ? 'bounced' : 'delivered', recipient: r, detail: '250 2.0.0 Ok: queued as 4XyZ' })),
    deliveries: m.delivery === 'queued' ? [delivery(0)] : [],
    signatures: (m.signers ?? []).map((s) => ({ signer: s, algorithm: 'ecdsa-p256-sha256', fingerprint: sha('office key') })),
    proof: m.leaf_hash
      ? { leaf, leaf_hash: m.leaf_hash, entry: `bulla/message/v1\nid ${m.id}\ntime ${m.received}\nsize ${m.size}\ncommitment ${sha('c' + m.id)}\nsigner office ${sha('office key')}\n`, size: COUNT + 12, root: sha('root'), path, signed: iso(now - 40e3),
          checkpoint: `mail.harbour.example/node1-16a8d5f4\n${COUNT + 12}\n${Buffer.from(sha('root'), 'hex').toString('base64')}\n\n— mail.harbour.example/node1-16a8d5f4 ${sha('sig').slice(0, 64)}${sha('s2').slice(0, 28)}\n` }
      : null,
  };
}

export function verification(m: Message): Verification {
  if (m.check === 'unsigned') return { id: m.id, state: 'unsigned', seal: 'whole', findings: [{ check: 'record', state: 'ok', text: 'The stored octets open and have the length that was sealed.' }, { check: 'signature', state: 'note', text: 'No signer is named for it.' }, { check: 'leaf', state: 'ok', text: `Leaf ${m.leaf} of the log commits to this message.` }, { check: 'log', state: 'ok', text: 'The proof of 12 hashes leads to the root.' }, { check: 'checkpoint', state: 'ok', text: 'The checkpoint carries the signature of this log’s key.' }] };
  const bad = m.check === 'failed';
  const link = m.id === messages[2]!.id ? 'content' : 'signature';
  return {
    id: m.id, state: bad ? 'failed' : 'verified', seal: bad ? 'cracked' : 'whole', broken: bad ? link : undefined, at: iso(Date.now()),
    findings: [
      { check: 'record', state: bad && link === 'content' ? 'bad' : 'ok', text: bad && link === 'content' ? 'The stored octets differ from what was sealed: SHA-256 is 9f2c41aa…, the log says 5f3a90b1….' : 'The stored octets open and have the length that was sealed.' },
      { check: 'signature', state: bad ? 'bad' : 'ok', text: bad ? 'The signature of “office” does not fit these octets.' : 'Signed by “office” (ECDSA P-256), key 9c1d44e0…; verified with the public key alone.' },
      { check: 'leaf', state: 'ok', text: `Leaf ${m.leaf} of the log commits to this message.` },
      { check: 'log', state: 'ok', text: `The proof of 12 hashes leads to the root of the tree of ${COUNT + 12} entries.` },
      { check: 'checkpoint', state: 'ok', text: 'The checkpoint carries the signature of this log’s key.' },
    ],
  };
}

export function delivery(i: number): Delivery {
  const errors = ['421 4.7.0 try again later', 'net.timeout: mx1.lagos-freight.example did not answer in 30 s', '', '450 4.2.0 greylisted, see https://greylist.example', 'exit.tls_required: the server offers no TLS'];
  return {
    id: `D${1000 + i}`, message: messages[i * 3]!.id, route: 'default', destination: outside[i % outside.length]!.split('@')[1]!, state: i % 6 === 5 ? 'held' : 'queued',
    active: i === 2, created: iso(now - (i + 1) * 13 * 60e3), next_attempt: iso(now + (i % 6) * 7 * 60e3), expires: iso(now + 4 * DAY), attempts: i % 5, last_error: errors[i % errors.length]!,
    from: `${pick(people, i)}@harbour.example`, recipients: [outside[i % outside.length]!],
  };
}
export let queue: Delivery[] = Array.from({ length: 23 }, (_, i) => delivery(i));
export const setQueue = (next: Delivery[]) => (queue = next);

export const status = (): Status => ({
  hostname: 'mail.harbour.example', node: 'node1', version: '0.3.0', started: iso(now - 9.4 * DAY), revision: 41, schema: 6, domains: 2, accounts: 14, groups: 3, signers: 2,
  archived: state.empty ? 0 : 1_284_391, log_size: state.empty ? 3 : COUNT + 12, log_key: 'mail.harbour.example/node1-16a8d5f4+1a2b3c4d+AaBb', queued: state.empty ? 0 : queue.length, held: 4, running: true, sealing: '',
  signature_verification: true, problems: state.empty ? [] : ['DKIM key bulla2025 of harbour.example is still in DNS but no longer used.'], listeners: ['0.0.0.0:25', '0.0.0.0:587', '0.0.0.0:8090'],
  attention: state.empty ? [] : [
    { kind: 'dkim_record', subject: 'b2026c', domain: 'xn--hfen-kontor-l8a.example', names: { 'xn--hfen-kontor-l8a.example': 'häfen-kontor.example' }, at: iso(now - 3 * DAY), past: true, text: 'the new DKIM key b2026c of xn--hfen-kontor-l8a.example has waited for its record for 3 days', command: 'bulla dkim check xn--hfen-kontor-l8a.example' },
    { kind: 'dkim_age', subject: 'bulla2026', domain: 'harbour.example', at: iso(now - 110 * DAY), past: true, text: 'the DKIM key bulla2026 of harbour.example has signed for 200 days: rotate it', command: 'bulla dkim rotate harbour.example' },
    { kind: 'certificate', subject: 'console', at: iso(now + 9 * DAY), past: false, text: 'the certificate of the console ends in 9 days: put a new one in its place and let it be read', command: 'bulla reload' },
    { kind: 'token', subject: 'monitoring', login: 'admin', at: iso(now + 12 * DAY), past: false, text: 'the API token monitoring of admin ends in 12 days: make another for whatever uses it', command: 'bulla token list' },
  ],
  metrics: {}, queue: { in_memory: 23, active: 1, unrecorded: 0, blocked: false }, disk: { free: 181e9, total: 480e9 }, memory: 94e6,
});

export function stats(range: string): Stats {
  const [points, step] = { '1h': [60, 60], '24h': [96, 900], '7d': [84, 7200], '30d': [90, 28800] }[range] as [number, number];
  const from = now - points * step * 1000;
  const wave = (scale: number, seed: number) => Array.from({ length: points }, (_, i) => {
    const date = new Date(from + i * step * 1000);
    const hour = date.getUTCHours() + date.getUTCMinutes() / 60;
    const day = Math.exp(-(((hour - 10.5) / 2.4) ** 2)) + 0.8 * Math.exp(-(((hour - 15) / 2.2) ** 2)) + 0.05;
    const week = [0, 6].includes(date.getUTCDay()) && range !== '24h' && range !== '1h' ? 0.18 : 1;
    return state.empty ? 0 : Math.round(scale * day * week * (0.75 + rnd(seed * 1000 + i, 100) / 200));
  });
  return { range, step, from: iso(from), until: iso(now), series: { received: wave(240, 1), sent_out: wave(150, 2), archived: wave(380, 3), signed: wave(148, 4), refused: wave(22, 5), delivered: wave(146, 6), deferred: wave(9, 7), bounced: wave(2, 8) } };
}

export const checklist = (): ChecklistItem[] => [
  { id: 'domain', title: 'A domain', state: 'done', detail: 'harbour.example, harbour-shipping.example' },
  { id: 'dkim_key', title: 'A DKIM key', state: 'done', detail: 'bulla2026 (RSA 2048) signs for harbour.example.' },
  { id: 'dkim_record:harbour.example', title: 'Its record in DNS: harbour.example', state: 'done', detail: 'Resolvers see the key that signs.', record: { name: 'bulla2026._domainkey.harbour.example', type: 'TXT', value: `v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA${sha('k')}${sha('l')}${sha('m')}${sha('n')}IDAQAB` }, seen: [`v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA${sha('k')}${sha('l')}${sha('m')}${sha('n')}IDAQAB`] },
  { id: 'dkim_record:harbour-shipping.example', title: 'Its record in DNS: harbour-shipping.example', state: 'error', detail: 'Resolvers see another key. Receivers will not accept what is signed with ours.', record: { name: 'bulla2026._domainkey.harbour-shipping.example', type: 'TXT', value: `v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A${sha('q')}${sha('w')}${sha('e')}IDAQAB` }, seen: ['v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7'], action: { text: 'Publish this record', command: 'bulla dkim record harbour-shipping.example bulla2026', page: '/domains/harbour-shipping.example' } },
  { id: 'route', title: 'Where mail goes', state: 'done', detail: 'Route “default”: by MX, with DANE.' },
  { id: 'clients', title: 'Who may send', state: 'done', detail: '14 accounts, 1 trusted network.' },
  { id: 'archiving', title: 'What is archived and signed', state: 'done', detail: 'Group “letters” archives; signer “office”.' },
  { id: 'public_key', title: 'The public key for verification', state: 'done', detail: '/etc/bulla/office.pub.pem' },
  { id: 'first_message', title: 'A first message', state: state.empty ? 'todo' : 'done', detail: state.empty ? 'Nothing has been sealed yet.' : '1,284,391 messages are sealed.', action: state.empty ? { text: 'Send one', command: 'tools/send_mail.py --to you@harbour.example' } : undefined },
  { id: 'tls', title: 'A certificate', state: 'todo', detail: 'The listeners use a self-signed certificate; other servers take it, mail programs of people ask.', action: { text: 'Name certificate_file and key_file under [console] in bulla.toml', command: 'bulla reload' } },
  { id: 'passphrase_backup', title: 'The passphrase on paper', state: 'todo', detail: 'Without it nobody can read the archive after the loss of this machine. Only you can know whether it lies in a safe.' },
  { id: 'resolver', title: 'A resolver that checks DNSSEC', state: 'unknown', detail: 'Not asked yet.' },
];

export const domains: Domain[] = [
  { name: 'harbour.example', created: iso(now - 320 * DAY), disabled: false, accounts: 11, dkim_keys: 2 },
  { name: 'harbour-shipping.example', created: iso(now - 40 * DAY), disabled: false, accounts: 3, dkim_keys: 1 },
  { name: 'xn--hfen-kontor-l8a.example', names: { 'xn--hfen-kontor-l8a.example': 'häfen-kontor.example' }, created: iso(now - 4 * DAY), disabled: false, accounts: 0, dkim_keys: 1 },
];
const record = (d: string, s: string) => ({ name: `${s}._domainkey.${d}`, type: 'TXT', value: `v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A${sha(d + s)}${sha(s + d)}IDAQAB`, zone_line: `${s}._domainkey.${d}. IN TXT ( "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A${sha(d + s)}" "${sha(s + d)}IDAQAB" )` });
export const dkimKeys = (d: string): DkimKey[] => [
  { domain: d, selector: 'bulla2026', algorithm: 'rsa-sha256', bits: 2048, active: true, created: iso(now - 200 * DAY), record: record(d, 'bulla2026'), stage: 'active', since: iso(now - 200 * DAY), seen: iso(now - 200 * DAY), looked: iso(now), sight: 'exact', rotating: false, record_until: null, rotation_due: true, token: null, publication: d === 'harbour.example' ? { server: '192.0.2.53:53', error: null } : null },
  ...(d === 'harbour.example' ? [{ domain: d, selector: 'ed2026', algorithm: 'ed25519-sha256', bits: 256, active: false, created: iso(now - 20 * DAY), record: record(d, 'ed2026'), stage: 'next' as const, since: iso(now - 20 * DAY), seen: null, looked: iso(now), sight: 'absent' as const, rotating: false, record_until: null, rotation_due: false, token: 'pkcs11:token=mail;object=ed2026;type=private?pin-source=file:/etc/bulla/hsm.pin', publication: { server: '192.0.2.53:53', error: 'the name server 192.0.2.53:53 cannot be reached: no answer in time' } }] : []),
];
export const dns = (d: string): DnsCheck[] => [
  { what: 'dkim', name: `bulla2026._domainkey.${d}`, type: 'TXT', expected: record(d, 'bulla2026').value, seen: [record(d, 'bulla2026').value], state: 'match', detail: 'The same key.' },
  { what: 'mx', name: d, type: 'MX', seen: ['10 mail.harbour.example.'], state: 'present', detail: 'Mail comes here.' },
  { what: 'spf', name: d, type: 'TXT', seen: ['v=spf1 mx -all'], state: 'present', detail: '' },
  { what: 'dmarc', name: `_dmarc.${d}`, type: 'TXT', seen: [], state: 'missing', suggested: `v=DMARC1; p=none; rua=mailto:postmaster@${d}`, detail: 'no such record is published' },
];
export const accounts: Account[] = [
  ...['admin', 'mara.lindqvist', 'tomas.brandt', 'office', 'ines.carvalho', 'jonas.weber', 'accounts', 'klara.novak', 'piet.devries', 'revision', 'scanner'].map((login, i) => ({
    login, address: `${login}@harbour.example`, role: (login === 'admin' ? 'admin' : login === 'revision' ? 'auditor' : i === 2 ? 'domain_admin' : 'user') as Account['role'], domains: i === 2 ? ['harbour.example'] : [],
    one_time_password: i === 8, disabled: i === 10, totp: i < 3, created: iso(now - (300 - i * 20) * DAY), last_login: i === 8 ? null : iso(now - i * i * 5400e3),
  })),
];
export const groups: Group[] = [
  { name: 'letters', archiving: true, archival_signer: 'office', members: ['*@harbour.example'], created: iso(now - 300 * DAY) },
  { name: 'shipping', archiving: true, archival_signer: 'shipping-desk', members: ['*@harbour-shipping.example', 'office@harbour.example'], created: iso(now - 39 * DAY) },
  { name: 'newsletters', archiving: false, archival_signer: '', members: ['news@harbour.example'], created: iso(now - 10 * DAY) },
];
const pem = `-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE${sha('x').slice(0, 64)}\n${sha('y').slice(0, 60)}==\n-----END PUBLIC KEY-----\n`;
export const signers: Signer[] = [
  { id: 'office', algorithm: 'p256', signature_algorithm: 'ecdsa-sha256', bits: 256, fingerprint: sha('office key'), public_key: pem, private_key: 'vault', created: iso(now - 300 * DAY), retired: null, ready: true, groups: ['letters'], keys: [{ fingerprint: sha('office key'), public_key: pem, created: iso(now - 100 * DAY) }, { fingerprint: sha('old key'), public_key: pem, created: iso(now - 300 * DAY) }] },
  { id: 'shipping-desk', algorithm: 'ed25519', signature_algorithm: 'ed25519', bits: 256, fingerprint: sha('ship key'), public_key: pem, private_key: '/etc/bulla/ship.pem', created: iso(now - 39 * DAY), retired: null, ready: false, problem: 'The file /etc/bulla/ship.pem cannot be read.', groups: ['shipping'], keys: [{ fingerprint: sha('ship key'), public_key: pem, created: iso(now - 39 * DAY) }] },
];
export const settings: Setting[] = [
  { name: 'signature_verification_enabled', description: 'Whether archived messages are verified and shown with a tick', type: 'flag', level: 'server', unit: '', allowed: '1 or 0', default: '1', value: null, effective: '1', source: 'default', source_scope: '', why: 'a public key is set' },
  { name: 'signature_public_key_path', description: 'PEM public key for verification', type: 'path', level: 'server', unit: '', allowed: 'a file or a folder', default: '', value: '/etc/bulla/office.pub.pem', effective: '/etc/bulla/office.pub.pem', source: 'server', source_scope: 'server' },
  { name: 'message_size', description: 'Largest message that is taken', type: 'size', level: 'domain', unit: 'octets', least: 65536, most: 1073741824, allowed: '64K to 1G', default: '25M', value: null, effective: '25M', source: 'default', source_scope: '' },
  { name: 'queue_lifetime', description: 'How long delivery is tried', type: 'time', level: 'domain', unit: 'seconds', least: 3600, most: 2592000, allowed: '1h to 30d', default: '5d', value: '3d', effective: '3d', source: 'server', source_scope: 'server' },
  { name: 'dkim_self_check', description: 'What happens when a signature just made does not verify', type: 'choice', level: 'server', unit: '', choices: ['stop', 'alarm'], allowed: 'stop, alarm', default: 'stop', value: null, effective: 'stop', source: 'default', source_scope: '' },
  { name: 'send_as', description: 'Whose addresses a logged-in sender may use', type: 'choice', level: 'account', unit: '', choices: ['own', 'domain', 'any'], allowed: 'own, domain, any', default: 'own', value: null, effective: 'own', source: 'default', source_scope: '' },
];
export const audit: AuditEntry[] = Array.from({ length: 140 }, (_, i) => ({
  index: COUNT + 12 - i * 3, at: iso(now - i * 5.3 * 3600e3), actor: pick(['admin', 'tomas.brandt', 'admin', 'system'], i),
  action: pick(['setting.set', 'account.passwd', 'dkim.activate', 'session.begin', 'group.member.add', 'key.use'], i * 3), target: pick(['message_size', 'mara.lindqvist', 'harbour.example', 'letters', 'office'], i * 7),
  detail: pick(['{"from":"10M","to":"25M"}', '{}', '{"selector":"bulla2026"}', '{"signatures":412}'], i * 9),
}));
export const checkpoints: Checkpoint[] = Array.from({ length: 300 }, (_, i) => ({
  size: COUNT + 12 - i * 4, root: sha(i === 0 ? 'root' : `root ${i}`), at: iso(now - 40e3 - i * 310e3), note: `mail.harbour.example/node1-16a8d5f4\n${COUNT + 12 - i * 4}\n${Buffer.from(sha(i === 0 ? 'root' : `root ${i}`), 'hex').toString('base64')}\n\n— mail.harbour.example/node1-16a8d5f4 ${sha('sig' + i)}\n`,
}));
// What each role may call, in short; src/services/access.cpp has it.
const own = ['auth.', 'session.', 'token.', 'totp.', 'events'];
const looking = ['domain.list', 'settings.get', 'settings.list', 'dkim.list', 'dns.check', 'account.list'];
export const PERMISSIONS: Record<string, string[]> = {
  user: [...own, 'account.list'],
  domain_admin: [...own, ...looking, 'dkim.', 'settings.', 'account.'],
  auditor: [...own, ...looking, 'signer.list', 'group.list', 'queue.list', 'queue.show', 'archive.', 'log.', 'job.', 'explain', 'stats', 'search', 'status', 'audit.list', 'setup.checklist'],
  admin: ['*'],
};

export const policyAnswer = (address: string): PolicyAnswer => ({
  sender: address, author: address, why: 'line 2 (=:) is for our own domains, and harbour.example is one', line: 2, missed: [], refused: '',
  signatures: [{ domain: 'harbour.example', selector: 'bulla2026', algorithm: 'rsa-sha256', canonicalization: 'relaxed/relaxed', expire_after: 1209600, body_length: false, identity: address, fingerprint: sha('k'), key_of: 'harbour.example', by: 'policy' }],
});
