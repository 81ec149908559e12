import { Logger, type LoggerService } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FLAGS, LogEntry, MESSAGE_TYPES, PyroDaemon as CoreDaemon } from '../../../lib/core.js';
import { PyroController, type PyroDaemon, PyroMethod, PyroProxy, UseHandshakeGuards } from '../../../lib/index.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { collectUntil } from '../../garbage-collection.js';
import { closeAfter, eventually, serve } from './fixtures.js';

const EVIL = '\x1b[2J\n[Nest] FAKE LOG LINE';

@PyroController({ objectId: 'lab', instanceMode: 'single' })
class Lab {
  @PyroMethod() find(name: string): never {
    throw new TypeError(`no sample ${name}`);
  }
}

@UseHandshakeGuards({
  canActivate: (context) => {
    throw new Error(`not you, ${String(context.getArgByIndex<{ data: unknown }>(0).data)}`);
  },
})
@PyroController({ objectId: 'guarded', instanceMode: 'single' })
class Guarded {
  @PyroMethod() nothing(): void {}
}

const printed: string[] = [];
const note = (...texts: unknown[]): void => void printed.push(...texts.filter((text) => text !== undefined).flatMap(linesOf));
/** An entry as a logger of text prints it, and each of its fields. */
function linesOf(text: unknown): string[] {
  return text instanceof LogEntry
    ? [String(text), ...Object.entries(text).flatMap(([name, value]) => (name === 'msg' ? [] : [String(value)]))]
    : [String(text)];
}
const logger: LoggerService = { log: note, warn: note, error: note, debug: note, verbose: note, fatal: note };
beforeEach(() => {
  printed.length = 0;
});
afterEach(() => {
  Logger.overrideLogger(false);
  vi.restoreAllMocks();
});

async function start(): Promise<{ join(object: string): Promise<ScriptedPeer>; open(): Promise<ScriptedPeer> }> {
  const { server, join } = await serve({ providers: [Lab, Guarded] }, { wireLog: { payloads: true } });
  Logger.overrideLogger(logger);
  const open = async (): Promise<ScriptedPeer> => {
    const peer = await ScriptedPeer.open(server.unwrap<PyroDaemon>().locationStr);
    closeAfter(() => peer.destroy());
    return peer;
  };
  return { join, open };
}

/** Lines of the log that contain raw texts of a peer. Only stacks have lines, which begin with spaces. */
const forged = (): string[] => printed.filter((text) => /\x1b|\x07|\n(?! )/.test(text.replaceAll('\ncaused by: ', '')));

it('no text of a client reaches the log raw: names, handshakes, errors, annotations, payloads', async () => {
  const { join, open } = await start();
  const peer = await join('lab');
  await peer.fail('lab', EVIL);
  await peer.fail(EVIL, 'find');
  await peer.fail('lab', 'find', EVIL);
  await peer.fail('lab', '__getattr__', EVIL);
  await peer.fail('lab', 'find', 1, 2, EVIL);
  peer.invoke('lab', 'find', [], { [EVIL]: 1 }, { annotations: new Map([['\x1b\n\x07A', Buffer.from(EVIL)]]) });
  await peer.next();
  for (const [object, handshake] of [
    [EVIL, 'hello'],
    ['guarded', EVIL],
  ] as const) {
    const refused = await open();
    refused.connect(object, handshake);
    expect((await refused.next()).header.type).toBe(MESSAGE_TYPES.connectFail);
  }
  await eventually(() => printed.filter((text) => text.startsWith('refused ')).length === 2);
  expect(forged()).toEqual([]);
  expect(printed.filter((text) => text.includes('\\u001b[2J\\u000a[Nest] FAKE LOG LINE')).length).toBeGreaterThanOrEqual(7);
  expect(printed.some((text) => text.includes('annotations \\u001b\\u000a\\u0007A'))).toBe(true);
});

it('a client cannot make a log grow as it likes: long texts are cut, and refusals that repeat are counted', async () => {
  const { join } = await start();
  const peer = await join('lab');
  for (let i = 0; i < 100; i++) await peer.fail('lab', `no such method ${i} ${'x'.repeat(10_000)}`);
  const failures = printed.filter((text) => text.startsWith('lab.no such method'));
  expect(failures).toHaveLength(20);
  expect(Math.max(...failures.map((text) => text.length))).toBeLessThan(2_000);
});

it('oneway calls of names that a client makes up are one kind of failure, without stacks, and hide no failure of the application', async () => {
  const { join } = await start();
  const peer = await join('lab');
  for (let i = 0; i < 300; i++) peer.invoke(i % 2 ? 'lab' : `nothing${i}`, `made-up ${i}`, [], {}, { flags: FLAGS.oneway });
  await peer.fail('lab', 'find', 'x');
  const madeUp = printed.filter((text) => / failed for .*made-up|\.made-up \d+ failed for /.test(text));
  expect(madeUp).toHaveLength(20);
  expect(madeUp.filter((text) => text.includes('\n'))).toEqual([]);
  expect(printed.filter((text) => /^lab\.find failed for .*\n\s+TypeError: no sample x/.test(text))).toHaveLength(1);
});

it('the log keeps no argument of a call that has failed', async () => {
  const { join } = await start();
  const peer = await join('lab');
  const before = process.memoryUsage().heapUsed;
  const long = Array.from({ length: 30_000 }, () => []);
  for (let i = 0; i < 25; i++) {
    peer.invoke('lab', `made-up ${i}`, [long], {}, { flags: FLAGS.oneway });
    await peer.fail('lab', 'find', long);
  }
  printed.length = 0;
  // all arguments together take about 50 MiB
  await expect(collectUntil(() => process.memoryUsage().heapUsed < before + 15 * 1024 * 1024)).resolves.toBeUndefined();
});

it('texts of a hostile server are printable where they stand in our own texts and in stacks', async () => {
  const daemon = await CoreDaemon.listen({
    validateHandshake: () => {
      throw new Error(EVIL);
    },
  });
  closeAfter(() => daemon.close());
  const refused = await PyroProxy.connect(`PYRO:x@${daemon.locationStr}`).catch((error: unknown) => error as Error);
  expect((refused as Error).message).toContain('rejected: \\u001b[2J\\u000a[Nest] FAKE LOG LINE');
  const { server } = await serve({ providers: [Lab] });
  await using lab = await PyroProxy.connect<{ find(name: string): string }>(String(server.unwrap<PyroDaemon>().uriFor('lab')));
  const failure = (await lab.find(EVIL).catch((error: unknown) => error)) as Error;
  expect(failure.stack!.split('Remote traceback:')[1]).not.toMatch(/\x1b/);
});

it('errors that core reports as process warnings are printable', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const daemon = await CoreDaemon.listen({
    clientDisconnect: ({ handshake }) => {
      throw new Error(String(handshake));
    },
  });
  closeAfter(() => daemon.close());
  const peer = await ScriptedPeer.join(daemon.locationStr, undefined, EVIL);
  peer.destroy();
  await eventually(() => warned.mock.calls.length > 0);
  const [warning] = warned.mock.calls[0] as [Error];
  expect(warning.message).toBe('\\u001b[2J\\u000a[Nest] FAKE LOG LINE');
  expect(warning.stack).not.toMatch(/\x1b|\n(?! )/);
  expect((warning.cause as Error).message).toBe(EVIL);
});
