// Delivery events as people read them, and as the last stage of a message's life.
import type { Event, MessageLife, Stage } from '$lib/api/types';
import { t } from '$lib/i18n';

interface Detail {
  route?: string;
  destination?: string;
  attempt?: number;
  recipients?: { to?: string; reply?: string; status?: string }[];
}

function parse(detail: string): Detail | null {
  try {
    const value: unknown = JSON.parse(detail);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Detail) : null;
  } catch {
    return null;
  }
}

/** What the other side said to a recipient; the text as it is when it is no record of a delivery. */
export function eventText(event: Pick<Event, 'detail' | 'recipient'>): string {
  const detail = parse(event.detail);
  const list = Array.isArray(detail?.recipients) ? detail.recipients : [];
  const mine = list.find((one) => one.to === event.recipient) ?? list[0];
  if (!mine?.reply) return event.detail;
  return [mine.status, mine.reply].filter(Boolean).join(' ');
}

const BAD = /fail|bounce|refus|expire/;

/** The stages, with the delivery as the last one where events tell of it and no stage does. */
export function stagesOf(message: MessageLife): Stage[] {
  const last = message.events.at(-1);
  if (!last || message.stages.some((stage) => stage.name === 'deliver')) return message.stages;
  const detail = parse(last.detail);
  const facts = [
    ...(detail?.route ? [{ name: 'route', value: String(detail.route) }] : []),
    ...(detail?.destination ? [{ name: 'destination', value: String(detail.destination) }] : []),
    ...message.events.slice(-20).map((event) => ({ name: event.kind, value: [event.recipient, eventText(event)].filter(Boolean).join(': ') })),
  ];
  return [...message.stages, { name: 'deliver', at: last.at, outcome: BAD.test(last.kind) ? 'refused' : message.deliveries.length > 0 ? 'skipped' : 'ok', text: t.messages.deliveredText, facts }];
}
