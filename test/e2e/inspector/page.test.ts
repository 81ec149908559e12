import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PyroProxy } from 'nestjs-pyro';
import type { PyroTarget } from '../../../lib/daemon/contract/target.js';
import type { InspectorState } from '../../../lib/inspector/contract/contract.js';
import { Program } from '../../../scripts/program.js';
import { PythonServer } from '../../interop/client/python-server.js';
import { CommandLineProgram } from '../../command-line-program.js';
import { findChromium } from '../../chromium.js';
import { Camera, InspectedApp } from './fixtures.js';

const CHROMIUM_MS = 600_000;
/** Playwright waits for 30 s; a busy machine may need longer. */
const PAGE_MS = 120_000;
/** Directory for pictures of the page, for a person to look at. */
const PICTURES = process.env.INSPECTOR_PICTURES;
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };

let browser: Browser;
let inspected: InspectedApp;
beforeAll(async () => {
  const { executablePath, env } = await findChromium();
  browser = await chromium.launch({ executablePath, env: { ...process.env, ...env } as Record<string, string> });
  inspected = await InspectedApp.start({ allowCalls: true, intervalMs: 200 });
}, CHROMIUM_MS);
afterAll(async () => {
  await browser?.close();
  await inspected?.[Symbol.asyncDispose]();
});

let context: BrowserContext | undefined;
/** Faults of the page: requests to other machines, breaches of its policy, errors in its console. */
let faults: string[];
afterEach(async () => {
  await context?.close();
  context = undefined;
  // closed streams that wait for the bell end
  Camera.bell.emit('ring');
});

/** Opens the inspector, as it is at first, and notes every fault. */
async function open(
  path = '/pyro',
  options: Parameters<Browser['newContext']>[0] = {},
  origin = inspected.origin,
): Promise<Page> {
  faults = [];
  context = await browser.newContext({ viewport: WIDE, ...options });
  context.setDefaultTimeout(PAGE_MS);
  const page = await context.newPage();
  // shorter than the limit of a test, so that the error names the expected state
  page.setDefaultTimeout(20_000);
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
  await page.goto(origin + path);
  await page.getByRole('status').getByText('live').waitFor();
  return page;
}

function openMethod(page: Page, objectId: string, method: string): Promise<ReturnType<Page['locator']>> {
  return openMember(page, objectId, new RegExp(`^${method}\\(`));
}

/** @param signature as the page shows it */
async function openMember(page: Page, objectId: string, signature: RegExp): Promise<ReturnType<Page['locator']>> {
  await page.getByRole('link', { name: objectId }).click();
  await page.locator('summary', { hasText: signature }).click();
  return page.locator('details.member', { has: page.locator('summary', { hasText: signature }) });
}

/** Waits until a method or a stream of the camera waits for its bell. */
async function isAwaited(): Promise<void> {
  await expect.poll(() => Camera.bell.listenerCount('ring')).toBeGreaterThan(0);
}

const streamCount = (): number => inspected.server.unwrap().streamCount;

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

