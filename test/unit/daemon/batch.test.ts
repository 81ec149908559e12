import { describe, expect, it } from 'vitest';
import { FLAGS } from '../../../lib/protocol/constants.js';
import type { PyroDaemonOptions } from '../../../lib/pyro/pyro-daemon-options.js';
import { pyTuple } from '../../../lib/serpent/index.js';
import { expose } from '../../../lib/core.js';
import { RemoteFailure, type ScriptedPeer, valueOf } from '../../../lib/testing/scripted-peer.js';
import { eventually, join, startDaemon } from './fixtures.js';

/** Longer than a turn of one connection. */
const SPIN_MS = 6;

function spin(): void {
  const endAt = performance.now() + SPIN_MS;
  while (performance.now() < endAt);
}

/** Counts the turns of the event loop until `stop` is called. */
function countTurns(): { count: number; stop(): void } {
  let timer: NodeJS.Immediate;
  const turns = { count: 0, stop: () => clearImmediate(timer) };
  const next = (): void => {
    turns.count++;
    timer = setImmediate(next);
  };
  next();
  return turns;
}

const entries = (count: number, method: string, ...args: unknown[]): unknown[] =>
  Array.from({ length: count }, () => pyTuple(method, pyTuple(...args), {}));

describe('the turns of a batch', () => {
  class Busy {
    readonly turns = countTurns();
    readonly at: number[] = [];
    work(): void {
      spin();
      this.at.push(this.turns.count);
    }
    async workLater(): Promise<void> {
      spin();
      await Promise.resolve();
      this.at.push(this.turns.count);
    }
  }
  expose(Busy, 'work', 'workLater');

  it.each([
    ['work', FLAGS.batch],
    ['workLater', FLAGS.batch],
    ['work', FLAGS.batch | FLAGS.oneway],
  ])('entries of a batch that take long run in turns of their own: %s, flags %i', async (method, flags) => {
    const daemon = await startDaemon();
    const busy = new Busy();
    daemon.register(busy, 'busy');
    const peer = await join(daemon);
    peer.invoke('busy', '<batch>', entries(8, method), {}, { flags });
    await eventually(() => busy.at.length === 8);
    busy.turns.stop();
    expect(new Set(busy.at).size).toBe(8);
  });

  it('entries of several batches do not run in one turn', async () => {
    const daemon = await startDaemon();
    const busy = new Busy();
    daemon.register(busy, 'busy');
    const peers: ScriptedPeer[] = [];
    for (let i = 0; i < 6; i++) peers.push(await join(daemon));
    for (const peer of peers) peer.invoke('busy', '<batch>', entries(4, 'work'), {}, { flags: FLAGS.batch });
    await Promise.all(peers.map((peer) => peer.next()));
    busy.turns.stop();
    const inTurn = new Map<number, number>();
    for (const turn of busy.at) inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
    // 10 ms of connections whose data has arrived, and 10 ms of work that was put off
    expect(Math.max(...inTurn.values())).toBeLessThan(5);
  });
});

describe('the results of a batch', () => {
  class Source {
    made = 0;
    power(exponent: number): bigint {
      this.made++;
      return 2n ** BigInt(exponent);
    }
    powers(exponent: number): unknown {
      return [{ powers: new Set([this.power(exponent)]) }];
    }
    wide(characters: number): string {
      this.made++;
      return '\u0416'.repeat(characters);
    }
    dict(characters: number): unknown {
      this.made++;
      return { [String(this.made).padStart(characters, 'x')]: 1 };
    }
    view(bytes: number): Uint8Array {
      this.made++;
      return new Uint8Array(new ArrayBuffer(bytes), 0, 1);
    }
    mixed(length: number): unknown[] {
      this.made++;
      return Array.from({ length }, (_, index) => (index % 2 ? 0.5 : null));
    }
    shared(): Uint8Array {
      this.made++;
      return this.buffer.subarray(0, 1);
    }
    unwritable(what: 'deep' | 'symbol' | 'function' | 'instance' | 'int' | 'circular'): unknown {
      this.made++;
      const circular: unknown[] = [];
      circular.push(circular, circular);
      return {
        deep: [[[[['x'.repeat(5_000)]]]]],
        symbol: ['x'.repeat(5_000), Symbol('no')],
        function: ['x'.repeat(5_000), () => 1],
        instance: { of: new WeakMap(), text: 'x'.repeat(5_000) },
        int: 10n ** 5_000n,
        circular,
      }[what];
    }
    private readonly buffer = new Uint8Array(50_000);
  }
  expose(Source, 'power', 'powers', 'wide', 'dict', 'view', 'mixed', 'shared', 'unwritable');

  async function serve(options: PyroDaemonOptions): Promise<{ source: Source; peer: ScriptedPeer; held(): number }> {
    const daemon = await startDaemon(options);
    const source = new Source();
    daemon.register(source, 'source');
    const held = (): number => daemon.inspect().limits.find(({ name }) => name === 'maxInFlightValueBytes')!.used!;
    return { source, peer: await join(daemon), held };
  }

  it.each([
    ['ints', 'power', 14_000, 1_750],
    ['ints inside of containers', 'powers', 14_000, 1_750],
    ['texts of wide characters', 'wide', 1_000, 2_000],
    ['names of members', 'dict', 2_000, 2_000],
    ['views on large buffers', 'view', 2_000, 2_000],
    ['numbers beside other values', 'mixed', 250, 4_000],
  ])('a batch counts the memory of %s', async (_, method, size, bytesOfOne) => {
    const { source, peer } = await serve({ maxInFlightValueBytes: 200_000 });
    peer.invoke('source', '<batch>', entries(200, method, size), {}, { flags: FLAGS.batch });
    const text = JSON.stringify((valueOf(await peer.next()) as unknown[]).at(-1));
    expect(text).toContain(`over maxInFlightValueBytes (200000) from entry ${source.made} on`);
    expect(source.made).toBeLessThan(200_000 / bytesOfOne);
    expect(source.made).toBeGreaterThan(100_000 / bytesOfOne / 2);
  });

  it('a batch counts a buffer once, however many results are views on it', async () => {
    const { source, peer } = await serve({ maxInFlightValueBytes: 200_000 });
    peer.invoke('source', '<batch>', entries(100, 'shared'), {}, { flags: FLAGS.batch });
    expect(valueOf(await peer.next())).toHaveLength(100);
    expect(source.made).toBe(100);
  });

  it.each(['deep', 'symbol', 'function', 'instance', 'int', 'circular'])(
    'a batch runs on after a result that cannot be written, keeps no result, and is answered with the error alone: %s',
    async (what) => {
      const { source, peer, held } = await serve({ maxInFlightValueBytes: 100_000, maxDepth: 5 });
      const calls = [...entries(1, 'power', 10), ...entries(50, 'unwritable', what), ...entries(50, 'wide', 5_000)];
      peer.invoke('source', '<batch>', calls, {}, { flags: FLAGS.batch });
      const failure = new RemoteFailure(await peer.next());
      expect(failure.pythonType).toBe('Pyro5.errors.PyroError');
      expect(failure.args[0]).toMatch(/^result cannot be sent with serpent: /);
      expect(failure.args[0]).toContain('[1]');
      expect(source.made).toBe(101);
      await eventually(() => held() === 0);
    },
  );
});
