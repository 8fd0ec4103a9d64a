// Filters of the audit list, as people type them and as they stand in the address.
export const AUDIT_FILTERS = ['actor', 'action', 'target'] as const;
export type AuditFilters = Partial<Record<(typeof AUDIT_FILTERS)[number], string>>;

const WORDS: Record<string, keyof AuditFilters> = { who: 'actor', by: 'actor', what: 'action', of: 'target' };

export function parseAuditFilter(text: string): AuditFilters {
  const filters: AuditFilters = {};
  for (const word of text.trim().split(/\s+/).filter(Boolean)) {
    const found = /^(who|by|what|of):(.+)$/i.exec(word);
    filters[found ? WORDS[found[1]!.toLowerCase()]! : 'target'] = found ? found[2]! : word;
  }
  return filters;
}

export function auditFiltersOf(query: URLSearchParams): AuditFilters {
  return Object.fromEntries(AUDIT_FILTERS.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : [])));
}

/** The details of an act as pairs; an object of JSON, or whatever text there is. */
export function detailsOf(detail: string): { name: string; value: string }[] {
  if (!detail) return [];
  try {
    const parsed: unknown = JSON.parse(detail);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return Object.entries(parsed).map(([name, value]) => ({ name, value: typeof value === 'string' ? value : JSON.stringify(value) }));
    }
  } catch {
    // A text then.
  }
  return [{ name: '', value: detail }];
}
