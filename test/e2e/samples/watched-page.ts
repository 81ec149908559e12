import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A page, and its faults: requests to other machines, breaches of its policy, errors and warnings in its console. */
export interface WatchedPage {
  readonly page: Page;
  readonly faults: string[];
}

/** Opens the page of an application in a context of its own. */
export async function openWatched(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const faults: string[] = [];
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // shorter than that of a test, so that the error says what was waited for
  page.setDefaultTimeout(120_000);
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith('data:')) faults.push(`asked ${request.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => console.error('policy: ' + violatedDirective))",
  );
  await page.goto(origin);
  return { page, faults };
}
