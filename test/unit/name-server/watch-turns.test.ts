import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { startNameServer } from '../../../lib/core.js';
import type { Call } from '../../../lib/daemon/call/call.js';
import type { AwaitedStream } from '../../../lib/daemon/streams/item-stream.js';
import { WatchTurns } from '../../../lib/name-server/names/watch-turns.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import type { NameRecord, NameSelection } from '../../../lib/name-server/store/name-store.js';
import { ScriptedPeer, valueOf } from '../../../lib/testing/index.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A stream of a client, which waits for an item until the test says otherwise. */
class Client {
  readonly closing = new AbortController();
  readonly stream: AwaitedStream & { isAwaited: boolean } = { isAwaited: true, onAwaited: undefined };
  readonly call: Call;

  constructor(connection: object = {}) {
    this.call = { connection, signal: this.closing.signal, request: { stream: this.stream } } as unknown as Call;
  }

  wait(isAwaited: boolean): void {
    this.stream.isAwaited = isAwaited;
    this.stream.onAwaited?.(isAwaited);
  }
}

const selectionOf = (prefix: string): NameSelection => ({ by: 'prefix', prefix });

/** Turns whose selections end when the test says so. */
class Selecting {
  readonly selected: string[] = [];
  readonly served: string[] = [];
  private end: (outcome: NameRecord[] | Promise<never>) => void = () => undefined;
  readonly turns = new WatchTurns((selection) => {
    this.selected.push((selection as { prefix: string }).prefix);
    return new Promise((resolve) => (this.end = resolve));
  });

  take(prefix: string, { call }: { call: Call | undefined }, name = prefix): Promise<string> {
    return this.turns.take(selectionOf(prefix), call, () => {
      this.served.push(name);
      return name;
    });
  }

  /** Ends the selection that runs, and lets the next one begin. */
  async endNext(outcome: NameRecord[] | Promise<never> = []): Promise<void> {
    this.end(outcome);
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  }

  async endAll(): Promise<void> {
    for (let count = 0; count < this.selected.length; count++) await this.endNext();
  }
}

it('the first names of one watch are selected at a time, and the clients that wait are served in turn', async () => {
  const selecting = new Selecting();
  const connection = {};
  const work = ['a', 'b', 'c'].map((prefix) => selecting.take(prefix, new Client(connection)));
  work.push(selecting.take('modest', new Client()), selecting.take('own', { call: undefined }));
  expect(selecting.selected).toEqual(['a']);
  await selecting.endAll();
  expect(await Promise.all(work)).toEqual(['a', 'b', 'c', 'modest', 'own']);
  expect(selecting.selected).toEqual(['a', 'b', 'modest', 'own', 'c']);
});

it('watches that wait for the same names get them in one turn, one of each client', async () => {
  const selecting = new Selecting();
  const greedy = {};
  const work = [selecting.take('all', new Client(), 'first')];
  for (let i = 0; i < 3; i++) work.push(selecting.take('all', new Client(greedy), `greedy${i}`));
  for (let i = 0; i < 50; i++) work.push(selecting.take('all', new Client(), `robot${i}`));
  work.push(selecting.take('other', new Client()));
  await selecting.endAll();
  await Promise.all(work);
  // the first one began before the others were there
  expect(selecting.selected).toEqual(['all', 'all', 'other', 'all', 'all']);
  expect(selecting.served.slice(0, 3)).toEqual(['first', 'greedy0', 'robot0']);
  expect(selecting.served.slice(-4)).toEqual(['robot49', 'other', 'greedy1', 'greedy2']);
});

it('a watch for whose items nobody waits leaves the queue, and waits again when an item is asked for', async () => {
  const selecting = new Selecting();
  const [left, back] = [new Client(), new Client()];
  const done = selecting.take('first', new Client());
  void selecting.take('left', left);
  const returned = selecting.take('back', back);
  const last = selecting.take('last', new Client());
  left.wait(false);
  back.wait(false);
  await selecting.endAll();
  await Promise.all([done, last]);
  expect(selecting.selected).toEqual(['first', 'last']);
  back.wait(true);
  await selecting.endAll();
  expect(await returned).toBe('back');
  expect(selecting.selected).toEqual(['first', 'last', 'back']);
  expect([back.stream.onAwaited, left.stream.onAwaited]).toEqual([undefined, expect.any(Function)]);
});

