/** Whether each word of the query begins a word of the text or stands within it; capitals and accents do not count. */
export function matches(text: string, query: string): boolean {
  const plain = (s: string) => s.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const hay = plain(text);
  return plain(query).split(/\s+/).every((word) => hay.includes(word));
}
