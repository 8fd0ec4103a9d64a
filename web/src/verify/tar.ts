// Files of a tar archive (POSIX ustar), as the export of a message is one.
import { Malformed } from './octets';

const BLOCK = 512;
const MOST_FILES = 400;

const text = (block: Uint8Array, from: number, length: number): string => {
  const part = block.subarray(from, from + length);
  const end = part.indexOf(0);
  return String.fromCharCode(...(end < 0 ? part : part.subarray(0, end)));
};

function octal(block: Uint8Array, from: number, length: number): number {
  const digits = text(block, from, length).trim();
  if (!/^[0-7]{1,12}$/.test(digits)) throw new Malformed('tar');
  return parseInt(digits, 8);
}

export function isTar(octets: Uint8Array): boolean {
  return octets.length >= BLOCK && text(octets, 257, 5) === 'ustar';
}

/** The plain files by their names; folders, links and what lies beyond the end of the archive are left out. Throws Malformed. */
export function readTar(octets: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= octets.length; ) {
    const head = octets.subarray(at, at + BLOCK);
    if (head.every((octet) => octet === 0)) break;
    if (text(head, 257, 5) !== 'ustar') throw new Malformed('tar');
    // The sum counts its own eight octets as spaces.
    const sum = head.reduce((n, octet, i) => n + (i >= 148 && i < 156 ? 32 : octet), 0);
    if (sum !== octal(head, 148, 8)) throw new Malformed('tar');
    const size = octal(head, 124, 12);
    at += BLOCK;
    if (at + size > octets.length) throw new Malformed('tar');
    if (head[156] === 0x30 || head[156] === 0) {
      const name = text(head, 0, 100).split('/').pop()!;
      if (files.has(name) || files.size >= MOST_FILES) throw new Malformed('tar');
      files.set(name, octets.subarray(at, at + size));
    }
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
