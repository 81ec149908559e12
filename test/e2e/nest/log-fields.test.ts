import { ConsoleLogger, Logger } from '@nestjs/common';
import { Logger as PinoLogger, LoggerModule } from 'nestjs-pino';
import { afterEach, expect, it, vi } from 'vitest';
import { LogEntry, startNameServer } from '../../../lib/core.js';
import { PyroController, PyroMethod } from '../../../lib/index.js';
import { closeAfter, eventually, serve } from './fixtures.js';

@PyroController({ objectId: 'lab', instanceMode: 'single' })
class Lab {
  @PyroMethod() measure(): number {
    return 1;
  }
  @PyroMethod() fail(): never {
    throw new Error('a bug');
  }
}

@PyroController({ objectId: 'named', name: 'lab.named' })
class Named {
  @PyroMethod() measure(): void {}
}
@PyroController({ objectId: 'taken', name: 'lab.taken' })
class Taken {
  @PyroMethod() measure(): void {}
}

const FIELDS = {
  object: 'lab',
  correlationId: expect.stringMatching(/^[-0-9a-f]{36}$/) as string,
  peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
};

afterEach(() => {
  Logger.overrideLogger(false);
  vi.restoreAllMocks();
});

it('nestjs-pino prints the fields of failed calls and of the access log on top', async () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const { join } = await serve(
    { imports: [LoggerModule.forRoot({ pinoHttp: [{ level: 'debug' }, { write }] })], providers: [Lab] },
    { accessLog: true, prepare: (app) => app.useLogger(app.get(PinoLogger)) },
  );
  const peer = await join('lab');
  await peer.call('lab', 'measure');
  await peer.fail('lab', 'fail');
  await eventually(() => lines.filter(({ event }) => event === 'call').length === 2);
  expect(lines.filter(({ event }) => event === 'call' || event === 'call failed')).toMatchObject([
    { ...FIELDS, level: 30, context: 'PyroAccess', method: 'measure', durationMs: expect.any(Number) as number },
    {
      ...FIELDS,
      level: 50,
      context: 'PyroServer',
      method: 'fail',
      errorType: 'builtins.RuntimeError',
      msg: expect.stringContaining('lab.fail failed for') as string,
      stack: expect.stringContaining('log-fields.test.ts') as string,
    },
    { ...FIELDS, level: 30, context: 'PyroAccess', method: 'fail', errorType: 'builtins.RuntimeError' },
  ]);
});

async function printedBy(logger: ConsoleLogger): Promise<string[]> {
  const printed: string[] = [];
  const note = (text: unknown): boolean => Boolean(printed.push(...String(text).trimEnd().split('\n')));
  vi.spyOn(process.stdout, 'write').mockImplementation(note);
  vi.spyOn(process.stderr, 'write').mockImplementation(note);
  const { join } = await serve({ providers: [Lab] }, { accessLog: true, prepare: (app) => app.useLogger(logger) });
  const peer = await join('lab');
  await peer.call('lab', 'measure');
  await peer.fail('lab', 'fail');
  await eventually(() => printed.filter((line) => line.includes('PyroAccess')).length === 2);
  vi.restoreAllMocks();
  return printed;
}

it('Nest’s JSON logger prints the fields as members of the message', async () => {
  const printed = await printedBy(new ConsoleLogger({ json: true, colors: false }));
  const lines = printed.map((line) => JSON.parse(line) as { context: string; level: string; message: unknown });
  expect(lines.filter(({ message }) => typeof message === 'object')).toMatchObject([
    { level: 'log', context: 'PyroServer', message: { event: 'listening' } },
    { level: 'log', context: 'PyroAccess', message: { ...FIELDS, method: 'measure', event: 'call' } },
    {
      level: 'error',
      context: 'PyroServer',
      message: { ...FIELDS, method: 'fail', event: 'call failed', stack: expect.stringContaining('a bug') as string },
    },
    { level: 'log', context: 'PyroAccess', message: { ...FIELDS, method: 'fail', errorType: 'builtins.RuntimeError' } },
  ]);
});

it('the lines of the start, of names at the name server and of the wire log have fields as well', async () => {
  const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
  closeAfter(() => nameServer.close());
  const at = { host: '127.0.0.1', port: nameServer.uri.port!, broadcast: false };
  await serve({ providers: [Taken] }, { nameServer: at });
  const entries: Partial<LogEntry>[] = [];
  const note = (entry: unknown): void => void (entry instanceof LogEntry && entries.push(entry));
  const logger = { log: note, warn: note, error: note, debug: note };
  const { app, join } = await serve(
    { providers: [Lab, Named, Taken] },
    {
      nameServer: at,
      wireLog: true,
      // NestFactory sets a logger of its own
      prepare: (nest) => nest.useLogger(logger),
    },
  );
  await (await join('lab')).call('lab', 'measure');
  const nameServerAt = `127.0.0.1:${at.port}`;
  await eventually(() => entries.some(({ event }) => event === 'name taken'));
  expect(entries).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ event: 'listening', msg: expect.stringContaining('listens on') as string }),
      expect.objectContaining({ event: 'name registered', name: 'lab.named', nameServer: nameServerAt }),
      expect.objectContaining({ event: 'name taken', name: 'lab.taken' }),
      expect.objectContaining({ event: 'wire', peer: FIELDS.peer, connection: 1 }),
    ]),
  );
  await app.close();
  expect(entries).toContainEqual(expect.objectContaining({ event: 'name removed', name: 'lab.named' }));
});

it('Nest’s text logger prints a line of text, with the stack below an error', async () => {
  const printed = await printedBy(new ConsoleLogger({ colors: false }));
  expect(printed.filter((line) => line.includes('lab.'))).toEqual([
    expect.stringMatching(/LOG \[PyroAccess\] lab\.measure for 127\.0\.0\.1:\d+: ok, [\d.]+ ms$/),
    expect.stringMatching(/ERROR \[PyroServer\] lab\.fail failed for 127\.0\.0\.1:\d+ .*: Error: a bug$/),
    expect.stringMatching(/LOG \[PyroAccess\] lab\.fail for 127\.0\.0\.1:\d+: builtins\.RuntimeError, [\d.]+ ms$/),
  ]);
  expect(printed.join('\n')).toMatch(/\n  Error: a bug\n    at .*log-fields\.test\.ts/);
});
