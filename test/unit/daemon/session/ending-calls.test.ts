import { once } from 'node:events';
import { expect, it } from 'vitest';
import { expose, FLAGS, PyroDaemon, PyroProxy, serve } from '../../../../lib/core.js';
import { dumps, pyTuple } from '../../../../lib/serpent/index.js';
import { ScriptedPeer, valueOf } from '../../../../lib/testing/index.js';
import { eventually, join, sleep, startDaemon } from '../fixtures.js';

/** An object whose methods end its own daemon, once two calls have begun. */
class Stopper {
  daemon!: PyroDaemon;
  begun = 0;
  drained: boolean[] = [];
  end = (): Promise<unknown> => this.daemon.shutdown();

  @expose
  async stop(): Promise<string> {
    await this.endTogether();
    return 'stopped';
  }
  @expose
  get state(): Promise<string> {
    return this.stop();
  }
  @expose
  async *items(): AsyncGenerator<string> {
    yield 'first';
    yield await this.stop();
  }
  /** Ends the daemon by a call to itself. */
  @expose
  async via(): Promise<string> {
    await using proxy = await PyroProxy.connect<Stopper>(this.daemon.uriFor('stopper'));
    return await proxy.stop();
  }
  @expose
  async drain(): Promise<boolean> {
    await this.together();
    const drained = await this.daemon.drain();
    this.drained.push(drained);
    return drained;
  }
  private async endTogether(): Promise<void> {
    await this.together();
    await this.end();
  }
  private async together(): Promise<void> {
    this.begun++;
    await eventually(() => this.begun === 2);
  }
}

async function serveStopper(): Promise<{ daemon: PyroDaemon; stopper: Stopper; peers: [ScriptedPeer, ScriptedPeer] }> {
  const daemon = await startDaemon();
  const stopper = new Stopper();
  stopper.daemon = daemon;
  daemon.register(stopper, 'stopper');
  return { daemon, stopper, peers: [await join(daemon), await join(daemon)] };
}

const ways: [string, (peer: ScriptedPeer) => Promise<unknown>, unknown][] = [
  ['a method', (peer) => peer.call('stopper', 'stop'), 'stopped'],
  ['an attribute', (peer) => peer.call('stopper', '__getattr__', 'state'), 'stopped'],
  [
    'a batch',
    async (peer) => {
      const calls = [pyTuple('stop', pyTuple(), {})];
      peer.send({ flags: FLAGS.batch, data: dumps(pyTuple('stopper', '<batch>', calls, {})) });
      return (valueOf(await peer.next()) as unknown[])[0];
    },
    'stopped',
  ],
  ['a nested call', (peer) => peer.call('stopper', 'via'), 'stopped'],
  ['drain()', (peer) => peer.call('stopper', 'drain'), true],
];

it.each(ways)('two clients that end a daemon together by %s get both results', async (_, call, result) => {
  const { peers } = await serveStopper();
  expect(await Promise.all(peers.map(call))).toEqual([result, result]);
});

it('two clients whose items end a daemon together get both items, also over another connection than that of the generator', async () => {
  const { daemon, peers } = await serveStopper();
  const ids: string[] = [];
  for (const peer of peers) {
    peer.invoke('stopper', 'items');
    ids.push((await peer.next()).annotations.get('STRM')!.toString());
    expect(await peer.call('Pyro.Daemon', 'get_next_stream_item', ids.at(-1))).toBe('first');
  }
  peers[0].end();
  await eventually(() => daemon.connections.length === 1);
  const readers = [await join(daemon), peers[1]];
  const items = readers.map((peer, at) => peer.call('Pyro.Daemon', 'get_next_stream_item', ids[at]));
  expect(await Promise.all(items)).toEqual(['stopped', 'stopped']);
});

it('oneway calls that drain their daemon together do not wait for each other', async () => {
  const { stopper, peers } = await serveStopper();
  for (const peer of peers) peer.invoke('stopper', 'drain', [], {}, { flags: FLAGS.oneway });
  await eventually(() => stopper.drained.length === 2);
  expect(stopper.drained).toEqual([true, true]);
});

it('a handshake guard may end its daemon: its client is answered first', async () => {
  const drained: boolean[] = [];
  const daemon: PyroDaemon = await startDaemon({
    validateHandshake: async () => {
      drained.push(await daemon.drain());
      await daemon.shutdown();
    },
  });
  const peer = await join(daemon);
  await peer.untilClosed();
  expect(drained).toEqual([true]);
});

it('a call that ends its daemon waits for other calls, and the close of the daemon for its reply', async () => {
  const { daemon, stopper, peers } = await serveStopper();
  stopper.begun = 1;
  class Slow {
    @expose
    async work(): Promise<string> {
      await eventually(() => stopper.begun === 2);
      return 'worked';
    }
  }
  daemon.register(new Slow(), 'slow');
  const closed = once(daemon, 'close');
  const [work, stop] = [peers[0].call('slow', 'work'), peers[1].call('stopper', 'stop')];
  await closed;
  expect(await Promise.all([work, stop])).toEqual(['worked', 'stopped']);
});

it('a timer that a call has left behind drains the daemon as other code does: it waits for the calls of the same connection', async () => {
  const { daemon, peers } = await serveStopper();
  const order: string[] = [];
  let isWorking = false;
  class Timer {
    @expose
    drainLater(): void {
      const look = (): void => {
        if (isWorking) void daemon.drain().then((drained) => order.push(`drained ${drained}`));
        else setTimeout(look, 1);
      };
      setTimeout(look, 1);
    }
    @expose
    async work(): Promise<void> {
      isWorking = true;
      await eventually(() => daemon.inspect().state === 'draining');
      await sleep(20);
      order.push('worked');
    }
  }
  daemon.register(new Timer(), 'timer');
  peers[0].invoke('timer', 'drainLater');
  await peers[0].call('timer', 'work');
  await eventually(() => order.length === 2);
  expect(order).toEqual(['worked', 'drained true']);
});

it('two clients that close served objects together get both results', async () => {
  const stopper = new Stopper();
  await using served = await serve({ stopper }, { host: '127.0.0.1', verbose: false });
  stopper.end = () => served.close();
  const { daemon } = served;
  const peers = [await join(daemon as PyroDaemon), await join(daemon as PyroDaemon)];
  const calls = peers.map((peer) => peer.call('stopper', 'stop'));
  expect(await Promise.all(calls)).toEqual(['stopped', 'stopped']);
});
