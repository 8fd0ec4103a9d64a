// The filters of the list, as they stand in the address, in the line that people type, and in the question to the API.

export const FILTERS = ['sender', 'recipient', 'subject', 'direction', 'check', 'group', 'from', 'to'] as const;
export type FilterName = (typeof FILTERS)[number];
export type Filters = Partial<Record<FilterName, string>>;

const WORDS: Record<string, FilterName> = { from: 'sender', to: 'recipient', group: 'group', since: 'from', before: 'to' };
const ID = /^[0-9A-HJKMNP-TV-Z]{13}$/i;

/** What somebody typed: `from:` and `to:` name addresses, `since:` and `before:` days, all else looks in the subject; an id opens its message. */
export function parseFilter(text: string): { filters: Filters; id?: string } {
  const trimmed = text.trim();
  if (ID.test(trimmed)) return { filters: {}, id: trimmed.toUpperCase() };
  const filters: Filters = {};
  const rest: string[] = [];
  for (const word of trimmed.split(/\s+/)) {
    const found = /^(from|to|group|since|before):(.+)$/i.exec(word);
    const name = found ? WORDS[found[1]!.toLowerCase()] : undefined;
    const value = found?.[2] ?? '';
    if (name === 'from' || name === 'to') {
      const day = Date.parse(value);
      if (Number.isNaN(day)) rest.push(word);
      else filters[name] = new Date(day).toISOString();
    } else if (name) filters[name] = value;
    else if (word) rest.push(word);
  }
  if (rest.length > 0) filters.subject = rest.join(' ');
  return { filters };
}

export function filtersOf(query: URLSearchParams): Filters {
  const filters: Filters = {};
  for (const name of FILTERS) {
    const value = query.get(name);
    if (value) filters[name] = value;
  }
  return filters;
}

/** The beginning of a day `days` ago, in the time of the viewer. */
export function daysAgo(days: number, now = new Date()): string {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).toISOString();
}
