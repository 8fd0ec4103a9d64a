import { t } from '$lib/i18n';
import { ApiProblem } from './client';

export interface Help {
  title: string;
  text: string;
  /** The one action that helps. */
  action?: { text: string; page: string };
}

type Known = Record<string, { title?: string; text?: string; action?: { text: string; page: string } }>;

/** What to tell people about a failure: the program's own words, with what helps. */
export function helpFor(error: unknown): Help {
  if (!(error instanceof ApiProblem)) {
    return { title: t.problems.broken, text: error instanceof Error ? error.message : String(error) };
  }
  const known: Known = t.problems.codes;
  const entry = known[error.code] ?? known[error.code.split('.')[0] + '.*'];
  const generic = error.status >= 500 ? t.problems.server : error.status === 404 ? t.problems.missing : error.status === 403 ? t.problems.denied : t.problems.refused;
  const wait = error.retryAfter ? ' ' + t.problems.retryIn(error.retryAfter) : '';
  return { title: entry?.title ?? generic, text: (entry?.text ?? error.message) + wait, action: entry?.action };
}

export function problemText(error: unknown): string {
  const help = helpFor(error);
  return help.text || help.title;
}
