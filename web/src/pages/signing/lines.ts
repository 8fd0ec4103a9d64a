// Lines of dkimdomains as rows of a table, and back. The program alone judges them; here they are only taken apart.

export interface Entry {
  who: string;
  selectors: string;
  sdid: string;
  auid: string;
  expire: string;
  c: string;
  z: string;
  l: boolean;
}
export type Line = { entry: Entry } | { text: string };

/** What stands in the first column, told apart by its first letter. */
export type Whom = 'never' | 'parent' | 'ours' | 'all' | 'exact';

export const emptyEntry = (): Entry => ({ who: '', selectors: '', sdid: '', auid: '', expire: '', c: '', z: '', l: false });

/** Comments, empty lines and what has not the shape of an entry stay text. */
export function readLine(text: string): Line {
  const colon = text.indexOf(':');
  if (text.trim() === '' || text.startsWith('#') || colon < 1) return { text };
  const fields = text.slice(colon + 1).trimEnd().split('|');
  const options = (fields[4] ?? '').split(':');
  if (fields.length > 5 || options.length > 3 || !['', 'l'].includes(options[2] ?? '')) return { text };
  const [selectors = '', sdid = '', auid = '', expire = ''] = fields;
  return { entry: { who: text.slice(0, colon), selectors, sdid, auid, expire, c: options[0] ?? '', z: options[1] ?? '', l: options[2] === 'l' } };
}

/** The line, as short as it can be: fields are optional from the right. */
export function writeEntry(one: Entry): string {
  const options = [one.c, one.z, one.l ? 'l' : ''].join(':').replace(/:+$/, '');
  return `${one.who}:${[one.selectors, one.sdid, one.auid, one.expire, options].join('|').replace(/\|+$/, '')}`;
}

export function whomOf(who: string): Whom {
  if (who === '*') return 'all';
  if (who === '=') return 'ours';
  return who.startsWith('!') ? 'never' : who.startsWith('.') ? 'parent' : 'exact';
}

export const splitLines = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** The text with line `at` (from 0) put in the place of the old one; null takes it away; behind the last one it is added. */
export function withLine(text: string, at: number, line: string | null): string {
  const lines = splitLines(text);
  if (line === null) lines.splice(at, 1);
  else lines[Math.min(at, lines.length)] = line;
  return lines.length === 0 ? '' : lines.join('\n') + '\n';
}

/** Where in `text` the line (from 1) begins and ends. */
export function spanOf(text: string, line: number): [number, number] {
  let begin = 0;
  for (let i = 1; i < line; i++) {
    const end = text.indexOf('\n', begin);
    if (end < 0) break;
    begin = end + 1;
  }
  const end = text.indexOf('\n', begin);
  return [begin, end < 0 ? text.length : end];
}

/** An address that can be asked about: "<>" is mail without a sender. */
export const asksAbout = (address: string): boolean => address === '<>' || /^[^@\s]+@[^@\s]+$/.test(address);
