import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it } from 'vitest';
import {
  ClassRegistry,
  currentContext,
  expose,
  FLAGS,
  params,
  type PyroDaemon,
  PyroProxy,
  type RemoteObject,
} from '../../../lib/core.js';
import { dumps, pyTuple } from '../../../lib/serpent/index.js';
import { type ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { join, startDaemon } from './fixtures.js';

const user = new AsyncLocalStorage<string>();

class Login {
  as(name: string): string | undefined {
    user.enterWith(name);
    return user.getStore();
  }
  async later(name: string): Promise<string | undefined> {
    await Promise.resolve();
    user.enterWith(name);
    await Promise.resolve();
    return user.getStore();
  }
  fail(name: string): void {
    user.enterWith(name);
    throw new RangeError('failed');
  }
  get name(): string | undefined {
    const before = user.getStore();
    user.enterWith('getter');
    return before;
  }
  set name(value: string) {
    user.enterWith(value);
  }
  who(): string | undefined {
    return user.getStore();
  }
  async *asyncNames(name: string): AsyncGenerator<[string | undefined, string | undefined]> {
    user.enterWith(name);
    for (;;) {
      await Promise.resolve();
      yield [user.getStore(), currentContext()?.method];
    }
  }
  iteratorAs(name: string): Iterator<string | undefined> {
    user.enterWith(name);
    return (function* (): Generator<string | undefined> {
      for (;;) yield user.getStore();
    })();
  }
  async iteratorLater(name: string): Promise<Iterator<string | undefined>> {
    user.enterWith(name);
    await Promise.resolve();
    return this.iteratorHere();
  }
  private *iteratorHere(): Generator<string | undefined> {
    for (;;) yield user.getStore();
  }
}
expose(Login, 'as', 'later', 'fail', 'name', 'who', 'asyncNames', 'iteratorAs', 'iteratorLater');
params(Login, 'as', 'name');

async function serve(options: Parameters<typeof startDaemon>[0] = {}): Promise<{ daemon: PyroDaemon; peer: ScriptedPeer }> {
  const daemon = await startDaemon(options);
  daemon.register(new Login(), 'login');
  return { daemon, peer: await join(daemon) };
}

async function openStream(peer: ScriptedPeer, method: string, ...args: unknown[]): Promise<() => Promise<unknown>> {
  peer.invoke('login', method, args);
  const id = (await peer.next()).annotations.get('STRM')!.toString();
  return () => peer.call('Pyro.Daemon', 'get_next_stream_item', id);
}

it.each(['as', 'later'])('a store that the method %s enters is not seen by the next call of the connection', async (method) => {
  const { peer } = await serve();
  expect(await peer.call('login', method, 'admin')).toBe('admin');
  expect(await peer.call('login', 'who')).toBeNull();
});

it('a store that a failing method or an attribute enters is not seen by later calls', async () => {
  const { peer } = await serve();
  await peer.fail('login', 'fail', 'admin');
  expect(await peer.call('login', 'who')).toBeNull();
  await peer.call('login', '__setattr__', 'name', 'admin');
  expect(await peer.call('login', '__getattr__', 'name')).toBeNull();
  expect(await peer.call('login', '__getattr__', 'name')).toBeNull();
  expect(await peer.call('login', 'who')).toBeNull();
});

it('requests that arrive together do not see the stores of each other', async () => {
  const { peer } = await serve();
  peer.socket.cork?.();
  for (const name of ['a', 'b', 'c']) {
    peer.invoke('login', 'as', [name]);
    peer.invoke('login', 'who');
    peer.invoke('login', 'as', [name], {}, { flags: FLAGS.oneway });
    peer.invoke('login', 'later', [name]);
    peer.invoke('login', 'who');
  }
  peer.socket.uncork?.();
  const seen: unknown[] = [];
  for (let i = 0; i < 12; i++) seen.push(valueOf(await peer.next()));
  expect(seen).toEqual(['a', null, 'a', null, 'b', null, 'b', null, 'c', null, 'c', null]);
});

it('an entry of a batch does not see the stores of the entries before', async () => {
  const { peer } = await serve();
  const entry = (method: string, ...args: unknown[]): unknown => pyTuple(method, pyTuple(...args), {});
  const entries = [entry('as', 'admin'), entry('who'), entry('later', 'root'), entry('who')];
  peer.send({ flags: FLAGS.batch, data: dumps(pyTuple('login', '<batch>', entries, {})) });
  expect(valueOf(await peer.next())).toEqual(['admin', null, 'root', null]);
  expect(await peer.call('login', 'who')).toBeNull();
});

it('stores that an access log enters are not seen by the next entry of a batch', async () => {
  const enter = (): void => user.enterWith('log');
  const { peer } = await serve({ accessLog: true, logger: { info: enter, error: enter, warn: enter, debug: enter } });
  const entries = Array.from({ length: 3 }, () => pyTuple('who', pyTuple(), {}));
  peer.send({ flags: FLAGS.batch, data: dumps(pyTuple('login', '<batch>', entries, {})) });
  expect(valueOf(await peer.next())).toEqual([null, null, null]);
});

it('a store that the annotations hook enters at the start is not seen by later hooks', async () => {
  let seen: string | undefined = 'nothing';
  const daemon = await startDaemon({
    annotations: () => {
      user.enterWith('annotations');
      return {};
    },
    clientDisconnect: () => void (seen = user.getStore()),
  });
  daemon.register(new Login(), 'login');
  const peer = await join(daemon);
  await peer.call('login', 'who');
  peer.socket.destroy();
  await expect.poll(() => seen).toBeUndefined();
  expect(user.getStore()).toBeUndefined();
});

it('stores that handshakes and event listeners enter are not seen by calls', async () => {
  const { daemon } = await serve({
    validateHandshake: () => {
      user.enterWith('handshake');
    },
  });
  daemon.on('connection', () => user.enterWith('connection'));
  daemon.on('callFailed', () => user.enterWith('failed'));
  const peer = await join(daemon);
  expect(await peer.call('login', 'who')).toBeNull();
  await peer.fail('login', 'nothing');
  expect(await peer.call('login', 'who')).toBeNull();
});

it.each(['iteratorAs', 'iteratorLater'])(
  'the items of %s see the stores of its call, and no other call sees them',
  async (method) => {
    const { peer } = await serve();
    const next = await openStream(peer, method, 'owner');
    expect(await next()).toBe('owner');
    expect(await peer.call('login', 'as', 'admin')).toBe('admin');
    expect(await next()).toBe('owner');
    expect(await peer.call('login', 'who')).toBeNull();
  },
);

it('two streams of one connection each keep the stores of their call', async () => {
  const { peer } = await serve();
  const [one, two] = [await openStream(peer, 'iteratorAs', 'one'), await openStream(peer, 'iteratorAs', 'two')];
  expect([await one(), await two(), await one(), await two()]).toEqual(['one', 'two', 'one', 'two']);
});

it('the body of a generator runs as the call that opened it, and its stores stay there', async () => {
  const { peer } = await serve();
  const next = await openStream(peer, 'asyncNames', 'owner');
  for (let i = 0; i < 3; i++) expect(((await next()) as unknown[])[1]).toBe('asyncNames');
  expect(await peer.call('login', 'who')).toBeNull();
});

it.each(['serpent', 'json', 'msgpack', 'marshal'] as const)(
  'a store that a converter of a class enters is seen by no call, and by no caller (%s)',
  async (serializer) => {
    class Ticket {}
    const classes = new ClassRegistry();
    classes.registerClass(Ticket, {
      name: 'lab.Ticket',
      toDict: () => ({}),
      fromDict: () => {
        user.enterWith('converter');
        return new Ticket();
      },
    });
    class Desk {
      take(_ticket: Ticket): string | undefined {
        return user.getStore();
      }
      give(): Ticket {
        return new Ticket();
      }
      who(): string | undefined {
        return user.getStore();
      }
    }
    expose(Desk);
    const daemon = await startDaemon({ classes });
    const uri = daemon.register(new Desk(), 'desk');
    const connect = (): RemoteObject => PyroProxy.to(uri, { classes, serializer, handshake: new Ticket() });
    await using one = connect();
    await using other = connect();
    expect([await one.$call('who'), await other.$call('who')]).toEqual([null, null]);
    expect(await one.$call('take', new Ticket())).toBeNull();
    expect(await one.$call('give')).toBeInstanceOf(Ticket);
    expect(user.getStore()).toBeUndefined();
    await using later = connect();
    expect([await one.$call('who'), await other.$call('who'), await later.$call('who')]).toEqual([null, null, null]);
  },
);

it.each([
  ['cannot be read', { data: dumps(pyTuple('login', 'who', 1, {})) }],
  ['has an unknown serializer', { serializerId: 77, data: Buffer.alloc(1) }],
])('a store that an observer enters for a request that %s is seen by no call', async (_, request) => {
  const { daemon, peer } = await serve();
  const other = await join(daemon);
  let started = 0;
  daemon.observe({
    callStarted: () => {
      if (started++ === 0) user.enterWith('observer');
      return undefined;
    },
  });
  peer.send(request);
  await peer.next();
  expect(started).toBe(1);
  const last = await join(daemon);
  expect([await other.call('login', 'who'), await last.call('login', 'who')]).toEqual([null, null]);
});
