import { Logger, type LoggerService, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Type } from 'class-transformer';
import { IsArray, IsInt, ValidateNested } from 'class-validator';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FLAGS } from '../../../../lib/core.js';
import { PyroController, type PyroDaemon, PyroMethod } from '../../../../lib/index.js';
import { RemoteFailure, type ScriptedPeer } from '../../../../lib/testing/index.js';
import { collectUntil } from '../../../garbage-collection.js';
import { serve } from '../fixtures.js';

const MIB = 1024 * 1024;
/** The most bytes of a reply: 101 messages of 1,000 characters. */
const MOST_REPLY_BYTES = 110_000;

class Sample {
  @IsInt() id!: number;
}
class Tray {
  @IsArray() @ValidateNested({ each: true }) @Type(() => Sample) samples!: Sample[];
}

@PyroController({ objectId: 'lab', instanceMode: 'single' })
class Lab {
  @PyroMethod() store(tray: Tray): number {
    return tray.samples.length;
  }
}

let printed: string[];
const note = (...texts: unknown[]): void => void printed.push(...texts.filter((text) => text !== undefined).map(String));
const logger: LoggerService = { log: note, warn: note, error: note, debug: note, verbose: note, fatal: note };
beforeEach(() => {
  printed = [];
});
afterEach(() => Logger.overrideLogger(false));

/** Starts a server whose pipe refuses members that a class does not have. */
async function start(): Promise<{ peer: ScriptedPeer; daemon: PyroDaemon }> {
  const pipe = new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true });
  const { server, join } = await serve({ providers: [Lab, { provide: APP_PIPE, useValue: pipe }] });
  Logger.overrideLogger(logger);
  return { peer: await join('lab'), daemon: server.unwrap<PyroDaemon>() };
}

/** Calls `store` with samples that have other members. @returns the bytes of the reply, and the messages in it */
async function refused(peer: ScriptedPeer, samples: object[], oneway = false): Promise<{ bytes: number; messages: string[] }> {
  peer.invoke('lab', 'store', [{ samples }], {}, oneway ? { flags: FLAGS.oneway } : {});
  if (oneway) return { bytes: 0, messages: [] };
  const frame = await peer.next();
  expect(frame.header.flags & FLAGS.exception).toBe(FLAGS.exception);
  return { bytes: frame.data.length, messages: new RemoteFailure(frame).args as string[] };
}

it('the first 100 messages of many refused members are sent, and that there are more', async () => {
  const { peer } = await start();
  const { bytes, messages } = await refused(
    peer,
    Array.from({ length: 5_000 }, (_, index) => ({ id: index, [`made-up ${index}`]: 1 })),
  );
  expect(messages).toHaveLength(101);
  expect(messages[0]).toBe('samples.0.property made-up 0 should not exist');
  expect(messages.at(-1)).toBe('and more');
  expect(bytes).toBeLessThan(MOST_REPLY_BYTES);
});

it('the beginnings of long refused members are sent and logged, and nothing is held afterwards', async () => {
  const { peer, daemon } = await start();
  const long = (index: number): string => `${index}${'x'.repeat(16_000)}`;
  const before = process.memoryUsage().heapUsed;
  for (let call = 0; call < 4; call++) {
    const samples = Array.from({ length: 500 }, (_, index) => ({ id: index, [long(call * 500 + index)]: 1 }));
    await refused(peer, samples, true);
    const { bytes, messages } = await refused(peer, samples);
    expect(messages[0]).toMatch(/^samples\.0\.property \d+x{900,}…$/);
    expect(Math.max(...messages.map((message) => message.length))).toBeLessThanOrEqual(1_001);
    expect(bytes).toBeLessThan(MOST_REPLY_BYTES);
  }
  expect(Math.max(...printed.map((text) => text.length))).toBeLessThan(10_000);
  // the keys together take 60 MiB
  await collectUntil(() => process.memoryUsage().heapUsed < before + 10 * MIB);
  expect(JSON.stringify(daemon.inspect()).length).toBeLessThan(100_000);
});
