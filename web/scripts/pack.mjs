// After `vite build`: compresses each file, holds the first load to its budget and writes the list that the program embeds.
//   node scripts/pack.mjs DIST LIST
// A line of LIST: address, file, media type, ETag, immutable|revalidate, separated by tabs. FILE.gz and FILE.br exist where they are smaller.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const BUDGET = 150 * 1024; // octets of the first load, gzip
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

const [dist, list] = process.argv.slice(2).map((p) => resolve(p));
const files = readdirSync(dist, { recursive: true })
  .map(String)
  .filter((name) => statSync(join(dist, name)).isFile() && !/\.(gz|br)$/.test(name))
  .sort();

const transfer = new Map();
const lines = [];
for (const name of files) {
  const file = join(dist, name);
  const type = TYPES[extname(name)];
  if (!type) throw new Error(`pack: no media type is known for ${name}`);
  const bytes = readFileSync(file);
  let size = bytes.length;
  for (const ending of ['.gz', '.br']) rmSync(file + ending, { force: true });
  if (!['.woff2', '.png'].includes(extname(name))) {
    const gzip = gzipSync(bytes, { level: 9 });
    const brotli = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    if (gzip.length < bytes.length) {
      writeFileSync(file + '.gz', gzip);
      size = gzip.length;
    }
    if (brotli.length < bytes.length) writeFileSync(file + '.br', brotli);
  }
  transfer.set(name, size);
  const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const address = name === 'index.html' ? '/' : name.endsWith('.html') ? '/' + name.slice(0, -5) : '/' + name;
  lines.push([address, file, type, etag, name.startsWith('assets/') ? 'immutable' : 'revalidate'].join('\t'));
}

// The first load: the page, the scripts and styles that it names, what these import at once, the overview, and the fonts without which no text stands.
const first = new Set(['index.html']);
const visit = (name) => {
  if (first.has(name) || !transfer.has(name)) return;
  first.add(name);
  if (!name.endsWith('.js')) return;
  const text = readFileSync(join(dist, name), 'utf8');
  for (const m of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+)["']/g)) visit('assets/' + m[1]);
};
for (const m of readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) visit(m[1]);
const needed = /(source-sans-3-latin-wght-normal|source-serif-4-latin-400-normal)|^assets\/Overview-/;
for (const name of files) if (needed.test(name)) visit(name);
const sum = [...first].reduce((n, name) => n + transfer.get(name), 0);
console.log(`first load ${(sum / 1024).toFixed(1)} KB gzip of ${BUDGET / 1024}: ${[...first].join(' ')}`);
if (sum > BUDGET) {
  console.error('pack: the first load is above its budget');
  process.exit(1);
}
// Written last: the list is what the build waits for.
writeFileSync(list, lines.join('\n') + '\n');
