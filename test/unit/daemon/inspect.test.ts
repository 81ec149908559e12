import { describe, expect, it } from 'vitest';
import {
  behavior,
  type ConnectionSnapshot,
  expose,
  LIMITS,
  type ListedFirst,
  type NameSnapshot,
  oneway,
  params,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
} from '../../../lib/core.js';
import { connectInMemory } from '../../../lib/testing/index.js';
import { eventually, join, open, startDaemon } from './fixtures.js';

class Camera {
  private level = 1;

  @expose
  take(seconds: number, binning = 1): string {
    return `${seconds} ${binning}`;
  }
  @expose
  @oneway
  log(..._lines: string[]): void {}
  @expose
  @params('text', 'limit?', '**filters')
  find(text: string): string {
    return text;
  }
  @expose
  fail(): never {
    throw new RangeError('no light');
  }
  @expose
  *frames(): Generator<number> {
    yield 1;
    yield 2;
    throw new Error('no more');
  }
  @expose
  get gain(): number {
    return this.level;
  }
  set gain(level: number) {
    this.level = level;
  }
  @expose
  get serial(): string {
    return 'A1';
  }
}

@behavior({ instanceMode: 'percall' })
class Lamp {
  @expose
  switch(): void {}
}

interface RemoteCamera {
  take(seconds: number): string;
  fail(): void;
  frames(): Generator<number>;
}

const SECRET = 'a handshake that nobody may see';

async function serve(options: PyroDaemonOptions = {}): Promise<{ daemon: PyroDaemon; uri: string }> {
  const daemon = await startDaemon(options);
  daemon.register(new Camera(), 'camera');
  return { daemon, uri: String(daemon.uriFor('camera')) };
}

const objectOf = (daemon: PyroDaemon, id: string) => daemon.inspect().objects.find(({ objectId }) => objectId === id)!;
const limitOf = (daemon: PyroDaemon, limit: string) => daemon.inspect().limits.find(({ name }) => name === limit)!;

