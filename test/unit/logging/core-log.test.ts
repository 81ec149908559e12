import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  currentContext,
  expose,
  type LogEntry,
  oneway,
  type PyroDaemon,
  type PyroDaemonOptions,
  type PyroLogger,
  PyroProxy,
  readConfig,
} from '../../../lib/core.js';
import { environmentLogger } from '../../../lib/logging/environment-logger.js';
import { eventually, join, startDaemon } from '../daemon/fixtures.js';

class Lamp {
  @expose
  switch(_on: boolean, _more = ''): string {
    return 'done';
  }
  @expose
  fail(): never {
    throw new RangeError('no power');
  }
  @expose
  @oneway
  burn(): never {
    throw new Error('burnt');
  }
  @expose
  async slow(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  @expose
  async hang(): Promise<void> {
    await new Promise<void>((resolve) => currentContext()!.signal.addEventListener('abort', () => setTimeout(resolve, 1)));
  }
  @expose
  *steps(): Generator<number> {
    yield 1;
    yield 2;
  }
  @expose
  *badSteps(): Generator<number> {
    yield 1;
    throw new Error('stuck');
  }
}

interface RemoteLamp {
  switch(on: boolean, secret?: string): string;
  fail(): void;
  slow(): void;
  hang(): void;
  burn(): void;
  steps(): Generator<number>;
  badSteps(): Generator<number>;
}

const SECRET = 'a text that no log may have';
const entries: [string, LogEntry][] = [];
const at = (level: string) => (entry: LogEntry) => void entries.push([level, entry]);
const logger: PyroLogger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
beforeEach(() => {
  entries.length = 0;
});
const withEvent = (event: string): [string, LogEntry][] => entries.filter(([, entry]) => entry.event === event);

async function serve(options: PyroDaemonOptions = {}): Promise<{ daemon: PyroDaemon; uri: string }> {
  const daemon = await startDaemon({ logger, ...options });
  daemon.register(new Lamp(), 'lamp');
  return { daemon, uri: String(daemon.uriFor('lamp')) };
}

describe('the logger of a daemon', () => {
  it('the logger of a daemon is told where the daemon listens, who comes and goes, and that the daemon is closed', async () => {
    const { daemon, uri } = await serve();
    const lamp = await PyroProxy.connect<RemoteLamp>(uri, { handshake: SECRET });
    const [{ remoteAddress }] = daemon.connections as [PyroDaemon['connections'][number]];
    await lamp.$release();
    await eventually(() => withEvent('disconnected').length === 1);
    await daemon.close();
    expect(entries.map(([level, { event, peer, connection }]) => [level, event, peer, connection])).toEqual([
      ['info', 'listening', undefined, undefined],
      ['debug', 'connected', remoteAddress, 1],
      ['debug', 'disconnected', remoteAddress, 1],
      ['info', 'closed', undefined, undefined],
    ]);
    expect(JSON.stringify(entries)).not.toContain(SECRET);
  });

  it('the logger of a daemon is told of failed calls: an unexpected error with its stack, an error for the client at debug', async () => {
    const { uri } = await serve();
    await using lamp = await PyroProxy.connect<RemoteLamp & { lost(): void }>(uri);
    await expect(lamp.fail()).rejects.toThrow('no power');
    await expect((lamp as unknown as { $call(name: string): Promise<unknown> }).$call('lost')).rejects.toThrow('lost');
    await lamp.burn();
    await eventually(() => withEvent('call failed').length === 3);
    const call = { object: 'lamp', correlationId: expect.stringMatching(/^[-0-9a-f]{36}$/) as string, connection: 1 };
    expect(withEvent('call failed')).toMatchObject([
      [
        'error',
        { ...call, method: 'fail', errorType: 'builtins.ValueError', stack: expect.stringContaining('core-log.test') as string },
      ],
      ['debug', { ...call, method: 'lost', errorType: 'builtins.AttributeError' }],
      ['error', { ...call, method: 'burn', errorType: 'builtins.RuntimeError' }],
    ]);
  });

  it('the logger of a daemon is told of refused clients and of errors of the daemon', async () => {
    const { daemon, uri } = await serve({
      validateHandshake: ({ data }) => {
        if (data === SECRET) throw new Error('not you');
      },
    });
    await expect(PyroProxy.connect(uri, { handshake: SECRET })).rejects.toThrow('not you');
    daemon.on('connection', () => {
      throw new Error('a bad listener');
    });
    await join(daemon);
    await eventually(() => withEvent('error').length === 1);
    expect(withEvent('handshake failed')).toMatchObject([
      ['debug', { object: 'lamp', peer: expect.stringContaining('127.0.0.1') as string, errorType: 'builtins.RuntimeError' }],
    ]);
    expect(withEvent('error')).toMatchObject([['error', { msg: 'a bad listener' }]]);
    expect(JSON.stringify(entries)).not.toContain(SECRET);
  });

  it('the logger of a daemon is not there by default', async () => {
    const written = vi.spyOn(process.stdout, 'write');
    const { uri } = await serve({ logger: undefined });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    await expect(lamp.fail()).rejects.toThrow('no power');
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
    expect(entries).toEqual([]);
  });

  it('the logger of a daemon may be a logger of pino, whose lines have the fields', async () => {
    const lines: string[] = [];
    const { uri } = await serve({ logger: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }) });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    await expect(lamp.fail()).rejects.toThrow('no power');
    const line = lines.map((text) => JSON.parse(text) as Record<string, unknown>).find(({ event }) => event === 'call failed');
    expect(line).toMatchObject({
      level: 50,
      msg: expect.stringMatching(/^lamp\.fail failed for 127\.0\.0\.1:\d+ /) as string,
      object: 'lamp',
      method: 'fail',
      errorType: 'builtins.ValueError',
      stack: expect.stringContaining('no power') as string,
    });
  });

