import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { expose, LogEntry, PyroDaemon, type PyroLogger, PyroProxy, readConfig } from '../../../lib/core.js';
import { environmentLogger } from '../../../lib/logging/environment-logger.js';
import { FAILING, followFailures } from '../../failing-callbacks.js';

class Lamp {
  switch(on: boolean): boolean {
    return on;
  }
  fail(): never {
    throw new RangeError('no power');
  }
}
expose(Lamp, 'switch', 'fail');

const { ended, warnings } = followFailures();

it.each(FAILING)(
  'a logger that fails %s harms neither the daemon nor its calls, and is a warning of the process',
  async (_, failing) => {
    const logger: PyroLogger = { debug: failing('debug'), info: failing('info'), warn: failing('warn'), error: failing('error') };
    const errors: unknown[] = [];
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1', logger, accessLog: true });
    daemon.on('error', (error) => errors.push(error));
    const lamp = PyroProxy.to<Lamp>(daemon.register(new Lamp(), 'lamp'));
    for (let n = 0; n < 40; n++) expect(await lamp.switch(true)).toBe(true);
    await expect(lamp.fail()).rejects.toThrow('no power');
    await lamp.$release();
    daemon.reportError(new Error('of the daemon'));
    await daemon.close();
    await vi.waitFor(() => expect(warnings().length).toBeGreaterThanOrEqual(20));
    expect(warnings()).toEqual(expect.arrayContaining(['debug', 'info']));
    // further warnings are counted, and no warning becomes an entry of the same logger
    expect(warnings()).toHaveLength(20);
    expect(errors.map(String)).toEqual(['Error: of the daemon']);
    expect(ended).toEqual([]);
  },
);

it('PYRO_LOGFILE={stderr} passes over that nobody reads stderr any more', async () => {
  let hasFailed = false;
  const unread = new Writable({
    write: (_chunk, _encoding, done) => {
      setImmediate(() => {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
        hasFailed = true;
      });
    },
  });
  vi.spyOn(process, 'stderr', 'get').mockReturnValue(unread as unknown as typeof process.stderr);
  const logger = environmentLogger(readConfig({ PYRO_LOGLEVEL: 'INFO', PYRO_LOGFILE: '{stderr}' }))!;
  logger.info(new LogEntry('a line', {}));
  await vi.waitFor(() => expect(hasFailed).toBe(true));
  await new Promise(setImmediate);
  logger.info(new LogEntry('a further line', {}));
  await new Promise(setImmediate);
  expect(ended).toEqual([]);
});

it('a log file that cannot be written is opened again at a later entry, with one warning for each break', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pyro-log-'));
  const logs = join(folder, 'logs');
  const file = join(logs, 'own.log');
  let now = 5_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const logger = environmentLogger(readConfig({ PYRO_LOGLEVEL: 'INFO', PYRO_LOGFILE: file }))!;
  const log = (text: string): void => logger.info(new LogEntry(text, {}));
  log('without a folder');
  await vi.waitFor(() => expect(warnings()).toHaveLength(1));
  expect(warnings()[0]).toContain('ENOENT');
  await mkdir(logs);
  now += 999;
  log('too early');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(existsSync(file)).toBe(false);
  // a second failed attempt belongs to the same break
  await rm(logs, { recursive: true });
  now += 1;
  log('still without a folder');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await mkdir(logs);
  const written = async (): Promise<string> => readFile(file, 'utf8').catch(() => '');
  // the file is opened as soon as the failed attempt has ended
  await vi.waitFor(() => {
    now += 1_000;
    log('with a folder');
    return vi.waitFor(async () => expect(await written()).toContain('with a folder'), 50);
  }, 20_000);
  expect(warnings()).toHaveLength(1);
  await rm(folder, { recursive: true });
  expect(ended).toEqual([]);
});

it('a log file on a full disk is one warning, however often it is opened again', async (context) => {
  if (!existsSync('/dev/full')) return context.skip();
  let now = 5_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const logger = environmentLogger(readConfig({ PYRO_LOGLEVEL: 'INFO', PYRO_LOGFILE: '/dev/full' }))!;
  for (let n = 0; n < 3; n++) {
    logger.info(new LogEntry('no space', {}));
    await vi.waitFor(() => expect(warnings()[0]).toContain('ENOSPC'));
    now += 1_000;
  }
  expect(warnings()).toHaveLength(1);
  expect(ended).toEqual([]);
});