describe('a snapshot', () => {
  it('a snapshot has only values that JSON has', async () => {
    const { daemon, uri } = await serve();
    await using camera = await PyroProxy.connect<RemoteCamera>(uri);
    await camera.take(1);
    const snapshot = daemon.inspect();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot).toMatchObject({ state: 'listening', location: daemon.locationStr, natLocation: null, names: [] });
    expect(Date.parse(snapshot.at)).not.toBeNaN();
  });

  it('a snapshot says where the daemon stands', async () => {
    const daemon = new PyroDaemon({ host: '127.0.0.1', natHost: 'lab.example', natPort: 7 });
    expect(daemon.inspect()).toMatchObject({ state: 'new', location: null, natLocation: null, uptimeMs: 0 });
    await daemon.start();
    expect(daemon.inspect()).toMatchObject({ state: 'listening', natLocation: 'lab.example:7' });
    await daemon.drain();
    expect(daemon.inspect().state).toBe('draining');
    await daemon.close();
    expect(daemon.inspect().state).toBe('closed');
  });

  it('a snapshot has the members of an object, with the parameters of its methods', async () => {
    const { daemon } = await serve();
    const { className, instanceMode, members, isGuarded, isLeased } = objectOf(daemon, 'camera');
    expect({ className, instanceMode, isGuarded, isLeased }).toEqual({
      className: 'Camera',
      instanceMode: 'single',
      isGuarded: false,
      isLeased: false,
    });
    const positional = (name: string, isRequired = true) => ({ name, kind: 'positional', isRequired });
    expect(members).toEqual(
      expect.arrayContaining([
        {
          kind: 'method',
          name: 'take',
          isOneway: false,
          isStream: false,
          parameters: [positional('seconds'), positional('binning', false)],
        },
        {
          kind: 'method',
          name: 'log',
          isOneway: true,
          isStream: false,
          parameters: [{ name: null, kind: 'rest', isRequired: false }],
        },
        { kind: 'method', name: 'frames', isOneway: false, isStream: true, parameters: [] },
        {
          kind: 'method',
          name: 'find',
          isOneway: false,
          isStream: false,
          parameters: [positional('text'), positional('limit', false), { name: null, kind: 'keywords', isRequired: false }],
        },
        { kind: 'attribute', name: 'gain', isReadable: true, isWritable: true },
        { kind: 'attribute', name: 'serial', isReadable: true, isWritable: false },
      ]),
    );
  });

  it('a snapshot has the instance mode of a class, guards and leases of objects', async () => {
    const { daemon } = await serve();
    daemon.register(Lamp, 'lamp', { guards: () => undefined });
    using lease = daemon.lease(new Camera());
    expect(objectOf(daemon, 'lamp')).toMatchObject({ className: 'Lamp', instanceMode: 'percall', isGuarded: true });
    expect(objectOf(daemon, lease.uri.object)).toMatchObject({ className: 'Camera', isLeased: true });
    expect(daemon.inspect().totals.leases).toBe(1);
    lease.release();
    expect(daemon.inspect().totals.leases).toBe(0);
  });

  it('a snapshot counts the calls and failures of objects and connections', async () => {
    const { daemon, uri } = await serve();
    await using camera = await PyroProxy.connect<RemoteCamera>(uri);
    await using other = await PyroProxy.connect<RemoteCamera>(uri);
    await camera.take(1);
    await camera.$batch((batch) => {
      batch.take(1);
      batch.take(2);
    });
    await expect(camera.fail()).rejects.toThrow('no light');
    await other.take(1);
    expect(objectOf(daemon, 'camera')).toMatchObject({ calls: 5, failures: 1 });
    const { connections, totals } = daemon.inspect();
    expect(connections.map(({ calls, failures }) => ({ calls, failures }))).toEqual([
      { calls: 4, failures: 1 },
      { calls: 1, failures: 0 },
    ]);
    expect(totals).toMatchObject({ calls: 5, failedCalls: 1, connectionsOpen: 2, connectionsOpened: 2, requestsInProgress: 0 });
  });

  it('a snapshot keeps the counts of connections that have ended', async () => {
    const { daemon, uri } = await serve();
    const camera = await PyroProxy.connect<RemoteCamera>(uri);
    await camera.take(1);
    const before = daemon.inspect().totals;
    await camera.$release();
    await eventually(() => daemon.connections.length === 0);
    const { connectionsOpen, connectionsOpened, calls, receivedBytes, sentBytes } = daemon.inspect().totals;
    expect({ connectionsOpen, connectionsOpened, calls }).toEqual({ connectionsOpen: 0, connectionsOpened: 1, calls: 1 });
    expect(receivedBytes).toBeGreaterThanOrEqual(before.receivedBytes);
    expect(receivedBytes).toBeGreaterThan(80);
    expect(sentBytes).toBe(before.sentBytes);
  });

  it('a snapshot counts the bytes of a connection as its socket has them, and none of a stream that is no socket', async () => {
    const { daemon } = await serve();
    const peer = await join(daemon);
    await peer.call('camera', 'take', 1);
    const [connection] = daemon.inspect().connections;
    expect(connection!.sentBytes).toBeGreaterThan(40);
    expect(connection!.receivedBytes).toBeGreaterThan(40);
    await using memory = await connectInMemory<RemoteCamera>(daemon, 'camera');
    await memory.take(1);
    expect(daemon.inspect().connections[1]).toMatchObject({ receivedBytes: null, sentBytes: null, calls: 1 });
  });

  it.each([
    [{ principal: 'ann' }, 'ann'],
    [{ principal: { name: 'Ann', passwordHash: 'x1' } }, 'Ann'],
    [{ principal: { id: 7, token: 'x1' } }, '7'],
    [{ principal: new Camera() }, 'Camera'],
    [{ principal: { token: 'x1' }, principalKey: 'user 7' }, 'user 7'],
    [{ principal: 'a\nb' }, 'a\\u000ab'],
    [undefined, null],
  ])('a snapshot names the principal %j as %j, and nothing else of it', async (answer, text) => {
    const { daemon, uri } = await serve({ validateHandshake: () => answer });
    await using camera = await PyroProxy.connect<RemoteCamera>(uri, { handshake: SECRET });
    await camera.take(1);
    expect(daemon.inspect().connections[0]!.principal).toBe(text);
    const json = JSON.stringify(daemon.inspect());
    expect(json).not.toContain(SECRET);
    expect(json).not.toContain('x1');
  });

  it('a snapshot has the principals that the guards of objects set', async () => {
    const { daemon } = await serve();
    daemon.register(new Camera(), 'guarded', { guards: () => ({ principal: 'bob' }) });
    await using camera = await PyroProxy.connect<RemoteCamera>(String(daemon.uriFor('guarded')));
    await camera.take(1);
    const expected: Partial<ConnectionSnapshot> = { principal: 'bob', principals: [{ objectId: 'guarded', principal: 'bob' }] };
    expect(daemon.inspect().connections[0]).toMatchObject(expected);
  });

  it('a snapshot has ten principals of a connection, and the number of all', async () => {
    const { daemon } = await serve();
    const client = await join(daemon, 'camera');
    for (let number = 0; number < 12; number++) {
      const objectId = `guarded.${number}`;
      daemon.register(new Camera(), objectId, { guards: () => ({ principal: `user of ${objectId}` }) });
      await client.call(objectId, 'take', 1);
    }
    daemon.register(new Camera(), 'nameless', { guards: () => undefined });
    await client.call('nameless', 'take', 1);
    const [connection] = daemon.inspect({ maxListed: 1 }).connections as [ConnectionSnapshot];
    expect(connection.principalCount).toBe(12);
    expect(connection.principal).toBe('user of guarded.0');
    expect(connection.principals).toHaveLength(10);
    expect(connection.principals[9]).toEqual({ objectId: 'guarded.9', principal: 'user of guarded.9' });
  });

  it('a snapshot has the open streams, and the items that they gave', async () => {
    const { daemon, uri } = await serve();
    await using camera = await PyroProxy.connect<RemoteCamera>(uri);
    const frames = await camera.frames();
    await frames.next();
    const { streams, connections, totals } = daemon.inspect();
    const [{ id }] = connections as [ConnectionSnapshot];
    expect(streams).toEqual([
      { objectId: 'camera', method: 'frames', openedBy: id, readBy: id, ageMs: expect.any(Number) as number, items: 1 },
    ]);
    expect(connections[0]!.streams).toBe(1);
    expect(totals.streamsOpen).toBe(1);
    await frames.return?.();
    await eventually(() => daemon.inspect().streams.length === 0);
  });

  it('a snapshot has every limit, how much of it is used, and how often it was reached', async () => {
    const { daemon, uri } = await serve({ maxConnections: 2 });
    expect(daemon.inspect().limits.map(({ name }) => name)).toEqual(Object.keys(LIMITS));
    expect(limitOf(daemon, 'maxConnections')).toEqual({
      name: 'maxConnections',
      value: 2,
      unit: 'connections',
      used: 0,
      isNear: false,
      usedBy: null,
      reached: 0,
    });
    await using camera = await PyroProxy.connect<RemoteCamera>(uri);
    const peer = await join(daemon);
    await expect(PyroProxy.connect(uri, { maxRetries: 0 })).rejects.toThrow('daemon is full');
    expect(limitOf(daemon, 'maxConnections')).toMatchObject({ used: 2, isNear: true, reached: 1 });
    expect(daemon.inspect().totals.connectionsRefused).toBe(1);
    const frames = await camera.frames();
    await frames.next();
    expect(limitOf(daemon, 'maxStreams').used).toBe(1);
    expect(limitOf(daemon, 'maxStreamsPerConnection')).toMatchObject({ used: 1, usedBy: String(daemon.connections[0]!.id) });
    expect(limitOf(daemon, 'maxInFlightValueBytes').used).toBeGreaterThan(0);
    expect(limitOf(daemon, 'maxMessageBytes').used).toBeNull();
    peer.destroy();
  });

  it('a snapshot names the address that uses most', async () => {
    const { daemon, uri } = await serve({ limitLoopback: true });
    expect(limitOf(daemon, 'maxConnectionsPerAddress')).toMatchObject({ used: 0, usedBy: null });
    await using camera = await PyroProxy.connect<RemoteCamera>(uri);
    await camera.take(1);
    expect(limitOf(daemon, 'maxConnectionsPerAddress')).toMatchObject({ used: 1, usedBy: '127.0.0.1' });
  });

  it('a snapshot has the latest failures, the newest first, without arguments', async () => {
    const { daemon, uri } = await serve({
      validateHandshake: ({ data }) => {
        if (data === SECRET) throw new Error('not you');
      },
    });
    await expect(PyroProxy.connect(uri, { handshake: SECRET })).rejects.toThrow('not you');
    await using camera = await PyroProxy.connect<RemoteCamera>(uri);
    await expect(camera.fail()).rejects.toThrow('no light');
    await expect((camera as unknown as { $call(...args: unknown[]): Promise<unknown> }).$call('lost', SECRET)).rejects.toThrow(
      'lost',
    );
    const frames = await camera.frames();
    await frames.next();
    await frames.next();
    await expect(frames.next()).rejects.toThrow('no more');
    daemon.on('error', () => undefined);
    daemon.on('connection', () => {
      throw new Error('a bad listener');
    });
    await open(daemon).then((peer) => peer.destroy());
    await join(daemon);
    await eventually(() => daemon.inspect().failures[0]?.kind === 'daemon');
    const at = expect.any(String) as string;
    const call = { at, kind: 'call', objectId: 'camera', remoteAddress: expect.stringContaining('127.0.0.1') as string };
    expect(daemon.inspect().failures).toMatchObject([
      { kind: 'daemon', errorType: 'builtins.RuntimeError', message: 'a bad listener', objectId: null, remoteAddress: null },
      { ...call, method: 'frames', errorType: 'builtins.RuntimeError', message: 'no more' },
      { ...call, method: 'lost', errorType: 'builtins.AttributeError', correlationId: expect.any(String) as string },
      { ...call, method: 'fail', errorType: 'builtins.ValueError', message: 'no light' },
      { kind: 'handshake', objectId: 'camera', message: 'not you', method: null },
    ]);
    expect(JSON.stringify(daemon.inspect())).not.toContain(SECRET);
  });

  it('a snapshot keeps 100 failures', async () => {
    const { daemon, uri } = await serve();
    await using camera = await PyroProxy.connect<{ $call(name: string): Promise<unknown> }>(uri);
    for (let index = 0; index < 103; index++) await expect(camera.$call(`m${index}`)).rejects.toThrow(`m${index}`);
    const { failures, totals } = daemon.inspect();
    expect(failures).toHaveLength(100);
    expect([failures[0]!.method, failures[99]!.method]).toEqual(['m102', 'm3']);
    expect(totals.failedCalls).toBe(103);
  });

  it('a snapshot escapes the texts that a peer chose', async () => {
    const { daemon } = await serve();
    const peer = await join(daemon);
    await expect(peer.call('camera', 'two\nlines')).rejects.toThrow('two');
    expect(daemon.inspect().failures[0]!.method).toBe('two\\u000alines');
  });

  it('a snapshot lists at most maxListed connections and streams, and counts all', async () => {
    const { daemon, uri } = await serve();
    await using one = await PyroProxy.connect<RemoteCamera>(uri);
    await using two = await PyroProxy.connect<RemoteCamera>(uri);
    await one.take(1);
    await two.take(1);
    const { connections, totals } = daemon.inspect({ maxListed: 1 });
    expect(connections).toHaveLength(1);
    expect(totals.connectionsOpen).toBe(2);
    expect(() => daemon.inspect({ maxListed: -1 })).toThrow('maxListed');
  });

  it('a snapshot lists at most maxListed objects: those asked for, then those with most calls, and counts all', async () => {
    const { daemon, uri } = await serve();
    for (let index = 0; index < 20; index++) daemon.register(new Lamp(), `lamp-${index}`);
    await using camera = await PyroProxy.connect<RemoteCamera>(uri);
    await camera.take(1);
    const listed = (first?: ListedFirst, maxListed = 3): string[] =>
      daemon.inspect({ maxListed, ...(first && { first }) }).objects.map(({ objectId }) => objectId);
    expect(daemon.inspect({ maxListed: 0 })).toMatchObject({ objects: [], totals: { objects: 22 } });
    expect(listed()).toEqual(['Pyro.Daemon', 'camera', 'lamp-0']);
    expect(listed({ objectId: 'lamp-7' }, 2)).toEqual(['camera', 'lamp-7']);
    expect(listed({ filter: 'LAMP-1' })).toEqual(['lamp-1', 'lamp-10', 'lamp-11']);
    // by class and member
    expect(listed({ filter: 'lamp switch', objectId: 'camera' })).toEqual(['camera', 'lamp-0', 'lamp-1']);
    expect(listed({ filter: 'take' }, 1)).toEqual(['camera']);
    expect(listed({ filter: 'nothing', objectId: 'gone' }, 1)).toEqual(['camera']);
    expect(listed({ filter: 'lamp' }, 100)).toHaveLength(22);
    expect(() => daemon.inspect({ first: { filtr: 'x' } as never })).toThrow('filtr');
  });

  it('a snapshot lists at most maxListed names: those asked for, then those that are not registered, then those of listed objects, and counts all', async () => {
    const { daemon } = await serve();
    daemon.register(new Lamp(), 'lamp');
    const named = (name: string, objectId: string, state: NameSnapshot['state'] = 'registered'): NameSnapshot => ({
      name,
      objectId,
      nameServer: 'ns:9090',
      state,
      isAvailable: true,
    });
    const all = [
      named('a', 'lamp'),
      named('b', 'lamp'),
      named('c', 'camera'),
      named('d', 'lamp', 'taken'),
      named('e', 'lamp', 'waiting'),
    ];
    daemon.nameSources.add(() => all);
    const listed = (maxListed: number, first?: ListedFirst): string[] =>
      daemon.inspect({ maxListed, ...(first && { first }) }).names.map((one) => one.name);
    expect(daemon.inspect({ maxListed: 0 })).toMatchObject({
      names: [],
      totals: { namesRegistered: 3, namesTaken: 1, namesWaiting: 1 },
    });
    expect(listed(5)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(listed(1)).toEqual(['d']);
    expect(listed(2, { objectId: 'camera' })).toEqual(['c', 'd']);
    expect(listed(3, { filter: 'NS:9090 B' })).toEqual(['b', 'd', 'e']);
    // the daemon's own object and the camera are listed
    await using camera = await PyroProxy.connect<RemoteCamera>(daemon.uriFor('camera'));
    await camera.take(1);
    expect(daemon.inspect({ maxListed: 2 }).objects.map(({ objectId }) => objectId)).toEqual(['Pyro.Daemon', 'camera']);
    all.splice(3);
    expect(listed(2)).toEqual(['a', 'c']);
  });

  it('a snapshot finds objects by their names', async () => {
    const { daemon } = await serve();
    const name: NameSnapshot = { name: 'lab.eye', objectId: 'camera', nameServer: null, state: 'waiting', isAvailable: true };
    daemon.nameSources.add(() => [name]);
    daemon.register(new Lamp(), 'lamp');
    expect(daemon.inspect({ maxListed: 1, first: { filter: 'eye' } }).objects[0]!.objectId).toBe('camera');
  });

  it('a filter is read up to its twentieth word and its thousandth character', async () => {
    const { daemon } = await serve();
    daemon.register(new Lamp(), 'lamp');
    const found = (filter: string): string => daemon.inspect({ maxListed: 1, first: { filter } }).objects[0]!.objectId;
    const words = (count: number): string => Array.from({ length: count }, (_, i) => 'lamp'.slice(0, (i % 4) + 1)).join(' ');
    expect(found(`${words(100)} nowhere`)).not.toBe('lamp');
    expect(found(`lamp ${' '.repeat(1_000)} nowhere`)).toBe('lamp');
    const letters = [...'abcdefghijklmnopqrst'];
    daemon.register(new Lamp(), letters.join(''));
    expect(found(`${letters.join(' ')} nowhere`)).toBe(letters.join(''));
    expect(found(`${letters.slice(1).join(' ')} nowhere`)).not.toBe(letters.join(''));
  });

  it('a snapshot describes a target of another kind by its metadata, and a collected object by nothing', async () => {
    const { daemon } = await serve();
    daemon.registerTarget('other', {
      metadata: { methods: new Set(['go']), oneway: new Set(['go']), attrs: new Set(['size']) },
      invoke: () => undefined,
      getAttribute: () => undefined,
      setAttribute: () => undefined,
      isCallback: () => false,
    });
    expect(objectOf(daemon, 'other')).toMatchObject({
      className: null,
      instanceMode: null,
      members: [
        { kind: 'method', name: 'go', isOneway: true, parameters: null },
        { kind: 'attribute', name: 'size' },
      ],
    });
  });

  it('a snapshot counts a request that waits for its turn', async () => {
    const { daemon } = await serve();
    let release!: () => void;
    class Slow {
      @expose
      wait(): Promise<void> {
        return new Promise((resolve) => (release = resolve));
      }
    }
    daemon.register(new Slow(), 'slow');
    const peer = await join(daemon);
    peer.invoke('slow', 'wait', []);
    peer.invoke('camera', 'take', [1]);
    await eventually(() => daemon.inspect().totals.requestsInProgress === 2);
    expect(limitOf(daemon, 'maxQueuedRequests')).toMatchObject({ used: 2 });
    release();
    await peer.next();
    await peer.next();
    expect(daemon.inspect().totals.requestsInProgress).toBe(0);
  });
});