  it('a daemon refuses a logger without the methods of a logger', async () => {
    await expect(serve({ logger: {} as PyroLogger })).rejects.toThrow('logger');
    await expect(serve({ accessLog: { sample: 2 } })).rejects.toThrow('sample');
    await expect(serve({ accessLog: { simple: 1 } as never })).rejects.toThrow('simple');
  });

  it('the logger of a daemon is told who made a failed call and how long it took, by the same name as the access log', async () => {
    const principal = { name: 'ann', token: SECRET };
    const { uri } = await serve({ accessLog: true, validateHandshake: () => ({ principal, principalKey: 'user 7' }) });
    await using lamp = await PyroProxy.connect<RemoteLamp & { lost(): void }>(uri);
    await expect(lamp.fail()).rejects.toThrow('no power');
    await expect((lamp as unknown as { $call(name: string): Promise<unknown> }).$call('lost')).rejects.toThrow('lost');
    await expect(lamp.$batch((batch) => batch.fail())).rejects.toThrow('no power');
    await eventually(() => withEvent('call').length === 4);
    expect(withEvent('call failed')).toHaveLength(3);
    for (const [, entry] of [...withEvent('call failed'), ...withEvent('call')]) {
      expect(entry.principal).toBe('user 7');
      expect(entry.durationMs).toBeGreaterThanOrEqual(0);
    }
    expect(JSON.stringify(entries)).not.toContain(SECRET);
  });

  it('the line that counts further failures has the fields that they have in common', async () => {
    const { daemon, uri } = await serve({
      validateHandshake: ({ data }) => {
        if (data === SECRET) throw new Error('not you');
      },
    });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    const { remoteAddress } = daemon.connections[0]!;
    for (let call = 0; call < 22; call++) await expect(lamp.fail()).rejects.toThrow('no power');
    for (let call = 0; call < 22; call++) await expect(PyroProxy.connect(uri, { handshake: SECRET })).rejects.toThrow('not you');
    await eventually(() => daemon.inspect().totals.connectionsRefused === 22);
    await daemon.close();
    const [, failed] = withEvent('call failed').at(-1)!;
    expect({ ...failed }).toEqual({
      msg: '… and 2 more in 60 s: failed calls of lamp.fail',
      event: 'call failed',
      object: 'lamp',
      method: 'fail',
      peer: remoteAddress,
      connection: 1,
      errorType: 'builtins.ValueError',
    });
    const [, refused] = withEvent('handshake failed').at(-1)!;
    expect({ ...refused }).toEqual({
      msg: '… and 2 more in 60 s: refused connections',
      event: 'handshake failed',
      object: 'lamp',
      errorType: 'builtins.RuntimeError',
    });
  });

  it('the logger of a daemon is told of a failed item with the correlation id and the principal of its stream', async () => {
    const { daemon, uri } = await serve({ accessLog: true, validateHandshake: () => ({ principal: 'ann' }) });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    const steps = await lamp.badSteps();
    expect((await steps.next()).value).toBe(1);
    await expect(steps.next()).rejects.toThrow('stuck');
    await eventually(() => withEvent('call').length === 1);
    const [[, call]] = withEvent('call') as [[string, LogEntry]];
    const { correlationId } = call;
    const named = { object: 'lamp', method: 'badSteps', correlationId, principal: 'ann' };
    expect(withEvent('call failed')).toMatchObject([
      ['error', { ...named, msg: expect.stringContaining(correlationId!) as string }],
    ]);
    expect(daemon.inspect().failures).toMatchObject([{ objectId: 'lamp', method: 'badSteps', correlationId }]);
    expect(call.errorType).toBe('builtins.RuntimeError');
  });
});

