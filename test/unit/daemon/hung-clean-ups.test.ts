import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { behavior, currentContext, expose, FLAGS, type PyroDaemon } from '../../../lib/core.js';
import { type ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { collectUntil } from '../../garbage-collection.js';
import { eventually, join, open, startDaemon } from './fixtures.js';

/** Ends the clean-ups that wait. */
let finish: ((error?: Error) => void)[] = [];
let made = 0;

function wait(): Promise<void> {
  return new Promise((resolve, reject) => finish.push((error) => (error ? reject(error) : resolve())));
}

class PerConnection {
  constructor() {
    made++;
  }
  hello(): string {
    return 'hello';
  }
  trackTwo(): void {
    // the newest is closed first
    for (const resource of [{ close: wait, isFirst: true }, { close: wait }]) {
      kept.push(resource);
      currentContext()!.track(resource);
    }
  }
  [Symbol.asyncDispose](): Promise<void> {
    return wait();
  }
}
behavior({ instanceMode: 'session' })(expose(PerConnection));

class PerCall extends PerConnection {
  *items(): Generator<number> {
    yield 1;
  }
}
behavior({ instanceMode: 'percall' })(expose(PerCall));

class Forgotten {
  hello(): string {
    return 'hello';
  }
  /** Waits for an event that nobody can raise. */
  [Symbol.asyncDispose](): Promise<void> {
    return new Promise(() => undefined);
  }
}
behavior({ instanceMode: 'session' })(expose(Forgotten));

class Unread {
  items(): AsyncIterableIterator<number> {
    return {
      next: () => Promise.resolve({ done: true, value: undefined }),
      return: () => wait().then(() => ({ done: true, value: undefined })),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
expose(Unread);

/** Tracked resources are held weakly. */
let kept: object[] = [];
const errors: string[] = [];

async function serve(options = {}): Promise<PyroDaemon> {
  const daemon = await startDaemon({ limitLoopback: true, ...options });
  daemon.on('error', ({ message }) => errors.push(message));
  for (const [id, type] of Object.entries({ session: PerConnection, call: PerCall, forgotten: Forgotten }))
    daemon.register(type, id);
  daemon.register(new Unread(), 'unread');
  return daemon;
}

/** Lets the time of the running clean-ups pass. */
const giveUp = (): unknown => vi.advanceTimersByTime(5_000);
const used = (daemon: PyroDaemon, limit = 'maxAbandonedConnections'): number =>
  daemon.inspect().limits.find(({ name }) => name === limit)!.used!;

async function useAndLeave(daemon: PyroDaemon, object: string): Promise<void> {
  const peer = await join(daemon, object);
  await peer.call(object, 'hello');
  const before = finish.length;
  peer.destroy();
  if (object !== 'forgotten') await eventually(() => finish.length > before, 'the disposal');
  else await eventually(() => daemon.connections.length === 0, 'the end of the connection');
}

beforeEach(() => {
  finish = [];
  made = 0;
  kept = [];
  errors.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], shouldAdvanceTime: true });
});
afterEach(() => {
  for (const end of finish) end();
  vi.useRealTimers();
});

describe('a clean-up that hangs', () => {
  it('a hanging clean-up of a connection is told once, counts as an abandoned connection, and no longer when it has ended', async () => {
    const daemon = await serve();
    await useAndLeave(daemon, 'session');
    expect([used(daemon), errors]).toEqual([0, []]);
    giveUp();
    await eventually(() => errors.length > 0, 'the report');
    expect(errors).toEqual([
      expect.stringMatching(
        /^the disposal of PerConnection for 127\.0\.0\.1:\d+ #1 takes longer than 5000 ms: end it sooner, or do its work without awaiting it$/,
      ),
    ]);
    expect(['maxAbandonedConnections', 'maxAbandonedConnectionsPerAddress'].map((limit) => used(daemon, limit))).toEqual([1, 1]);
    giveUp();
    finish[0]!();
    await eventually(() => used(daemon) === 0, 'the end of the disposal');
    expect(errors).toHaveLength(1);
  });

  it('a hanging clean-up is forgotten when V8 has collected it', async () => {
    const daemon = await serve();
    await useAndLeave(daemon, 'forgotten');
    giveUp();
    await eventually(() => used(daemon) === 1, 'the report');
    await collectUntil(() => used(daemon) === 0);
  });

  it('a hanging clean-up that fails late is told of the failure, too', async () => {
    const daemon = await serve();
    await useAndLeave(daemon, 'session');
    giveUp();
    await eventually(() => used(daemon) === 1, 'the report');
    finish[0]!(new Error('late failure'));
    await eventually(() => errors.length === 2, 'the failure');
    expect([errors[1], used(daemon)]).toEqual(['late failure', 0]);
  });

  it('a hanging clean-up does not keep tracked resources open, nor one resource the others', async () => {
    const daemon = await serve();
    const peer = await join(daemon, 'session');
    await peer.call('session', 'trackTwo');
    peer.destroy();
    for (const count of [1, 2, 3]) {
      await eventually(() => finish.length === count, `clean-up ${count}`);
      giveUp();
    }
    await eventually(() => used(daemon) === 3, 'the reports');
    expect(errors.map((text) => text.replace(/ for .*/, ''))).toEqual([
      'the disposal of PerConnection',
      'the end of the tracked Object',
      'the end of the tracked Object',
    ]);
  });

  it('a hanging clean-up of a percall instance holds the reply up for 5 s at most', async () => {
    const daemon = await serve();
    const peer = await join(daemon, 'call');
    const answer = peer.call('call', 'hello');
    await eventually(() => finish.length === 1, 'the disposal');
    giveUp();
    expect(await answer).toBe('hello');
    expect(errors).toEqual([expect.stringContaining('the disposal of PerCall for 127.0.0.1')]);
    expect(used(daemon)).toBe(1);
  });

  it('a hanging clean-up of a percall instance that a batch uses holds the reply of the batch up for 5 s at most', async () => {
    const daemon = await serve();
    const peer = await join(daemon, 'call');
    peer.invoke('call', '<batch>', [['hello', [], {}]], {}, { flags: FLAGS.batch });
    await eventually(() => finish.length === 1, 'the disposal');
    giveUp();
    expect(valueOf(await peer.next())).toEqual(['hello']);
  });

  it('a hanging clean-up of a stream that cannot be opened holds the error up for 5 s at most', async () => {
    const daemon = await serve({ maxStreamsPerConnection: 0 });
    const peer = await join(daemon, 'unread');
    const answer = peer.fail('unread', 'items');
    await eventually(() => finish.length === 1, 'the end of the iterator');
    giveUp();
    expect((await answer).args[0]).toContain('maxStreamsPerConnection');
    expect(errors).toEqual([expect.stringContaining('the end of an item stream of items for 127.0.0.1')]);
  });

  it('a hanging clean-up of a percall instance whose stream cannot be opened is told once', async () => {
    const daemon = await serve({ maxStreamsPerConnection: 0 });
    const peer = await join(daemon, 'call');
    const answer = peer.fail('call', 'items');
    await eventually(() => finish.length === 1, 'the disposal');
    giveUp();
    expect((await answer).args[0]).toContain('maxStreamsPerConnection');
    expect(errors).toEqual([expect.stringMatching(/^the disposal of PerCall for /)]);
    expect(used(daemon)).toBe(1);
  });

  it('hanging clean-ups do not keep the daemon from closing while too many of them hang', async () => {
    const daemon = await serve({ maxAbandonedConnections: 1, maxAbandonedConnectionsPerAddress: 1 });
    for (const peer of [await join(daemon, 'session'), await join(daemon, 'session')]) await peer.call('session', 'hello');
    let isClosed = false;
    void daemon.close().then(() => (isClosed = true));
    await eventually(() => finish.length === 2, 'the disposals');
    giveUp();
    await eventually(() => errors.length === 2, 'the reports');
    expect(isClosed).toBe(false);
    await eventually(() => {
      giveUp();
      return isClosed;
    }, 'the end of the daemon');
    expect(errors[2]).toBe('the end of a session took longer than 15000 ms and is no longer waited for');
  });

  it('the hanging clean-up of each of many calls is waited for while too many hang, so that their number has a limit', async () => {
    const daemon = await serve({ maxAbandonedConnections: 2, maxAbandonedConnectionsPerAddress: 2 });
    const peers: ScriptedPeer[] = [];
    for (let i = 0; i < 3; i++) peers.push(await join(daemon, 'call'));
    let answers = 0;
    for (const peer of peers) void peer.call('call', 'hello').then(() => answers++);
    await eventually(() => finish.length === 3, 'the disposals');
    giveUp();
    await eventually(() => answers === 2 && errors.length === 3, 'two replies');
    const further = await open(daemon);
    further.connect();
    expect((await further.next()).data.toString()).toContain(
      'daemon is full: calls or clean-ups of 2 clients that have gone still run (maxAbandonedConnections is 2)',
    );
    giveUp();
    await eventually(() => used(daemon) === 2);
    expect([answers, errors.length]).toEqual([2, 3]);
    for (const end of finish) end();
    await eventually(() => answers === 3 && used(daemon) === 0, 'the last reply');
    expect(made).toBe(3);
  });
});
