/**
 * Opens every guide of the site, and the search, in Chromium: `check-site.js [--pictures DIRECTORY]`, after `npm run docs`.
 *
 * A page fails when its scripts fail, when it asks another host for anything, or when it is wider than the window. Each page is opened in a
 * wide window with light colours. Then the window becomes narrow, and the colours dark.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { findChromium } from '../test/chromium.js';
import { packageRoot } from './package-root.js';

const SITE = join(packageRoot, 'build', 'site');
const VIEWS = [
  { name: 'wide', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'narrow', viewport: { width: 390, height: 800 }, colorScheme: 'dark' },
] as const;
/** Texts for the search, of each group of the map, and the title of a page that the search has to show for each. */
const QUESTIONS: readonly (readonly [question: string, answer: string])[] = [
  ['handshake guards', 'Handshake guards'],
  ['first steps', 'First steps'],
  ['no free workers', 'Troubleshooting'],
  ['unknown object', 'Troubleshooting'],
  ['item stream terminated', 'Troubleshooting'],
  ['datetime decimal', 'Values'],
  ['callTimeoutMs', 'Proxies'],
  ['retries', 'Connections of the client'],
  ['maxConnections', 'Limits'],
  ['lease', 'Running a name server'],
  ['throttler', 'throttler'],
  ['docker', 'Deployment'],
  ['environment', 'Configuration from the environment'],
  ['numpy camera', 'Frames of a NumPy camera'],
  ['PyroProxy', 'PyroProxy'],
];
/** Counts cells with a text of more than 60 characters that are narrower than 120 pixels. */
const NARROW_CELLS =
  "[...document.querySelectorAll('td')].filter((cell) => cell.innerText.length > 60 && cell.offsetWidth < 120).length";
const MOST_TOLD = 20;

const { values } = parseArgs({ options: { pictures: { type: 'string' } } });
const guides = (await readdir(join(SITE, 'documents')))
  .filter((name) => name.endsWith('.html'))
  .map((name) => `documents/${name}`);
const pages = ['index.html', ...guides];
const faults: string[] = [];

const { executablePath, env } = await findChromium();
const browser = await chromium.launch({
  executablePath,
  env: { ...process.env, ...env } as Record<string, string>,
  // as a web server gives the pages: files of one directory are of one origin
  args: ['--allow-file-access-from-files'],
});
try {
  await openAll(await browser.newPage());
} finally {
  await browser.close();
}
for (const fault of faults.slice(0, MOST_TOLD)) console.error(`FAILED: ${fault}`);
console.log(`${pages.length} pages at ${VIEWS.length} widths, ${faults.length} faults`);
if (faults.length > 0) process.exitCode = 1;

async function openAll(page: Page): Promise<void> {
  let current = '';
  const note = (what: string): void => void faults.push(`${current}: ${what}`);
  page.on('pageerror', (error) => note(error.message));
  page.on('console', (message) => message.type() === 'error' && note(message.text()));
  page.on('request', (request) => /^(?:file|data|blob):/.test(request.url()) || note(`asks for ${request.url()}`));
  page.on('requestfailed', (request) => note(`does not find ${request.url()}`));
  for (const name of pages) {
    for (const view of VIEWS) {
      current = `${name}, ${view.name}`;
      await show(page, view);
      if (view === VIEWS[0]) {
        await page.goto(pathToFileURL(join(SITE, name)).href);
        // typedoc hides the page until its script has run
        await page.waitForFunction('document.body.offsetWidth > 0');
      }
      await look(page, note);
      if (values.pictures !== undefined && (name === 'index.html' || /Guards|Limits/.test(name)))
        await page.screenshot({ path: join(values.pictures, `${view.name}-${name.replaceAll('/', '-')}.png`) });
    }
  }
  for (const view of VIEWS) {
    current = `search, ${view.name}`;
    await show(page, view);
    await search(page, note);
  }
}

async function show(page: Page, { viewport, colorScheme }: (typeof VIEWS)[number]): Promise<void> {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
}

async function look(page: Page, note: (what: string) => void): Promise<void> {
  const narrowCells = await page.evaluate<number>(NARROW_CELLS);
  if (narrowCells > 0) note(`has ${narrowCells} cells of tables that are too narrow for their texts`);
  const widerBy = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
  if (widerBy > 0) note(`is ${widerBy} pixels wider than the window`);
}

/** The index is loaded once: it is large. */
async function search(page: Page, note: (what: string) => void): Promise<void> {
  await page.goto(pathToFileURL(join(SITE, 'index.html')).href);
  await page.click('#tsd-search-trigger');
  const options = page.locator('#tsd-search-results [role=option]');
  for (const [question, answer] of QUESTIONS) {
    // the answers to the question before must be gone
    await page.fill('#tsd-search-input', '');
    await options.first().waitFor({ state: 'detached' });
    await page.fill('#tsd-search-input', question);
    await options.first().waitFor();
    const found = await options.allInnerTexts();
    if (!found.some((text) => text.includes(answer))) note(`"${question}" does not find ${answer}, but ${found.join('; ')}`);
  }
}
