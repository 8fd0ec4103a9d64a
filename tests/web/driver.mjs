// Drives one Chromium for the tests beside it: a JSON object a line comes in, one goes out. Every page notes what it must never do.
import { createInterface } from 'node:readline';
import { chromium } from '../../web/node_modules/playwright-core/index.mjs';

const SWITCHES = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: SWITCHES });
const pages = new Map();
const noted = new Map();

function watch(page, origin, notes) {
  page.setDefaultTimeout(20000);
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') notes.console.push(message.text());
  });
  page.on('pageerror', (error) => notes.errors.push(String(error)));
  page.on('dialog', (dialog) => {
    notes.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('download', (download) => notes.downloads.push(download.suggestedFilename()));
  page.on('popup', (popup) => notes.popups.push(popup.url()));
  page.on('request', (request) => {
    const url = request.url();
    notes.requests.push(`${request.method()} ${url}`);
    if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:') && url !== 'about:srcdoc') notes.outside.push(url);
  });
  page.on('requestfailed', (request) => {
    if (!/csp/i.test(request.failure()?.errorText ?? '')) return;
    notes.stopped.push(request.url());
    notes.outside = notes.outside.filter((url) => url !== request.url());
  });
  page.on('response', (response) => {
    if (response.status() >= 400) notes.refused.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) notes.navigated.push(frame.url());
  });
}
const blank = () => ({ console: [], errors: [], dialogs: [], downloads: [], popups: [], requests: [], outside: [], stopped: [], refused: [], navigated: [] });

const revive = (value) => {
  if (Array.isArray(value)) return value.map(revive);
  if (value && typeof value === 'object') {
    if ('$re' in value) return new RegExp(value.$re);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, revive(one)]));
  }
  return value;
};

const operations = {
  async open({ name, origin, options, flag }) {
    const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC', ...options });
    // What hostile mail would call if it ever ran.
    await context.addInitScript(flag);
    const page = await context.newPage();
    const notes = blank();
    watch(page, origin, notes);
    pages.set(name, page);
    noted.set(name, notes);
  },
  async close({ name }) {
    await pages.get(name).context().close();
    pages.delete(name);
  },
  notes({ name }) {
    const notes = noted.get(name);
    const copy = { ...notes };
    Object.assign(notes, blank());
    return copy;
  },
  // A chain of calls on the page, as [method, arguments] each: [["getByRole", ["button"]], ["click", []]].
  async call({ name, chain }) {
    let at = pages.get(name);
    for (const [method, args] of chain) {
      const member = at[method];
      at = await (typeof member === 'function' ? member.apply(at, revive(args)) : member);
    }
    if (Buffer.isBuffer(at)) return { base64: at.toString('base64') };
    return at === null || typeof at !== 'object' || Array.isArray(at) || Object.getPrototypeOf(at) === Object.prototype ? at : null;
  },
  // Answers the list of messages with `count` rows like the first real one, and any check of them with yes.
  async many({ name, count }) {
    const page = pages.get(name);
    await page.route('**/api/v1/messages?*', async (route) => {
      const url = new URL(route.request().url());
      const from = Number(url.searchParams.get('cursor') ?? 0);
      url.searchParams.delete('cursor');
      const first = (await (await route.fetch({ url: url.href })).json()).items[0];
      const limit = Math.min(Number(url.searchParams.get('limit') ?? 50), count - from);
      const items = Array.from({ length: limit }, (_, i) => {
        const id = `0${(from + i).toString(32).toUpperCase().padStart(12, '0')}`;
        return { ...first, id, subject: `Letter ${from + i}`, leaf: from + i, leaf_hash: (from + i + 1).toString(16).padStart(8, 'c').repeat(8) };
      });
      await route.fulfill({ json: { items, next: from + limit < count ? String(from + limit) : null } });
    });
    await page.route('**/api/v1/messages/*/verify', (route) => route.fulfill({ json: { state: 'verified', seal: 'whole', findings: [] } }));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, op, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { id, value: (await operations[op](rest)) ?? null };
  } catch (error) {
    answer = { id, error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
