import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { AppModule } from '../../../sample/17-numpy-camera/app.module.js';
import { Program } from '../../../scripts/program.js';
import { findChromium } from '../../chromium.js';
import { ensurePythonEnv } from '../../interop/python-env.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { openWatched, type WatchedPage } from './watched-page.js';

const CHROMIUM_MS = 600_000;
const CAMERA_MS = 180_000;

let browser: Browser;
let python: string;
beforeAll(async () => {
  python = await ensurePythonEnv();
  const { executablePath, env } = await findChromium();
  browser = await chromium.launch({ executablePath, env: { ...process.env, ...env } as Record<string, string> });
}, CHROMIUM_MS);
afterAll(() => browser?.close());

let camera: Program | undefined;
let app: INestApplication | undefined;
let watched: WatchedPage | undefined;
afterEach(async () => {
  await watched?.page.context().close();
  await app?.close();
  await camera?.kill();
  watched = app = camera = undefined;
});

/** @returns the URI of the sample's camera */
async function startCamera(port: string): Promise<string> {
  const env = { PYTHONUNBUFFERED: '1', PORT: port };
  camera = new Program(python, ['sample/17-numpy-camera/server.py'], { env, timeoutMs: CAMERA_MS });
  return camera.line('ready:');
}

/** Opens the page of an application that follows a camera. */
async function open(uri: string): Promise<WatchedPage> {
  const testing = await Test.createTestingModule({ imports: [AppModule.with(uri)] }).compile();
  app = testing.createNestApplication({ forceCloseConnections: true, logger: false });
  await app.listen(0, '127.0.0.1');
  return (watched = await openWatched(browser, await app.getUrl()));
}

function pictureOf(page: Page): Promise<string> {
  return page.evaluate<string>("document.querySelector('canvas').toDataURL()");
}

/** Waits until another frame is in the canvas. */
async function frameAfter(page: Page, before: string): Promise<string> {
  await expect.poll(() => pictureOf(page), { timeout: 60_000 }).not.toBe(before);
  return pictureOf(page);
}

it('the page shows the frames of the camera as they come, says when the camera has gone away, and goes on when it is there again', async () => {
  const uri = await startCamera('0');
  const { page, faults } = await open(uri);
  const status = page.getByRole('status');
  await status.getByText(/^frame \d+, 320 x 240$/).waitFor();
  const first = await pictureOf(page);
  // the grey values of the camera: each row and each column is brighter by 1, so every second one by 2
  const corner = await page.evaluate<number[]>(
    "(() => { const { data } = document.querySelector('canvas').getContext('2d', { willReadFrequently: true }).getImageData(0, 0, 2, 2);" +
      ' return [...data.filter((_, index) => index % 4 !== 3)]; })()',
  );
  const [grey = 0] = corner;
  const greys = [grey, grey + 2, grey + 2, grey + 4].map((value) => value % 256);
  expect(corner).toEqual(greys.flatMap((value) => [value, value, value]));
  const second = await frameAfter(page, first);
  await frameAfter(page, second);

  await camera!.kill();
  await status.getByText('the camera does not answer').waitFor();
  const last = await pictureOf(page);
  await startCamera(uri.split(':').at(-1)!);
  await status.getByText(/^frame \d+, 320 x 240$/).waitFor();
  await frameAfter(page, last);
  expect(faults).toEqual([]);
});

it('the page says when the stream of the camera has ended, and shows the next one', async () => {
  const interpreter = await PythonInterpreter.start();
  try {
    const uri = await interpreter.run<string>(`
      import os
      sys.path.insert(0, os.path.abspath("sample/17-numpy-camera"))
      import numpy, pyro_numpy
      @expose
      class Camera:
          def frames(self, count):
              for grey in (10, 20, 30):
                  yield numpy.full((4, 6), grey, "uint8")
      daemon = Pyro5.server.Daemon(host="127.0.0.1")
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      return str(daemon.register(Camera, "example.camera"))`);
    const { page, faults } = await open(uri);
    // a frame is shown for a moment only: the page notes every text of the status
    await page.evaluate(
      "window.texts = []; new MutationObserver(() => texts.push(document.querySelector('[role=status]').textContent))" +
        ".observe(document.querySelector('[role=status]'), { childList: true })",
    );
    await expect
      .poll(() => page.evaluate<string>("texts.join(' | ')"), { timeout: 60_000 })
      .toMatch(/the stream has ended, the next one begins soon \| frame \d+, 3 x 2 \| /);
    expect(faults).toEqual([]);
  } finally {
    interpreter.stop();
  }
});

it('the page of the camera says when the application has gone away', async () => {
  const { page, faults } = await open(await startCamera('0'));
  const status = page.getByRole('status');
  await status.getByText(/^frame/).waitFor();
  expect(faults).toEqual([]);
  await app!.close();
  app = undefined;
  await status.getByText('the application does not answer').waitFor();
});
