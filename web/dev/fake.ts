// The development server's API: the paths of openapi.yaml, answered from data.ts. /api/v1/dev?empty=1&role=auditor&out=1 changes what it is like.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import type { Job } from '../src/lib/api/types';
import * as data from './data.ts';

type Handler = (c: { params: string[]; query: URLSearchParams; body: string; res: ServerResponse }) => unknown;

const problem = (res: ServerResponse, status: number, code: string, detail: string, extra: object = {}) => {
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/problem+json');
  res.end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail, ...extra }));
  return undefined;
};
const session = () => ({
  login: data.state.role === 'admin' ? 'admin' : data.state.role, address: 'admin@harbour.example', role: data.state.role, domains: [], totp: false,
  expires: '2026-11-29T00:00:00.000000Z', must_change_password: data.state.mustChange, csrf: 'csrf-value',
  permissions: data.PERMISSIONS[data.state.role],
});
const page = <T>(items: T[], query: URLSearchParams) => {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Math.min(Number(query.get('limit') ?? 100), 1000);
  return { items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : undefined };
};
const find = (id: string) => data.messages.find((m) => m.id === id);
let job: Job | null = null;

function filtered(q: URLSearchParams) {
  if (data.state.empty) return [];
  const has = (list: string[], text: string) => list.some((a) => a.toLowerCase().includes(text.toLowerCase()));
  return data.messages.filter(
    (m) =>
      (!q.get('check') || m.check === q.get('check')) && (!q.get('direction') || m.direction === q.get('direction')) &&
      (!q.get('sender') || has([m.sender, ...(m.from ?? [])], q.get('sender')!)) && (!q.get('recipient') || has(m.recipients, q.get('recipient')!)) &&
      (!q.get('subject') || m.subject.toLowerCase().includes(q.get('subject')!.toLowerCase())) && (!q.get('from') || m.received >= q.get('from')!) &&
      (!q.get('to') || m.received < q.get('to')!),
  );
}

const VIEW = `<!doctype html><meta charset="utf-8"><style>body{font:15px/1.5 Georgia,serif;margin:24px;max-width:640px}td{border-bottom:1px solid #ccc;padding:4px 16px 4px 0}</style>
<p>Dear Ms Lindqvist,</p><p>please find the revised quantities below. The second lot leaves Gdynia on Thursday; we ask you to confirm by Monday noon.</p>
<table><tr><td>Flanges DN 80</td><td>240</td></tr><tr><td>Gaskets</td><td>480</td></tr><tr><td>Bolts M16</td><td>1,920</td></tr></table>
<p><a href="https://portal.kontor-nord.example/o/1183" target="_blank">See the offer</a> <small>[portal.kontor-nord.example]</small></p><p>With kind regards,<br>H. Okafor</p><script>parent.hacked=1</script>`;

