import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { PyroProxy, type RemoteObject } from 'nestjs-pyro';
import { AppModule } from '../../../sample/18-lab-dashboard/app.module.js';
import { Program } from '../../../scripts/program.js';
import { findChromium } from '../../chromium.js';
import { ensurePythonEnv } from '../../interop/python-env.js';

const CHROMIUM_MS = 600_000;
const LAB_MS = 180_000;
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 740 };
/** Directory for pictures of the page, for a person to look at. */
const PICTURES = process.env.DASHBOARD_PICTURES;

interface PowerSwitch {
  turn_on(name: string): string;
  turn_off(name: string): void;
}
interface Balance {
  move_lid(isOpen: boolean): void;
}

let browser: Browser;
let lab: Program;
let powerSwitch: RemoteObject<PowerSwitch>;
let balance: RemoteObject<Balance>;
let app: INestApplication;
let page: Page;
/** Requests to other machines, broken rules of the policy, errors of the page. */
let faults: string[];

beforeAll(async () => {
  const { executablePath, env } = await findChromium();
  browser = await chromium.launch({ executablePath, env: { ...process.env, ...env } as Record<string, string> });
}, CHROMIUM_MS);
afterAll(() => browser?.close());

beforeEach(async () => {
  const env = { PYTHONUNBUFFERED: '1' };
  lab = new Program(await ensurePythonEnv(), ['sample/18-lab-dashboard/server.py'], { env, timeoutMs: LAB_MS });
  const uris = (await lab.line('ready:')).split(' ');
  powerSwitch = PyroProxy.to<PowerSwitch>(uris[3]!);
  balance = PyroProxy.to<Balance>(uris[1]!);
  const testing = await Test.createTestingModule({ imports: [AppModule.with(uris)] }).compile();
  app = testing.createNestApplication({ forceCloseConnections: true, logger: false });
  await app.listen(0, '127.0.0.1');
  page = await open(await app.getUrl());
});
afterEach(async () => {
  // the page is open: its stream of events does not delay the end of the application
  await app?.close();
  await page?.context().close();
  await Promise.all([powerSwitch?.$release(), balance?.$release()]);
  await lab?.stop();
});

async function open(origin: string): Promise<Page> {
  faults = [];
  const context = await browser.newContext({ viewport: WIDE });
  const opened = await context.newPage();
  opened.setDefaultTimeout(20_000);
  opened.on('request', (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith('data:')) faults.push(`asked ${request.url()}`);
  });
  opened.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  opened.on('pageerror', (error) => faults.push(String(error)));
  await opened.goto(origin);
  await opened.getByRole('status').getByText('connected').waitFor();
  return opened;
}

function itemOf(name: string): ReturnType<Page['locator']> {
  return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) });
}

it('the dashboard shows live values, the error of an instrument that fails, and an instrument that goes away and returns', async () => {
  for (const name of ['thermometer', 'balance', 'gauge']) await itemOf(name).getByText('live', { exact: true }).waitFor();
  const before = await itemOf('gauge').locator('.value').textContent();
  await expect.poll(() => itemOf('gauge').locator('.value').textContent()).not.toBe(before);

  await balance.move_lid(true);
  await itemOf('balance').getByText('failing: it answers with an error').waitFor();
  await itemOf('balance').getByText('RuntimeError: the lid is open').waitFor();
  await powerSwitch.turn_off('gauge');
  await itemOf('gauge').getByText('away: it does not answer').waitFor();
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/dashboard-wide.png` });

  await powerSwitch.turn_on('gauge');
  await balance.move_lid(false);
  for (const name of ['balance', 'gauge']) await itemOf(name).getByText('live', { exact: true }).waitFor();
  await itemOf('balance').getByText('RuntimeError: the lid is open').waitFor();
  expect(faults).toEqual([]);
});

it('the dashboard fits a phone, and has no fault that axe knows', async () => {
  await itemOf('gauge').getByText('live', { exact: true }).waitFor();
  await page.setViewportSize(NARROW);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(NARROW.width);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/dashboard-narrow.png` });
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
});
