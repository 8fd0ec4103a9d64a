export interface HeaderLine {
  /** The field's name on its first line; '' on folded lines. */
  name: string;
  text: string;
  /** The end of the line by name: CRLF, LF, CR, or '' at the end of the text. */
  end: string;
}

/** Splits header text into lines; tabs are shown as →, line ends by name. */
export function splitLines(text: string): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (const match of text.matchAll(/([^\r\n]*)(\r\n|\n|\r|$)/g)) {
    const [whole, line, end] = match;
    if (whole === '') break;
    const name = /^([!-9;-~]+):/.exec(line!)?.[1] ?? '';
    lines.push({
      name,
      text: line!.slice(name ? name.length + 1 : 0).replaceAll('\t', '→ '),
      end: end!.replace('\r', 'CR').replace('\n', 'LF'),
    });
  }
  return lines;
}
