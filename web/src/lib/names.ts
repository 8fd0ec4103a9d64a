// Domains as people read them. Which form that is, the program decides (`names` of what it lists): it knows which names look like others.

export type Names = Record<string, string> | undefined;

/** `text` with its domains in the form for people. */
export function spell(text: string, names: Names): string {
  let out = text;
  // The longest first: a domain may end another.
  for (const name of Object.keys(names ?? {}).sort((a, b) => b.length - a.length)) out = out.replaceAll(name, names![name]!);
  return out;
}

/** Both forms, for a filter: whoever types one of them finds the row. */
export const spelled = (text: string, names: Names): string => (names ? `${text} ${spell(text, names)}` : text);