describe('an entry', () => {
  it('an entry is its text, with the stack below, for a logger that writes text', async () => {
    const { uri } = await serve();
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    await expect(lamp.fail()).rejects.toThrow('no power');
    const [[, entry]] = withEvent('call failed') as [[string, LogEntry]];
    expect(inspect(entry)).toBe(String(entry));
    expect(String(entry)).toBe(`${entry.msg}\n  ${entry.stack}`);
    expect(entry.message).toBe(entry.msg);
    expect(Object.keys(entry)).not.toContain('message');
  });
});

describe('the access log', () => {
  const calls = (): [string, LogEntry][] => withEvent('call');

  it('the access log has one line for each call, each entry of a batch and each stream, and no arguments', async () => {
    const { uri } = await serve({ accessLog: true, validateHandshake: () => ({ principal: { name: 'ann' } }) });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    await lamp.switch(true);
    await expect(lamp.fail()).rejects.toThrow('no power');
    await lamp.$batch((batch) => {
      batch.switch(true);
      batch.switch(false);
    });
    for await (const step of await lamp.steps()) expect(step).toBeGreaterThan(0);
    await eventually(() => calls().length === 6);
    expect(calls().map(([level, { object, method, errorType }]) => [level, object, method, errorType])).toEqual([
      ['info', 'lamp', 'switch', undefined],
      ['info', 'lamp', 'fail', 'builtins.ValueError'],
      ['info', 'lamp', 'switch', undefined],
      ['info', 'lamp', 'switch', undefined],
      ['info', 'lamp', '<batch>', undefined],
      ['info', 'lamp', 'steps', undefined],
    ]);
    for (const [, entry] of calls()) {
      expect(entry).toMatchObject({ connection: 1, principal: 'ann', peer: expect.stringContaining('127.0.0.1') as string });
      expect(entry.durationMs).toBeGreaterThanOrEqual(0);
      expect(entry).not.toHaveProperty('arguments');
    }
    expect(calls()[1]![1].msg).toMatch(/^lamp\.fail for 127\.0\.0\.1:\d+: builtins\.ValueError, [\d.]+ ms$/);
  });

  it('the access log has the arguments when asked to, and cut', async () => {
    const { uri } = await serve({ accessLog: { arguments: true } });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    await lamp.switch(true, `two\nlines${'x'.repeat(5_000)}`);
    const [[, entry]] = calls() as [[string, LogEntry]];
    expect(entry.arguments).toMatch(/^\[ true, 'two\\nlinesx+/);
    expect(entry.arguments!.length).toBeLessThan(1_100);
  });

  it('the access log makes no text of all members of a large dict', async () => {
    const { uri } = await serve({ accessLog: { arguments: true } });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    const members = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, [{ deep: index }]]));
    await lamp.$call('switch', true, members);
    const [[, entry]] = calls() as [[string, LogEntry]];
    expect(entry.arguments).toMatch(/^\[ true, \{ k0: \[ \{ deep: 0 \} \], .*k19: \[ \{ deep: 19 \} \], '…': 980 \} \]$/);
  });

  it('the first 100 entries of a long batch have a line, and the line of the batch tells of the others', async () => {
    const { uri } = await serve({ accessLog: true });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    const batch = (failing: boolean): Promise<unknown> =>
      lamp.$batch((entry) => {
        for (let i = 0; i < 1_000; i++) entry.switch(true);
        if (failing) entry.fail();
      });
    await batch(false);
    await eventually(() => calls().some(([, { method }]) => method === '<batch>'));
    expect(calls()).toHaveLength(101);
    expect(calls().at(-1)![1].msg).toMatch(/^lamp\.<batch> for .*: ok, [\d.]+ ms; 900 more entries have no line$/);
    entries.length = 0;
    await expect(batch(true)).rejects.toThrow('no power');
    await eventually(() => calls().some(([, { method }]) => method === '<batch>'));
    expect(
      calls()
        .filter(([, { errorType }]) => errorType !== undefined)
        .map(([, { method, errorType }]) => [method, errorType]),
    ).toEqual([
      ['fail', 'builtins.ValueError'],
      ['<batch>', 'builtins.ValueError'],
    ]);
  });

  it('the access log leaves out calls by chance, but for slow ones', async () => {
    const { uri } = await serve({ accessLog: { sample: 0, slowMs: 20 } });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    await lamp.slow();
    await eventually(() => calls().some(([, { method }]) => method === 'slow'));
    const none = await serve({ accessLog: { sample: 0 } });
    await using other = await PyroProxy.connect<RemoteLamp>(none.uri);
    entries.length = 0;
    await other.slow();
    await other.switch(true);
    expect(calls()).toEqual([]);
  });

  it('the access log has the time until a stream is open, with which slowMs is compared, and the time of the stream apart', async () => {
    const { uri } = await serve({ accessLog: true });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    for await (const step of await lamp.steps()) {
      expect(step).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await eventually(() => calls().length === 1);
    const [[, { durationMs, streamMs, msg }]] = calls() as [[string, LogEntry]];
    expect(streamMs).toBeGreaterThanOrEqual(19);
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(msg).toMatch(/^lamp\.steps for 127\.0\.0\.1:\d+: ok, [\d.]+ ms, its stream [\d.]+ ms$/);
  });

  it('the access log has a call over callTimeoutMs, although its method goes on', async () => {
    const { uri } = await serve({ accessLog: { sample: 0, slowMs: 20 }, callTimeoutMs: 20 });
    await using lamp = await PyroProxy.connect<RemoteLamp>(uri);
    await expect(lamp.hang()).rejects.toThrow('callTimeoutMs');
    await eventually(() => calls().length === 1);
    expect(calls()).toMatchObject([['info', { method: 'hang', errorType: 'builtins.TimeoutError' }]]);
    expect(calls()[0]![1].durationMs).toBeGreaterThanOrEqual(20);
  });

  it('the access log has a call that cannot be read, and a call of an unknown object', async () => {
    const { daemon } = await serve({ accessLog: true });
    const peer = await join(daemon);
    await peer.fail('lost', 'method');
    await eventually(() => calls().length === 1);
    expect(calls()).toMatchObject([['info', { object: 'lost', method: 'method', errorType: 'Pyro5.errors.DaemonError' }]]);
  });
});

