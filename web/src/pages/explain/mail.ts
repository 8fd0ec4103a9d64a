import { quote } from '$lib/format';

export interface Envelope {
  role: 'submission' | 'relay' | 'inbound' | 'filter';
  login: string;
  from: string;
  to: string[];
  ip: string;
  helo: string;
}

/** What goes into the question: nothing that was left empty. */
export function questionOf(envelope: Envelope) {
  const { role, login, from, to, ip, helo } = envelope;
  return { role, login: role === 'submission' && login ? login : undefined, from: from || undefined, to: to.length > 0 ? to : undefined, ip: ip || undefined, helo: helo || undefined };
}

export function commandOf(envelope: Envelope, file: string): string {
  const q = questionOf(envelope);
  const flags = (['role', 'login', 'from', 'ip', 'helo'] as const).flatMap((name) => (q[name] ? [`--${name} ${quote(q[name])}`] : []));
  return ['bulla explain', ...flags, ...(q.to ?? []).map((one) => `--to ${quote(one)}`), `< ${quote(file)}`].join(' ');
}

/** The first lines of the header, for orientation below what would be added. */
export function firstLines(text: string, most = 4): string[] {
  return text.slice(0, 4096).split(/\r?\n/).slice(0, most).filter(Boolean);
}

/** A message between two addresses, for those who have none at hand. */
export function sample(from: string, now = new Date()): string {
  const to = 'bob@example.net';
  return `From: ${from}\nTo: ${to}\nSubject: A test of what would happen\nDate: ${now.toUTCString().replace('GMT', '+0000')}\nMessage-ID: <${now.getTime()}@explain.invalid>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nHello,\n\nthis is only a test.\n`;
}

/** The address in the From field of a message; '' when there is none. */
export function authorOf(text: string): string {
  const header = text.slice(0, 65536).split(/\r?\n\r?\n/)[0]!.replace(/\r?\n[ \t]+/g, ' ');
  const field = /^From:(.*)$/im.exec(header)?.[1] ?? '';
  return (/<([^<>\s]+@[^<>\s]+)>/.exec(field)?.[1] ?? /[^\s<>,;"]+@[^\s<>,;"]+/.exec(field)?.[0] ?? '').toLowerCase();
}