const routes: [string, RegExp, Handler][] = [
  ['GET', /^\/session$/, ({ res }) => (data.state.loggedIn ? session() : problem(res, 401, 'auth.no_session', 'Nobody is logged in.'))],
  ['POST', /^\/session$/, ({ body, res }) => {
    const b = JSON.parse(body);
    if (b.user === 'locked') return problem(res, 429, 'auth.locked', 'too many failures; try again in 30 s', { retry_after: 30 });
    if (b.user === 'totp' && !b.totp) return problem(res, 401, 'auth.totp_needed', 'a code is needed');
    if (b.password === 'wrong') return problem(res, 401, 'auth.failed', 'wrong');
    data.state.loggedIn = true;
    return session();
  }],
  ['DELETE', /^\/session$/, () => void (data.state.loggedIn = false)],
  ['PUT', /^\/password$/, () => ((data.state.mustChange = false), { login: 'ann', sessions_ended: 0, tokens_revoked: 0 })],
  ['GET', /^\/status$/, () => data.status()],
  ['GET', /^\/checklist$/, () => ({ items: data.checklist() })],
  ['POST', /^\/checklist\/([^/]+)\/confirm$/, () => undefined],
  ['GET', /^\/stats$/, ({ query }) => data.stats(query.get('range') ?? '24h')],
  ['GET', /^\/search$/, ({ query }) => {
    const q = query.get('q')!.toLowerCase();
    return {
      items: [
        ...data.messages.filter((m) => (m.subject + m.sender + m.id).toLowerCase().includes(q)).slice(0, 8).map((m) => ({ kind: 'message', id: m.id, title: m.subject || m.id, detail: m.sender, page: `/messages/${m.id}` })),
        ...data.domains.filter((d) => d.name.includes(q)).map((d) => ({ kind: 'domain', id: d.name, title: d.name, page: `/domains/${d.name}` })),
        ...data.accounts.filter((a) => a.address.includes(q)).map((a) => ({ kind: 'account', id: a.login, title: a.login, detail: a.address, page: `/accounts/${a.login}` })),
        ...data.settings.filter((s) => s.name.includes(q)).map((s) => ({ kind: 'setting', id: s.name, title: s.name, detail: s.description, page: `/settings?name=${s.name}` })),
      ].slice(0, 20),
    };
  }],
  ['GET', /^\/messages$/, ({ query }) => page(filtered(query), query)],
  ['POST', /^\/messages\/verify$/, ({ body, res }) => {
    const b = JSON.parse(body || '{}');
    job = { id: 'J1', kind: 'verify', state: 'running', done: 0, total: b.all ? data.COUNT : b.ids.length, bad: 0, began: new Date().toISOString(), ended: null, findings: [] };
    res.statusCode = 202;
    return job;
  }],
  ['GET', /^\/jobs\/([^/]+)$/, ({ res }) => {
    if (!job) return problem(res, 404, 'job.missing', 'There is no such job.');
    if (job.state === 'running') {
      job = { ...job, done: Math.min(job.total, job.done + Math.max(3, Math.ceil(job.total / 14))) };
      if (job.done === job.total) job = { ...job, state: 'done', bad: job.total > 2 ? 1 : 0, ended: new Date().toISOString(), findings: job.total > 2 ? [{ id: data.messages[2]!.id, check: 'record', state: 'bad', text: 'The stored octets differ from what was sealed.' }] : [] };
    }
    return job;
  }],
  ['DELETE', /^\/jobs\/([^/]+)$/, () => void (job = job && { ...job, state: 'cancelled', ended: new Date().toISOString() })],
  ['GET', /^\/messages\/([^/]+)$/, ({ params, res }) => {
    const m = find(params[0]!);
    return m ? data.life(m) : problem(res, 404, 'archive.no_message', `There is no message ${params[0]}.`);
  }],
  ['POST', /^\/messages\/([^/]+)\/verify$/, ({ params, res }) => {
    const m = find(params[0]!);
    if (!m) return problem(res, 404, 'archive.no_message', 'There is no such message.');
    if (m.check === 'unchecked') m.check = 'verified';
    m.checked = new Date().toISOString();
    return data.verification(m);
  }],
  ['GET', /^\/messages\/([^/]+)\/content$/, () => ({
    fields: [
      { name: 'From', value: 'H. Okafor <h.okafor@lagos-freight.example>', raw: 'From: H. Okafor <h.okafor@lagos-freight.example>' }, { name: 'To', value: 'mara.lindqvist@harbour.example' },
      { name: 'Subject', value: 'Offer 2026-1183, revised quantities' }, { name: 'Date', value: 'Sun, 22 Nov 2026 07:31:07 +0100' }, { name: 'Message-ID', value: '<a7f@lagos-freight.example>' },
      { name: 'MIME-Version', value: '1.0' }, { name: 'Content-Type', value: 'multipart/mixed; boundary="b1"' }, { name: 'X-Mailer', value: 'Courier 4.2' },
    ],
    text: 'Dear Ms Lindqvist,\n\nplease find the revised quantities below.\n', has_html: true,
    parts: [{ part: '1', type: 'text/html', size: 2113, disposition: 'inline' }, { part: '2', type: 'application/pdf', name: 'offer-1183.pdf', size: 88121, disposition: 'attachment' }, { part: '3', type: 'image/jpeg', name: 'lot 2 – photograph <of> the "crates".jpg', size: 1288121, disposition: 'attachment' }],
  })],
  ['GET', /^\/messages\/([^/]+)\/view$/, ({ res }) => {
    res.setHeader('Content-Type', 'text/html; charset=utf-8');
    res.setHeader('Content-Security-Policy', "sandbox allow-popups; default-src 'none'; img-src data:; style-src 'unsafe-inline'");
    res.end(VIEW);
  }],
  ['GET', /^\/messages\/([^/]+)\/raw$/, ({ params, res }) => {
    const m = find(params[0]!)!;
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    res.end(`From: ${m.from?.[0]}\r\nTo: ${m.to?.join(', ')}\r\nSubject: ${m.subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear all,\r\n\r\n\tthe second lot leaves on Thursday.\r\n`);
  }],
  ['GET', /^\/log$/, () => ({ origin: 'mail.harbour.example/node1-16a8d5f4', size: data.status().log_size, root: data.sha('root'), key: data.status().log_key, signed: data.checkpoints[0]!.at, checkpoint: data.checkpoints[0]!.note, forks: [] })],
  ['GET', /^\/log\/checkpoints$/, ({ query }) => page(data.checkpoints, query)],
  ['GET', /^\/log\/checkpoint$/, ({ res }) => void (res.setHeader('Content-Type', 'text/plain'), res.end(data.checkpoints[0]!.note))],
  ['POST', /^\/log\/consistency$/, ({ body }) => ({ consistent: !body.includes('0'), reason: 'The log holds everything that the older checkpoint counted, unchanged and in the same order.', from_size: 3000, to_size: data.COUNT + 12, proof: [data.sha('a'), data.sha('b')] })],
  ['GET', /^\/queue$/, ({ query }) => page(data.state.empty ? [] : data.queue.filter((d) => (!query.get('state') || d.state === query.get('state')) && (!query.get('destination') || d.destination.includes(query.get('destination')!)) && (!query.get('address') || d.recipients.some((r) => r.includes(query.get('address')!)))), query)],
  ['GET', /^\/queue\/([^/]+)$/, ({ params, res }) => data.queue.find((d) => d.id === params[0]) ?? problem(res, 404, 'queue.gone', 'It is over.')],
  ['POST', /^\/queue\/([^/]+)\/(retry|hold|release)$/, ({ params }) => void data.setQueue(data.queue.map((d) => (d.id === params[0] ? { ...d, state: params[1] === 'hold' ? 'held' : 'queued', next_attempt: new Date().toISOString() } : d)))],
  ['DELETE', /^\/queue\/([^/]+)$/, ({ params }) => void data.setQueue(data.queue.filter((d) => d.id !== params[0]))],
  ['GET', /^\/dkim\/policy$/, () => ({ source: data.state.policy ? 'instance' : 'keys', file: '', key_directory: '', revision: 7, entries: 2, broken: '', own: { lines: 2, in_force: true, differs_at: 0 } })],
  ['GET', /^\/dkim\/policy\/text$/, () => ({ text: data.state.policy, mark: String(data.state.policy.length) })],
  ['PUT', /^\/dkim\/policy\/text$/, ({ body }) => ((data.state.policy = JSON.parse(body).text), { entries: 2, warnings: [], in_force: true })],
  ['POST', /^\/dkim\/policy\/try$/, ({ body }) => {
    const asked = JSON.parse(body) as { text: string; address?: string };
    const lines = asked.text.split('\n');
    const errors = lines.flatMap((line, i) => (line && !line.startsWith('#') && !line.includes(':') ? [{ line: i + 1, column: line.length + 1, text: 'a colon is missing' }] : []));
    return { entries: lines.filter((line) => line && !line.startsWith('#')).length - errors.length, errors, warnings: [], more: 0, ...(asked.address && errors.length === 0 ? { address: data.policyAnswer(asked.address) } : {}) };
  }],
  ['GET', /^\/domains$/, () => ({ items: data.state.empty ? [] : data.domains })],
  ['POST', /^\/domains$/, ({ body, res }) => {
    const { name } = JSON.parse(body);
    if (data.domains.some((d) => d.name === name)) return problem(res, 409, 'domain.exists', `${name} is there already`, { field: 'name' });
    data.domains.push({ name, created: new Date().toISOString(), disabled: false, accounts: 0, dkim_keys: 0 });
    return { name };
  }],
  ['PATCH', /^\/domains\/([^/]+)$/, ({ params, body }) => void Object.assign(data.domains.find((d) => d.name === params[0])!, JSON.parse(body))],
  ['DELETE', /^\/domains\/([^/]+)$/, ({ params, res }) => {
    const i = data.domains.findIndex((d) => d.name === params[0]);
    if (data.domains[i]?.accounts) return problem(res, 409, 'domain.in_use', `${params[0]} has ${data.domains[i].accounts} accounts`);
    data.domains.splice(i, 1);
    return undefined;
  }],
  ['GET', /^\/domains\/([^/]+)\/dns$/, ({ params }) => ({ items: [{ domain: params[0]!, records: data.dns(params[0]!) }] })],
  ['GET', /^\/domains\/([^/]+)\/keys$/, ({ params }) => ({ items: data.dkimKeys(params[0]!) })],
  ['POST', /^\/domains\/([^/]+)\/keys$/, ({ params, body }) => ({ ...data.dkimKeys(params[0]!)[0]!, ...JSON.parse(body) })],
  ['PATCH', /^\/domains\/([^/]+)\/keys\/([^/]+)$/, () => undefined],
  ['POST', /^\/domains\/([^/]+)\/keys\/([^/]+)\/test$/, ({ params }) => ({ domain: params[0], selector: params[1], self: 'pass', result: 'pass', detail: '' })],
  ['POST', /^\/domains\/([^/]+)\/keys\/([^/]+)\/record$/, ({ params }) => ({ items: [{ domain: params[0], selector: params[1], name: `${params[1]}._domainkey.${params[0]}`, server: '192.0.2.53:53', state: 'published', error: null }] })],
  ['POST', /^\/domains\/([^/]+)\/records$/, () => ({ items: [] })],
  ['POST', /^\/domains\/([^/]+)\/rotation(\/check)?$/, ({ params }) => ({ items: data.dkimKeys(params[0]!) })],
  ['DELETE', /^\/domains\/([^/]+)\/keys\/([^/]+)$/, () => undefined],
  ['GET', /^\/accounts$/, () => ({ items: data.accounts })],
  ['POST', /^\/accounts$/, ({ body }) => ({ ...JSON.parse(body), login: JSON.parse(body).login ?? JSON.parse(body).address, one_time_password: 'k7mq-x2pd-9vtr-hw4n' })],
  ['PATCH', /^\/accounts\/([^/]+)$/, ({ params, body }) => void Object.assign(data.accounts.find((a) => a.login === params[0]) ?? {}, JSON.parse(body))],
  ['DELETE', /^\/accounts\/([^/]+)$/, () => undefined],
  ['PUT', /^\/accounts\/([^/]+)\/password$/, ({ params }) => ({ login: params[0], one_time_password: 'k7mq-x2pd-9vtr-hw4n' })],
  ['DELETE', /^\/accounts\/([^/]+)\/totp$/, () => undefined],
  ['GET', /^\/groups$/, () => ({ items: data.state.empty ? [] : data.groups })],
  ['POST', /^\/groups$/, ({ body }) => {
    const g = { archiving: true, archival_signer: '', members: [], ...JSON.parse(body), created: new Date().toISOString() };
    data.groups.push(g);
    return g;
  }],
  ['PATCH', /^\/groups\/([^/]+)$/, ({ params, body }) => void Object.assign(data.groups.find((g) => g.name === params[0])!, JSON.parse(body))],
  ['DELETE', /^\/groups\/([^/]+)$/, ({ params }) => void data.groups.splice(data.groups.findIndex((g) => g.name === params[0]), 1)],
  ['POST', /^\/groups\/([^/]+)\/members$/, ({ params, body }) => void data.groups.find((g) => g.name === params[0])!.members.push(JSON.parse(body).pattern)],
  ['DELETE', /^\/groups\/([^/]+)\/members$/, ({ params, query }) => { const g = data.groups.find((x) => x.name === params[0])!; g.members = g.members.filter((m) => m !== query.get('pattern')); }],
  ['GET', /^\/signers$/, () => ({ items: data.state.empty ? [] : data.signers })],
  ['POST', /^\/signers$/, ({ body }) => ({ ...data.signers[0], ...JSON.parse(body) })],
  ['POST', /^\/signers\/([^/]+)\/(rotate|retire)$/, () => data.signers[0]],
  ['GET', /^\/settings$/, () => ({ items: data.settings })],
  ['PUT', /^\/settings\/([^/]+)$/, ({ params, body, res }) => {
    const s = data.settings.find((x) => x.name === params[0])!;
    const { value } = JSON.parse(body);
    if (value === 'bad') return problem(res, 422, 'setting.bad', `${s.name} takes ${s.allowed}`, { field: 'value' });
    Object.assign(s, { value, effective: value, source: 'server', source_scope: 'server' });
    return s;
  }],
  ['DELETE', /^\/settings\/([^/]+)$/, ({ params }) => Object.assign(data.settings.find((x) => x.name === params[0])!, { value: null, effective: data.settings.find((x) => x.name === params[0])!.default, source: 'default' })],
  ['GET', /^\/audit$/, ({ query }) => page(data.audit, query)],
  ['GET', /^\/sessions$/, () => ({ items: [
    { id: 's1', login: 'admin', created: '2026-11-22T05:00:00.000000Z', last_seen: new Date().toISOString(), expires: '2026-11-29T05:00:00.000000Z', user_agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0', address: '192.0.2.41', current: true },
    { id: 's2', login: 'admin', created: '2026-11-20T05:00:00.000000Z', last_seen: '2026-11-21T15:00:00.000000Z', expires: '2026-11-27T05:00:00.000000Z', user_agent: 'Mozilla/5.0 (iPhone) Safari/605.1', address: '198.51.100.80', current: false },
  ] })],
  ['DELETE', /^\/sessions(\/[^/]+)?$/, () => undefined],
  ['GET', /^\/tokens$/, () => ({ items: [{ id: 't1', login: 'admin', name: 'backup script', scopes: ['read'], created: '2026-09-01T00:00:00.000000Z', expires: '2027-09-01T00:00:00.000000Z', last_used: '2026-11-22T02:00:00.000000Z' }] })],
  ['POST', /^\/tokens$/, ({ body }) => ({ id: 't2', login: 'admin', scopes: ['read'], ...JSON.parse(body), created: new Date().toISOString(), token: `bulla_${data.sha('token').slice(0, 40)}` })],
  ['DELETE', /^\/tokens\/([^/]+)$/, () => undefined],
  ['POST', /^\/totp$/, () => ({ login: 'admin', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', uri: 'otpauth://totp/bulla:admin?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=bulla' })],
  ['POST', /^\/totp\/confirm$/, ({ body, res }) => (JSON.parse(body).code === '000000' ? problem(res, 422, 'totp.wrong', 'The code does not fit.', { field: 'code' }) : undefined)],
  ['DELETE', /^\/totp$/, () => undefined],
  ['POST', /^\/explain$/, () => {
    const l = data.life(data.messages.find((m) => m.direction === 'out')!);
    return { reply: '250 2.0.0 Ok', accepted: true, archived: true, signers: ['office'], stages: l.stages.filter((s) => s.name !== 'deliver' && s.name !== 'receive'), copies: [{ recipients: l.recipients, route: 'default', added: l.stages.find((s) => s.name === 'sign')!.copies![0]!.added, converted: false }] };
  }],
  ['POST', /^\/reload$/, () => ({ revision: 42 })],
];

function events(res: ServerResponse) {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  res.write(':\n\n');
  const timer = setInterval(() => res.write(`event: status\ndata: ${JSON.stringify({ queued: data.status().queued })}\n\n`), 5000);
  res.on('close', () => clearInterval(timer));
}

async function answer(req: IncomingMessage, res: ServerResponse) {
  const url = new URL(req.url!, 'http://localhost');
  const path = url.pathname.slice('/api/v1'.length);
  if (path === '/events') return events(res);
  if (path === '/dev') {
    const q = url.searchParams;
    Object.assign(data.state, { empty: q.has('empty'), role: q.get('role') ?? 'admin', loggedIn: !q.has('out'), mustChange: q.has('change') });
    return res.end('ok');
  }
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  for (const [method, pattern, run] of routes) {
    const found = method === req.method ? pattern.exec(path) : null;
    if (!found) continue;
    const value = run({ params: found.slice(1).map(decodeURIComponent), query: url.searchParams, body: Buffer.concat(chunks).toString(), res });
    if (res.writableEnded) return undefined;
    if (value === undefined) res.statusCode = 204;
    else {
      res.setHeader('Content-Type', 'application/json');
      if (res.statusCode === 200 && req.method === 'POST' && !path.includes('verify')) res.statusCode = 201;
    }
    return res.end(value === undefined ? '' : JSON.stringify(value));
  }
  return problem(res, 404, 'http.not_found', `${req.method} ${path} is not there`);
}

const CSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export function fakeApi(): Plugin {
  return {
    name: 'bulla-fake-api',
    configureServer(server) {
      server.middlewares.use((req, res, next) => {
        if (req.url?.startsWith('/api/v1/')) void answer(req, res);
        else {
          // Near to what the program sends; the development server itself needs inline styles.
          res.setHeader('Content-Security-Policy', CSP);
          next();
        }
      });
    },
    configurePreviewServer(server) {
      server.middlewares.use((req, res, next) => {
        if (req.url?.startsWith('/api/v1/')) void answer(req, res);
        else {
          res.setHeader('Content-Security-Policy', CSP.replace(" 'unsafe-inline'", '').replace(' ws:', ''));
          next();
        }
      });
    },
  };
}
