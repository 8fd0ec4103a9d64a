/** Whether each word of the query begins a word of the text or stands within it; capitals and accents do not count. */
export function matches(text: string, query: string): boolean {
  const plain = (s: string) => s.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const hay = plain(text);
  return plain(query).split(/\s+/).every((word) => hay.includes(word));
}

/** A capital at the beginning, if a word stands there: names, paths and addresses stay as they are written. */
export function capital(text: string): string {
  return /^[a-z]+(?=[\s,;:]|$)/.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text;
}

/** What the program says in lower case without an end, as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' ? '' : capital(trimmed) + (/[.!?…]$/.test(trimmed) ? '' : '.');
}
