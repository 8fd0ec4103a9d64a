import { describe, expect, it } from 'vitest';
import { asksAbout, emptyEntry, readLine, spanOf, whomOf, withLine, writeEntry } from './lines';

// The lines of the source of dkimdomains, each as short as it is written there.
const WHOLE = ['*:', '=:default', '.heaven.com:||me@devil.com', 'heaven.com:january,eddy||~|500000|s:5:l', '!example.net:', 'cloud1.com:january|postmaster@cloud.com|||t::l', ':eddy,x'];

describe('c4_1 DK_03 lines of dkimdomains as rows', () => {
  it('takes them apart and puts them together again', () => {
    for (const line of WHOLE.slice(0, 6)) {
      const read = readLine(line);
      expect('entry' in read ? writeEntry(read.entry) : read.text, line).toBe(line);
    }
    expect(readLine('heaven.com:january,eddy||~|500000|s:5:l')).toEqual({ entry: { who: 'heaven.com', selectors: 'january,eddy', sdid: '', auid: '~', expire: '500000', c: 's', z: '5', l: true } });
  });
  it('leaves what is no entry as it is', () => {
    for (const text of ['', '# a comment: yes', 'no colon', ':eddy', 'a:1|2|3|4|5|6', 'a:||||r:2:x', 'a:||||r:2:l:x']) expect(readLine(text), text).toEqual({ text });
  });
  it('writes no field that is empty from the right', () => {
    expect(writeEntry({ ...emptyEntry(), who: '*' })).toBe('*:');
    expect(writeEntry({ ...emptyEntry(), who: 'a.org', z: '4' })).toBe('a.org:||||:4');
    expect(writeEntry({ ...emptyEntry(), who: 'a.org', l: true })).toBe('a.org:||||::l');
  });
  it('tells whom a line is for', () => {
    expect(['*', '=', '!a.org', '.a.org', 'a.org'].map(whomOf)).toEqual(['all', 'ours', 'never', 'parent', 'exact']);
  });
  it('changes, adds and takes away lines of a text', () => {
    expect(withLine('a:\nb:\n', 1, 'c:')).toBe('a:\nc:\n');
    expect(withLine('a:\nb:', 2, 'c:')).toBe('a:\nb:\nc:\n');
    expect(withLine('a:\nb:\n', 0, null)).toBe('b:\n');
    expect(withLine('a:\n', 0, null)).toBe('');
    expect(withLine('', 0, 'a:')).toBe('a:\n');
  });
  it('finds lines and addresses', () => {
    expect([1, 2, 3, 9].map((n) => spanOf('ab\nc\n', n))).toEqual([[0, 2], [3, 4], [5, 5], [5, 5]]);
    expect(['<>', 'a@b.org', 'a', 'a@', 'a b@c', ''].map(asksAbout)).toEqual([true, true, false, false, false, false]);
  });
});
