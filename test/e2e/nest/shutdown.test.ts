import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { closeAfter, openStream } from './fixtures.js';
import { TypeScriptPrograms } from './programs/typescript-program.js';

let programs: TypeScriptPrograms;
beforeAll(async () => {
  programs = await TypeScriptPrograms.compile();
});
afterAll(() => programs[Symbol.asyncDispose]());

describe.each(['hybrid', 'standalone'])('SIGTERM ends a %s application', (way) => {
  const start = async (drainTimeoutMs: number) => {
    const program = programs.start('shutdown-app', [way, String(drainTimeoutMs)], { timeoutMs: 60_000 });
    closeAfter(() => program.stop());
    const location = await program.line('ready:');
    const join = async (): Promise<ScriptedPeer> => {
      const peer = await ScriptedPeer.join(location, 'slow');
      closeAfter(() => peer.destroy());
      return peer;
    };
    return { program, location, join };
  };
  const linesOf = (stdout: string): string[] => stdout.split('\n').filter((line) => /^(call|session|database)/.test(line));

  it('SIGTERM waits for running calls and keeps their providers, but not for idle clients and open streams', async () => {
    const { program, location, join } = await start(20_000);
    const [caller, idle, reader] = [await join(), await join(), await join()];
    await openStream(reader, 'slow', 'items');
    const result = caller.call('slow', 'work');
    await program.line('call: begins');
    const ended = program.stop();
    expect(await result).toBe('done');
    await ended;
    await Promise.all([idle.untilClosed(), reader.untilClosed()]);
    const { stdout } = await program.ended;
    expect(linesOf(stdout)).toEqual([
      'call: begins',
      'call: ends, database open: true',
      'session: disposed, database open: true',
      'session: disposed, database open: true',
      'database: closed',
      'database: SIGTERM',
    ]);
    const port = Number(location.slice(location.lastIndexOf(':') + 1));
    await expect(
      new Promise((resolve, reject) => connect(port, '127.0.0.1').once('connect', resolve).once('error', reject)),
    ).rejects.toThrow('ECONNREFUSED');
  });

  it('SIGTERM ends the process at the deadline even when a call hangs', async () => {
    const { program, join } = await start(200);
    const caller = await join();
    caller.invoke('slow', 'hang');
    await program.line('call: begins');
    await program.stop();
    const { stdout } = await program.ended;
    expect(linesOf(stdout).slice(-2)).toEqual(['database: closed', 'database: SIGTERM']);
  });
});
