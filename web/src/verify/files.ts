// What somebody dropped or chose → files by their names; an archive is opened.
import { size } from '$lib/format';
import { t } from '$lib/i18n';
import type { Files } from './check';
import { Malformed } from './octets';
import { isTar, readTar } from './tar';

/** A page that holds more than this gets slow; README.txt tells the commands that check the same. */
const MOST = 512 * 1024 * 1024;
const MOST_FILES = 200;

export class Unreadable extends Error {}

export async function readFiles(list: readonly File[]): Promise<Files> {
  const words = t.verify.problems;
  if (list.length > MOST_FILES) throw new Unreadable(words.many);
  if (list.reduce((sum, file) => sum + file.size, 0) > MOST) throw new Unreadable(words.tooLarge(size(MOST)));
  const files: Files = new Map();
  for (const file of list) {
    let octets: Uint8Array;
    try {
      octets = new Uint8Array(await file.arrayBuffer());
    } catch {
      throw new Unreadable(words.read);
    }
    if (!isTar(octets) && !file.name.endsWith('.tar')) {
      files.set(file.name, octets);
      continue;
    }
    try {
      for (const [name, content] of readTar(octets)) files.set(name, content);
    } catch (error) {
      throw error instanceof Malformed ? new Unreadable(words.tar) : error;
    }
  }
  return files;
}
