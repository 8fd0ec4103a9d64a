import { language, t } from '$lib/i18n';

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const clockSeconds = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const dayClock = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayMonth = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
const dayYear = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric' });
const whole = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 });

export const number = (n: number): string => whole.format(n);
/** 12.3K; for charts and tight places. */
export const compact = (n: number): string => short.format(n);

/** 10240 → "10 KB" (1 KB = 1024 octets). */
export function size(octets: number): string {
  if (octets < 1024) return `${octets} B`;
  const units = ['KB', 'MB', 'GB', 'TB', 'PB'];
  let value = octets;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const full = (time: string): string => dateTime.format(new Date(time));

/** For a column of times: the clock today, day and clock this year, else the date. */
export function brief(time: string, now = new Date()): string {
  const at = new Date(time);
  if (at.toDateString() === now.toDateString()) return clock.format(at);
  return at.getFullYear() === now.getFullYear() ? dayClock.format(at) : dayYear.format(at);
}

/** Hours, minutes and seconds. */
export const clockTime = (time: string): string => clockSeconds.format(new Date(time));

/** The label of an axis that is `seconds` long: clocks for a day, days for more. */
export function axisTime(ms: number, seconds: number): string {
  return (seconds <= 2 * 86400 ? clock : dayMonth).format(new Date(ms));
}

/** Seconds as people say them: 45 s, 12 min, 5 h, 3 days. */
export function span(seconds: number): string {
  const s = Math.abs(seconds);
  if (s < 60) return t.common.seconds(Math.round(s));
  if (s < 3600) return t.common.minutes(Math.round(s / 60));
  if (s < 86400) return t.common.hours(Math.round(s / 3600));
  return t.common.days(Math.round(s / 86400));
}

export function relative(time: string, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  if (Math.abs(seconds) < 5) return t.common.now;
  return seconds < 0 ? t.common.ago(span(seconds)) : t.common.inTime(span(seconds));
}

/** The difference of two RFC 3339 times in milliseconds, microseconds kept: "2026-11-22T06:10:00.123456Z". */
export function milliseconds(from: string, to: string): number {
  const micros = (text: string) => {
    const fraction = /\.(\d{1,6})/.exec(text)?.[1] ?? '';
    return Math.floor(Date.parse(text.replace(/\.\d+/, '')) / 1000) * 1e6 + Number(fraction.padEnd(6, '0'));
  };
  return (micros(to) - micros(from)) / 1000;
}

export function elapsed(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return span(ms / 1000);
}

/** The beginning and the end of a long hash. */
export const shorten = (hash: string, ends = 8): string => (hash.length <= 2 * ends + 1 ? hash : `${hash.slice(0, ends)}…${hash.slice(-ends)}`);

/** An argument of a command line, quoted when a shell would read it otherwise. */
export const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