describe('the page of the inspector', () => {
  it('the page lists the objects with their members, and asks nobody else', async () => {
    const page = await open();
    await page.getByRole('link', { name: 'lab.camera' }).click();
    await page.getByRole('heading', { name: 'lab.camera' }).waitFor();
    await page.getByText('expose(seconds: number, binning?)').waitFor();
    await page.getByText('configure(settings: Settings)').waitFor();
    expect(faults).toEqual([]);
  });

  it('the page tells that it cannot draw a part, and draws the others', async () => {
    const page = await open();
    const state = (await (await inspected.get('pyro/snapshot')).json()) as InspectorState;
    const snapshot = { ...state.servers[0]!.snapshot!, connections: [null] };
    const text = JSON.stringify({ ...state, servers: [{ ...state.servers[0]!, snapshot }] });
    await page.route('**/events?*', (route) => route.fulfill({ contentType: 'text/event-stream', body: `data: ${text}\n\n` }));
    await page.reload();
    await page.getByRole('link', { name: 'Connections' }).click();
    await page
      .getByRole('alert')
      .getByText(/^The page cannot draw the connections: TypeError.*Reload the page\.$/)
      .waitFor();
    await page.getByRole('link', { name: 'Objects' }).click();
    await page.getByRole('link', { name: 'lab.camera' }).click();
    await page.getByText('configure(settings: Settings)').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('the page calls a method with the fields of its form, and shows the result and the line of Python', async () => {
    const page = await open('/pyro/');
    const form = await openMethod(page, 'lab.camera', 'expose');
    await form.getByRole('textbox', { name: 'seconds' }).fill('0.5');
    await form.getByRole('textbox', { name: 'binning' }).fill('2');
    await form.getByRole('button', { name: 'Call expose' }).click();
    await form.getByText('"file": "/data/exposure-0001.fits"').waitFor();
    const uri = String(inspected.server.unwrap().uriFor('lab.camera'));
    await form.getByText(`Pyro5.api.Proxy("${uri}").expose(0.5, 2)`).waitFor();
    await picture(page, 'call-light-wide');
    expect(faults).toEqual([]);
  });

  it.each(['/lab/inspector', '/lab/inspector/'])(
    'the page works behind a reverse proxy that gives it the path %s',
    async (path) => {
      const proxy = createServer((request, response) => {
        const { url = '', method, headers } = request;
        const target = inspected.origin + url.replace(/^\/lab\/inspector/, '/pyro');
        const forwarded = httpRequest(target, { method, headers }, (answer) => {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
        });
        forwarded.on('error', () => response.destroy());
        response.on('close', () => forwarded.destroy());
        request.pipe(forwarded);
      }).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      try {
        const page = await open(path, {}, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
        const form = await openMethod(page, 'lab.camera', 'expose');
        await form.getByRole('textbox', { name: 'seconds' }).fill('0.5');
        await form.getByRole('button', { name: 'Call expose' }).click();
        await form.getByText('"file": "/data/exposure-').waitFor();
        expect(faults).toEqual([]);
        await page.close();
      } finally {
        proxy.close();
        proxy.closeAllConnections();
      }
    },
  );

  it('the page has a field for each member of a class, and sends the dict of the class', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'aim');
    await form.getByRole('textbox', { name: 'name' }).fill('12');
    await form.getByRole('combobox', { name: 'exposed' }).selectOption('true');
    const written = form.getByRole('textbox', { name: /^at/ });
    expect(await written.inputValue()).toBe('{"__class__":"lab.Target","name":"12","exposed":true}');
    await form.getByText('.aim({"__class__": "lab.Target", "name": "12", "exposed": True})').waitFor();
    await form.getByRole('button', { name: 'Call aim' }).click();
    await form.getByRole('region', { name: 'Result of aim' }).getByText('Target 12 true').waitFor();
    // what is written as JSON is shown in the members
    await written.fill('{"name": "M31"}');
    expect(await form.getByRole('textbox', { name: 'name' }).inputValue()).toBe('M31');
    await form.getByLabel('Python literals').check();
    expect(await form.getByRole('textbox', { name: 'name' }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('the page has fields for nested members, lists and enums, with the rules of class-validator', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'plan');
    await form.getByRole('combobox', { name: 'mode' }).selectOption('fast');
    const settings = form.getByRole('group', { name: 'settings' });
    await settings.getByText('max 4').waitFor();
    await settings.getByRole('textbox', { name: 'binning' }).fill('2');
    await form.getByRole('button', { name: 'Add to targets' }).click();
    await form.getByRole('button', { name: 'Add to targets' }).click();
    await form.getByRole('group', { name: 'targets 1' }).getByRole('textbox', { name: 'name' }).fill('Vega');
    await form.getByRole('group', { name: 'targets 2' }).getByRole('textbox', { name: 'name' }).fill('M31');
    await form.getByRole('button', { name: 'Remove targets 1' }).click();
    expect(await form.getByRole('textbox', { name: /^plan/ }).inputValue()).toBe(
      '{"mode":"fast","settings":{"binning":2},"targets":[{"__class__":"lab.Target","name":"M31"}]}',
    );
    await form.getByRole('button', { name: 'Call plan' }).click();
    const result = form.getByRole('region', { name: 'Result of plan' });
    await result.getByText('"name": "M31"').waitFor();
    await result.getByText('"binning": 2').waitFor();
    await picture(page, 'members-light-wide');
    expect(faults).toEqual([]);
  });

  it('the page fills the value of an attribute in by its members, writes it and reads it', async () => {
    const page = await open();
    const form = await openMember(page, 'lab.camera', /^preset: Settings$/);
    await form.getByRole('group', { name: 'preset, member by member' }).getByText('max 4').waitFor();
    await form.getByRole('textbox', { name: 'gain' }).fill('7');
    await form.getByRole('textbox', { name: 'binning' }).fill('2');
    await form.getByText('.preset = {"binning": 2, "gain": 7}').waitFor();
    await form.getByRole('button', { name: 'Write preset' }).click();
    const value = form.getByRole('region', { name: 'Value of preset' });
    await value.getByText('null').waitFor();
    await form.getByRole('button', { name: 'Read preset' }).click();
    await value.getByText('"gain": 7').waitFor();
    await picture(page, 'attribute-light-wide');
    await form.getByLabel('Python literals').check();
    expect(await form.getByRole('textbox', { name: 'gain' }).count()).toBe(0);
    await form.getByRole('textbox', { name: /^preset/ }).fill("{'binning': 3, 'gain': None}");
    await form.getByRole('button', { name: 'Write preset' }).click();
    await value.getByText('null').waitFor();
    await form.getByRole('button', { name: 'Read preset' }).click();
    await value.getByText('"binning": 3').waitFor();
    expect(faults).toEqual([]);
  });

  it('the page fills lists and enums of attributes in, with the keyboard alone', async () => {
    const page = await open();
    const targets = await openMember(page, 'lab.camera', /^targets: list of Target$/);
    await targets.getByRole('button', { name: 'Add to targets' }).press('Enter');
    await targets.getByRole('group', { name: 'targets 1' }).getByRole('textbox', { name: 'name' }).focus();
    await page.keyboard.type('Vega');
    // the keyboard's way out of a field sends the form, as in every form
    await page.keyboard.press('Enter');
    await targets.getByRole('region', { name: 'Value of targets' }).getByText('null').waitFor();
    await targets.getByRole('button', { name: 'Read targets' }).press('Enter');
    await targets.getByRole('region', { name: 'Value of targets' }).getByText('"name": "Vega"').waitFor();
    const mode = await openMember(page, 'lab.camera', /^mode/);
    await mode.getByRole('combobox', { name: 'mode' }).focus();
    await page.keyboard.press('f');
    expect(await mode.getByRole('textbox', { name: 'mode' }).inputValue()).toBe('"fast"');
    await mode.getByRole('button', { name: 'Write mode' }).press('Enter');
    await mode.getByRole('region', { name: 'Value of mode' }).getByText('null').waitFor();
    await mode.getByRole('button', { name: 'Read mode' }).press('Enter');
    await mode.getByRole('region', { name: 'Value of mode' }).getByText('fast').waitFor();
    expect(faults).toEqual([]);
  });

  it('the page shows texts of peers as texts', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'describe');
    await form.getByRole('button', { name: 'Call describe' }).click();
    await form.getByText('onerror').waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('Pyro inspector');
    expect(faults).toEqual([]);
  });

  it('the page shows an exception with the traceback of the object and the stack of the inspector', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'break');
    await form.getByRole('button', { name: 'Call break' }).click();
    await form.getByText('the shutter is stuck').first().waitFor();
    await form.getByText('Stack of the inspector').waitFor();
    await page.getByRole('link', { name: /^Failures/ }).click();
    await page.getByRole('cell', { name: 'lab.camera.break' }).first().waitFor();
    expect(faults).toEqual([]);
  });

  it('the page shows the refusal of a guard, of a call and of a handshake', async () => {
    const page = await open();
    const park = await openMethod(page, 'lab.camera', 'park');
    await park.getByRole('button', { name: 'Call park' }).click();
    await park.getByText('Forbidden resource').first().waitFor();
    const move = await openMethod(page, 'lab.mount', 'move');
    await move.getByRole('textbox', { name: 'by' }).fill('3');
    await move.getByRole('button', { name: 'Call move' }).click();
    await move
      .getByText(/rejected/)
      .first()
      .waitFor();
    await page.getByRole('textbox', { name: /^Handshake data/ }).fill('secret');
    await move.getByRole('button', { name: 'Call move' }).click();
    await move.getByRole('region', { name: 'Result of move' }).getByText('3').waitFor();
    // the same connection, so the same instance
    await move.getByRole('button', { name: 'Call move' }).click();
    await move.getByRole('region', { name: 'Result of move' }).getByText('6').waitFor();
    expect(faults).toEqual([]);
  });

  it('the page pauses a stream at its source, resumes the stream and stops it', async () => {
    const page = await open();
    let reading = 0;
    page.on('request', (request) => (reading += request.url().endsWith('/stream') ? 1 : 0));
    page.on('requestfinished', (request) => (reading -= request.url().endsWith('/stream') ? 1 : 0));
    const form = await openMethod(page, 'lab.camera', 'frames');
    await form.getByRole('button', { name: 'Call frames' }).click();
    const items = form.getByRole('list', { name: 'Items' });
    await items.getByText('1', { exact: true }).waitFor();
    await form.getByRole('button', { name: 'Pause stream' }).click();
    await form.getByRole('status').getByText('paused').waitFor();
    await expect.poll(() => reading).toBe(0);
    const { produced } = Camera;
    // other work goes on meanwhile
    const expose = await openMethod(page, 'lab.camera', 'expose');
    await expose.getByRole('textbox', { name: 'seconds' }).fill('1');
    await expose.getByRole('button', { name: 'Call expose' }).click();
    await expose.getByText('"seconds": 1').waitFor();
    expect(Camera.produced).toBe(produced);
    await form.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => Camera.produced).toBeGreaterThan(produced);
    await form.getByRole('button', { name: 'Stop stream' }).click();
    await expect.poll(() => Camera.openStreams).toBe(0);
  });

  it('the page resumes a slow stream that was paused while it waited for an item', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'rings');
    await form.getByRole('button', { name: 'Call rings' }).click();
    await isAwaited();
    for (let turn = 0; turn < 3; turn++) {
      await form.getByRole('button', { name: 'Pause stream' }).click();
      await form.getByRole('button', { name: 'Resume' }).click();
    }
    const asked = page.waitForRequest('**/pyro/stream');
    Camera.bell.emit('ring');
    await form.getByRole('list', { name: 'Items' }).getByText('1', { exact: true }).waitFor();
    await asked;
    await isAwaited();
    await form.getByRole('button', { name: 'Pause stream' }).click();
    Camera.bell.emit('ring');
    // this item was asked for before the pause
    await form.getByRole('list', { name: 'Items' }).getByText('2', { exact: true }).waitFor();
    await form.getByRole('status').getByText('paused').waitFor();
    await form.getByRole('button', { name: 'Stop stream' }).click();
    await expect.poll(streamCount).toBe(0);
    expect(faults).toEqual([]);
  });

  it('the page does not end a stream whose request is refused, and resumes the stream', async () => {
    const page = await open();
    await page.route('**/pyro/stream', (route) => route.fulfill({ status: 429, json: { error: 'too many calls' } }), {
      times: 1,
    });
    const form = await openMethod(page, 'lab.camera', 'frames');
    await form.getByRole('button', { name: 'Call frames' }).click();
    await form.getByText('too many calls').waitFor();
    await form.getByRole('button', { name: 'Resume' }).click();
    await form.getByRole('list', { name: 'Items' }).getByText('1', { exact: true }).waitFor();
    await form.getByRole('button', { name: 'Stop stream' }).click();
    await expect.poll(streamCount).toBe(0);
  });

  it('the page closes a stream when its method is called again, when another object or view is shown, and when the page is left', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'rings');
    const call = async (): Promise<void> => {
      await form.getByRole('button', { name: 'Call rings' }).click();
      await form.getByRole('status').getByText('reading').waitFor();
      await expect.poll(streamCount).toBe(1);
    };
    await call();
    // more often than maxStreams and maxCalls allow at a time
    for (let times = 0; times < 9; times++) await call();
    await page.getByRole('link', { name: 'lab.mount' }).click();
    await expect.poll(streamCount).toBe(0);
    await page.getByRole('link', { name: 'lab.camera' }).click();
    await form.getByRole('status').getByText('stopped').waitFor();
    await call();
    await page.getByRole('link', { name: /^Limits/ }).click();
    await expect.poll(streamCount).toBe(0);
    await page.getByRole('link', { name: /^Objects/ }).click();
    await page.getByRole('link', { name: 'lab.camera' }).click();
    await call();
    await page.goto('about:blank');
    await expect.poll(streamCount).toBe(0);
  });

  it('the page closes a stream that comes when another object is shown already', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'laterRings');
    await form.getByRole('button', { name: 'Call laterRings' }).click();
    await isAwaited();
    await page.getByRole('link', { name: 'lab.mount' }).click();
    Camera.bell.emit('ring');
    await page.getByRole('link', { name: 'lab.camera' }).click();
    await form.getByRole('status').getByText('stopped').waitFor();
    await expect.poll(streamCount).toBe(0);
    expect(faults).toEqual([]);
  });

  it('the page keeps what was typed, and the result of a running call, while another object or view is shown', async () => {
    const page = await open();
    const form = await openMethod(page, 'lab.camera', 'ring');
    await form.getByRole('textbox', { name: 'text' }).fill('twice');
    await form.getByRole('button', { name: 'Call ring' }).click();
    await isAwaited();
    await page.getByRole('link', { name: 'lab.mount' }).click();
    await page.getByRole('heading', { name: 'lab.mount' }).waitFor();
    await page.getByRole('link', { name: /^Failures/ }).click();
    await page.getByRole('heading', { name: 'lab.mount' }).waitFor({ state: 'hidden' });
    Camera.bell.emit('ring');
    await page.getByRole('link', { name: /^Objects/ }).click();
    await page.getByRole('link', { name: 'lab.camera' }).click();
    await form.getByRole('region', { name: 'Result of ring' }).getByText('rung twice').waitFor();
    expect(await form.getByRole('textbox', { name: 'text' }).inputValue()).toBe('twice');
    expect(faults).toEqual([]);
  });

  it('the page of a server with many objects lists some of them, and the filter finds the others', async () => {
    const daemon = inspected.server.unwrap();
    const target: PyroTarget = {
      metadata: { methods: new Set(['light']), oneway: new Set(), attrs: new Set() },
      invoke: () => undefined,
      getAttribute: () => undefined,
      setAttribute: () => undefined,
      isCallback: () => false,
    };
    for (let index = 0; index < 300; index++) daemon.registerTarget(`lab.lamp-${index}`, target);
    try {
      const page = await open('/pyro#objects/lab.lamp-299');
      await page.getByRole('heading', { name: 'lab.lamp-299' }).waitFor();
      await page.getByText(/further objects not listed/).waitFor();
      expect(await page.getByRole('region', { name: 'Objects' }).getByRole('link').count()).toBeLessThanOrEqual(200);
      await page.getByRole('searchbox', { name: 'Filter' }).fill('LAMP-287');
      await page.getByRole('link', { name: 'lab.lamp-287' }).click();
      await page.getByRole('heading', { name: 'lab.lamp-287' }).waitFor();
      expect(faults).toEqual([]);
    } finally {
      for (let index = 0; index < 300; index++) daemon.unregister(`lab.lamp-${index}`);
    }
  });

  it('the page shows connections as they come and go', async () => {
    const page = await open('/pyro#connections');
    const uri = inspected.server.unwrap().uriFor('lab.mount');
    const proxy = await PyroProxy.connect(uri, { handshake: 'secret' });
    await page.getByRole('cell', { name: 'anna' }).first().waitFor();
    await picture(page, 'connections-light-wide');
    await proxy.$release();
    expect(faults).toEqual([]);
  });

  it('the page can be used with the keyboard alone', async () => {
    const page = await open();
    const press = async (key: string, until: string): Promise<void> => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press(key);
        const text = await page.evaluate<string>(
          "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''",
        );
        if (text.startsWith(until)) return;
      }
      throw new Error(`the focus never came to ${until}`);
    };
    await press('Tab', 'lab.camera');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'lab.camera' }).waitFor();
    await press('Tab', 'expose(');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('0.5');
    await page.keyboard.press('Enter');
    await page.getByText('"file": "/data/exposure-0001.fits"').waitFor();
    const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).not.toBe('none');
  });

  it.each([
    ['light', 'wide', WIDE],
    ['dark', 'wide', WIDE],
    ['light', 'narrow', NARROW],
    ['dark', 'narrow', NARROW],
  ] as const)('the page is accessible and fits, %s and %s', async (colorScheme, width, viewport) => {
    const page = await open('/pyro#objects/lab.camera', { colorScheme, viewport });
    for (const view of ['objects', 'connections', 'streams', 'limits', 'names', 'failures']) {
      await page.goto(`${inspected.origin}/pyro#${view}${view === 'objects' ? '/lab.camera' : ''}`);
      if (view === 'objects') {
        await page.locator('summary', { hasText: /^expose\(/ }).click();
        await page.getByRole('textbox', { name: 'seconds' }).fill('0.5');
        await page.getByRole('button', { name: 'Call expose' }).click();
        await page.getByText('"file": "/data/exposure-0001.fits"').waitFor();
        await page.locator('summary', { hasText: /^plan\(/ }).click();
        await page.getByRole('button', { name: 'Add to targets' }).click();
        await page.locator('summary', { hasText: /^preset:/ }).click();
        await page.getByRole('group', { name: 'preset, member by member' }).getByRole('textbox', { name: 'gain' }).fill('7');
      }
      await picture(page, `${view}-${colorScheme}-${width}`);
      // the policy of the page forbids scripts from elsewhere, so the examination comes by the debugger
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate<AxeResults>('axe.run()');
      const findings = violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
      expect(findings, view).toEqual([]);
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(overflow, `${view} is wider than the window`).toBeLessThanOrEqual(0);
    }
    expect(faults).toEqual([]);
  });

  it('the page shows and calls objects of a daemon of Python, from the command line', async () => {
    const python = await PythonServer.start('thread');
    const program = await CommandLineProgram.make();
    const inspecting = new Program(process.execPath, [program.file, 'inspect', python.uri('thing'), '--allow-calls', '--json']);
    try {
      const { url } = JSON.parse(`{${await inspecting.line('{')}`) as { url: string };
      const { origin, pathname } = new URL(url);
      const page = await open(pathname, {}, origin);
      const form = await openMethod(page, 'thing', 'echo');
      await form.getByLabel('Further arguments').fill('["a", 1]');
      await form.getByRole('button', { name: 'Call echo' }).click();
      await form.getByRole('region', { name: 'Result of echo' }).getByText('"a"').waitFor();
      expect(faults).toEqual([]);
    } finally {
      await inspecting.stop();
      await program.remove();
      await python.kill();
    }
  });
});
