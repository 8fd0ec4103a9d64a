// Values of settings as people read and type them. The program has one form of each; it decides what is right.
import type { Setting } from '$lib/api/types';
import { number } from '$lib/format';
import { t } from '$lib/i18n';

export function shown(setting: Pick<Setting, 'type'>, value: string): string {
  if (setting.type === 'flag') return value === '1' ? t.settings.on : t.settings.off;
  if (value === '') return t.settings.empty;
  return setting.type === 'number' && /^\d{1,15}$/.test(value) ? number(Number(value)) : value;
}

/** What is wrong with a value, as far as can be told here. */
export function valueProblem(setting: Setting, value: string): string {
  if (setting.type !== 'number') return '';
  if (!/^\d{1,15}$/.test(value)) return t.settings.numberWrong;
  const n = Number(value);
  const [least, most] = [setting.least ?? 0, setting.most ?? Number.MAX_SAFE_INTEGER];
  return n < least || n > most ? t.settings.range(number(least), number(most)) : '';
}

export interface Scope {
  kind: 'server' | 'domain' | 'account';
  name: string;
}
export function parseScope(text: string | null): Scope {
  const found = /^(domain|account):(.+)$/.exec(text ?? '');
  return found ? { kind: found[1] as 'domain' | 'account', name: found[2]! } : { kind: 'server', name: '' };
}
export const scopeText = ({ kind, name }: Scope): string => (kind === 'server' ? 'server' : `${kind}:${name}`);

/** Flags of the command line for a scope. */
export const scopeFlags = ({ kind, name }: Scope, quote: (text: string) => string): string => (kind === 'server' ? '' : ` --${kind} ${quote(name)}`);

const WIDTH = { server: 0, domain: 1, account: 2 };
/** Whether a setting may be set in a scope: `level` is the narrowest. */
export const settable = (setting: Setting, scope: Scope): boolean => WIDTH[scope.kind] <= WIDTH[setting.level];

/** Where the value in force comes from, in words. */
export function sourceOf(setting: Setting, scope: Scope): string {
  const w = t.settings.sources;
  if (setting.value !== null) return w.here;
  const from = parseScope(setting.source_scope);
  if (setting.source === 'domain') return w.domain(from.name || scope.name);
  if (setting.source === 'account') return w.account(from.name || scope.name);
  return setting.source === 'server' ? w.server : w.default;
}