it('a watch whose client goes while its names are selected gets nothing, and gets them when an item is asked for', async () => {
  const selecting = new Selecting();
  const [leaving, sharing] = [new Client(), new Client()];
  const first = selecting.take('first', new Client());
  const work = [selecting.take('all', leaving, 'leaving'), selecting.take('all', sharing, 'sharing')];
  await selecting.endNext();
  await first;
  leaving.wait(false);
  await selecting.endNext();
  expect(await work[1]).toBe('sharing');
  expect(selecting.served).toEqual(['first', 'sharing']);
  leaving.wait(true);
  await selecting.endNext();
  expect(await work[0]).toBe('leaving');
});

it('a watch whose stream is closed waits no more, and a selection that fails ends its watches and no others', async () => {
  const selecting = new Selecting();
  const [closed, late] = [new Client(), new Client()];
  const first = selecting.take('first', new Client());
  const dropped = selecting.take('closed', closed);
  const next = selecting.take('next', new Client());
  closed.closing.abort();
  await expect(dropped).rejects.toThrow('the client has gone away');
  expect(closed.stream.onAwaited).toBeUndefined();
  late.closing.abort();
  await expect(selecting.take('late', late)).rejects.toThrow('the client has gone away');
  const failure = first.catch((error: unknown) => error);
  await selecting.endNext(Promise.reject(new Error('the store fails')));
  expect(await failure).toHaveProperty('message', 'the store fails');
  await selecting.endNext();
  expect(await next).toBe('next');
  expect(selecting.selected).toEqual(['first', 'next']);
});

/** A store of many names, whose selections of names by a prefix wait until the test says so. */
class SlowStore extends MemoryNameStore {
  readonly asked: string[] = [];
  release: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => (this.release = resolve));

  constructor() {
    super();
    for (let i = 0; i < 1_500; i++)
      this.put({ name: `n${i}`, uri: 'PYRO:a@h:1', metadata: undefined, lease: undefined }, { safe: false, takeover: false });
  }

  override async list(selection: NameSelection): Promise<NameRecord[]> {
    const { prefix = '' } = selection as { prefix?: string };
    this.asked.push(prefix);
    await this.released;
    return super.list(selection);
  }
}

it('watches of clients that have gone make no other client wait', async () => {
  const store = new SlowStore();
  const server = await startNameServer({ host: '127.0.0.1', port: 0, storage: store });
  cleanups.push(() => server.close());
  const watch = async (prefix: string): Promise<ScriptedPeer> => {
    const peer = await ScriptedPeer.join(server.daemon.locationStr, 'Pyro.NameServer');
    cleanups.push(() => peer.destroy());
    const id = await openWatch(peer, prefix);
    peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
    return peer;
  };
  const first = await watch('n1');
  const gone = await Promise.all(Array.from({ length: 10 }, (_, i) => watch(`n2${i}`)));
  for (const peer of gone) peer.destroy();
  const last = await watch('n3');
  const connections = (): number => server.daemon.inspect().connections.length;
  while (connections() > 2) await nextTurn();
  store.release();
  expect(valueOf(await first.next())).toMatchObject({ change: 'registered', name: 'n1' });
  expect(valueOf(await last.next())).toMatchObject({ change: 'registered', name: 'n3' });
  expect(store.asked).toEqual(['n1', 'n3']);
});

async function openWatch(peer: ScriptedPeer, prefix: string): Promise<string> {
  peer.invoke('Pyro.NameServer', 'watch', [prefix]);
  const { annotations } = await peer.next();
  return annotations.get('STRM')!.toString();
}