describe('PYRO_LOGLEVEL and PYRO_LOGFILE', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(joinPath(tmpdir(), 'pyro-log-'));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it('PYRO_LOGLEVEL and PYRO_LOGFILE write the log of a daemon to a file, from the level on; PYRO_LOGWIRE adds the messages of daemons and proxies', async () => {
    const file = joinPath(folder, 'own.log');
    vi.stubEnv('PYRO_LOGLEVEL', 'DEBUG');
    vi.stubEnv('PYRO_LOGFILE', file);
    vi.stubEnv('PYRO_LOGWIRE', 'true');
    // the environment is read once
    vi.resetModules();
    const { PyroDaemon: Daemon, PyroProxy: Proxy, expose: exposeNow } = await import('../../../lib/core.js');
    class Dark {
      fail(): never {
        throw new RangeError('no power');
      }
    }
    exposeNow(Dark);
    const daemon = await Daemon.listen({ host: '127.0.0.1' });
    await using lamp = await Proxy.connect<RemoteLamp>(String(daemon.register(new Dark(), 'lamp')), { handshake: 'pass\nword' });
    await expect(lamp.fail()).rejects.toThrow('no power');
    const text = async (): Promise<string> => readFile(file, 'utf8').catch(() => '');
    await expect.poll(text).toContain('ERROR] lamp.fail failed');
    const lines = (await text()).split('\n').filter((line) => line.startsWith('['));
    expect(lines[0]).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3},nestjs-pyro,INFO\] daemon listens on 127\.0\.0\.1:\d+$/);
    const [ofDaemon, ofProxy] = [/DEBUG\] (?:<-|->) 127\.0\.0\.1:\d+ #1 /, /DEBUG\] (?:<-|->) 127\.0\.0\.1:\d+ (?!#)/].map(
      (side) => lines.filter((line) => side.test(line)),
    );
    for (const wire of [ofDaemon!, ofProxy!]) {
      expect(wire.map((line) => / (connect|connectOk|invoke|result) seq /.exec(line)?.[1])).toEqual([
        'connect',
        'connectOk',
        'invoke',
        'result',
      ]);
      // the data of calls, cut and escaped, and never the data of the handshake
      expect(wire[2]).toContain('fail');
      expect(wire[3]).toContain('no power');
    }
    expect(await text()).not.toMatch(/pass.*word/);
    await daemon.close();
  });

  it('PYRO_LOGFILE has nothing below the level, and nothing without PYRO_LOGLEVEL', async () => {
    const written: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean(written.push(String(text))));
    const own = environmentLogger(readConfig({ PYRO_LOGLEVEL: 'WARNING', PYRO_LOGFILE: '{stderr}' }))!;
    for (const level of ['debug', 'info', 'warn', 'error'] as const) own[level]({ toString: () => level } as LogEntry);
    spy.mockRestore();
    expect(written.map((line) => line.split('] ')[1])).toEqual(['warn\n', 'error\n']);
    expect(environmentLogger(readConfig({ PYRO_LOGFILE: 'x' }))).toBeUndefined();
    expect(environmentLogger(readConfig({ PYRO_LOGLEVEL: '' }))).toBeUndefined();
    expect(() => readConfig({ PYRO_LOGLEVEL: 'LOUD' })).toThrow('PYRO_LOGLEVEL');
  });
});
