import { describe, expect, it } from 'vitest';
import {
  DAEMON_OBJECT_ID,
  expose,
  FLAGS,
  MESSAGE_TYPES,
  PyroDaemon,
  type PyroTarget,
  SecurityError,
} from '../../../../lib/core.js';
import { dumps, pyTuple } from '../../../../lib/serpent/index.js';
import { eventually, join, open, sleep, startDaemon } from '../fixtures.js';
import { type ScriptedPeer, valueOf } from '../../../../lib/testing/index.js';

class Thing {
  hello(): string {
    return 'hello';
  }
}
expose(Thing);

/** A target whose guard authorizes clients that send its password. */
class Guarded implements PyroTarget {
  readonly metadata = { methods: new Set(['whoami', 'items']), oneway: new Set<string>(), attrs: new Set(['colour']) };
  readonly asked: unknown[] = [];
  readonly calls: string[] = [];

  constructor(private readonly password: string) {}

  authorize({ data }: { data: unknown }): { principal: string; response: string } {
    this.asked.push(data);
    if (data !== this.password) throw new SecurityError('wrong password');
    return { principal: `owner of ${this.password}`, response: 'come in' };
  }
  invoke(method: string, _args: unknown[], _kwargs: object, { principal }: { principal: unknown }): unknown {
    this.calls.push(method);
    return method === 'items' ? [1, 2, 3].values() : principal;
  }
  getAttribute(): string {
    this.calls.push('get');
    return 'red';
  }
  setAttribute(): void {
    this.calls.push('set');
  }
  isCallback(): boolean {
    return false;
  }
}

describe('the handshake', () => {
  it('a handshake hook with the parameters of Python is refused when the daemon starts', async () => {
    const text =
      'validateHandshake has 2 parameters; it takes one object: validateHandshake({ connection, objectId, data, annotations })';
    const hook = ((_connection: unknown, data: unknown) => data) as never;
    await expect(startDaemon({ validateHandshake: hook })).rejects.toMatchObject({ code: 'CONFIG', message: text });
    class AsInPython extends PyroDaemon {
      override validateHandshake = hook;
    }
    await expect(AsInPython.listen({ host: '127.0.0.1' })).rejects.toThrow(text);
  });

  it('a handshake is answered with hello and the metadata, in the client’s serializer', async () => {
    const daemon = await startDaemon();
    daemon.register(new Thing(), 'thing');
    const peer = await open(daemon);
    peer.connect('thing');
    const frame = await peer.next();
    expect(frame.header).toMatchObject({ type: MESSAGE_TYPES.connectOk, serializerId: 1 });
    expect(valueOf(frame)).toEqual({ handshake: 'hello', meta: { methods: new Set(['hello']), oneway: [], attrs: [] } });
  });

  it('the client’s handshake data stays on the connection', async () => {
    const daemon = await startDaemon();
    await join(daemon, 'Pyro.Daemon', { user: 'ann' });
    expect(daemon.connections.map(({ handshake }) => handshake)).toEqual([{ user: 'ann' }]);
  });

  it('class dicts in the handshake data stay dicts', async () => {
    const daemon = await startDaemon();
    await join(daemon, 'Pyro.Daemon', { __class__: 'builtins.ValueError', __exception__: true, args: [] });
    expect(daemon.connections[0]!.handshake).toEqual({ __class__: 'builtins.ValueError', __exception__: true, args: [] });
  });

  it('a handshake for an unknown object is refused, and the connection closed', async () => {
    const peer = await open(await startDaemon());
    peer.connect('nobody');
    const frame = await peer.next();
    expect([frame.header.type, valueOf(frame)]).toEqual([MESSAGE_TYPES.connectFail, 'unknown object']);
    await peer.untilClosed();
  });

  it('a handshake is validated before the object is looked up, and the client is told the reason of a refusal', async () => {
    const daemon = await startDaemon({
      validateHandshake: async ({ data, objectId }) => {
        await sleep(1);
        if (data !== 'secret') throw new Error(`not you, for ${objectId}`);
        return { response: { welcome: true } };
      },
    });
    const refused = await open(daemon);
    refused.connect('nobody', 'guess');
    expect(valueOf(await refused.next())).toBe('not you, for nobody');
    const peer = await open(daemon);
    peer.connect(DAEMON_OBJECT_ID, 'secret');
    expect(valueOf(await peer.next())).toMatchObject({ handshake: { welcome: true } });
  });

  it.each([
    ['text that is no Pyro', Buffer.from('GET / HTTP/1.1\r\n'), 'invalid data'],
    ['another version', Buffer.from('PYRO\x00\x30', 'latin1'), 'invalid protocol version: 48'],
  ])(
    '%s in place of a handshake is answered with a refusal in marshal, then the connection is closed',
    async (_, bytes, reason) => {
      const peer = await open(await startDaemon());
      peer.write(bytes);
      const frame = await peer.next();
      expect(frame.header).toMatchObject({ type: MESSAGE_TYPES.connectFail, serializerId: 2 });
      expect(frame.data.toString('latin1')).toContain(reason);
      await peer.untilClosed();
    },
  );

  it('a first message of a wrong type is answered in marshal', async () => {
    const peer = await open(await startDaemon());
    peer.invoke('Pyro.Daemon', 'ping');
    const frame = await peer.next();
    expect(frame.header).toMatchObject({ type: MESSAGE_TYPES.connectFail, serializerId: 2 });
    expect(frame.data.toString('latin1')).toContain('invalid msg type 4 received (expected: 1)');
  });

  it('a handshake in an unknown serializer is answered in marshal', async () => {
    const peer = await open(await startDaemon({ serializers: ['serpent'] }));
    peer.connect('Pyro.Daemon', 'hello', { serializerId: 3, data: Buffer.from('{"handshake":"hello","object":"Pyro.Daemon"}') });
    const frame = await peer.next();
    expect(frame.header).toMatchObject({ type: MESSAGE_TYPES.connectFail, serializerId: 2 });
    expect(frame.data.toString('latin1')).toContain('this daemon accepts serpent (serializers)');
  });

  it.each([dumps('hello'), dumps({ handshake: 1 }), dumps({ handshake: 1, object: 5 }), Buffer.from('}{')])(
    'handshake data that is no connect dict is refused',
    async (data) => {
      const peer = await open(await startDaemon());
      peer.send({ type: MESSAGE_TYPES.connect, data });
      expect((await peer.next()).header.type).toBe(MESSAGE_TYPES.connectFail);
      await peer.untilClosed();
    },
  );

  it('a handshake is given up after handshakeTimeoutMs, guards included', async () => {
    const daemon = await startDaemon({ handshakeTimeoutMs: 50, validateHandshake: async () => (await sleep(100_000), {}) });
    const [silent, waiting] = [await open(daemon), await open(daemon)];
    waiting.connect();
    for (const peer of [silent, waiting]) {
      const frame = await peer.next();
      expect(frame.header.type).toBe(MESSAGE_TYPES.connectFail);
      expect(frame.data.toString('latin1')).toContain('handshakeTimeoutMs (50 ms)');
      await peer.untilClosed();
    }
  });

  it('a guard that gives a thenable which is no promise is given up after handshakeTimeoutMs, and its slots are free again', async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- as a query of knex or mongoose that never ends
    const never = { then: () => undefined } as unknown as Promise<object>;
    const daemon = await startDaemon({ handshakeTimeoutMs: 50, maxAbandonedConnections: 2, validateHandshake: () => never });
    for (let attempt = 0; attempt < 4; attempt++) {
      const peer = await open(daemon);
      peer.connect();
      expect((await peer.next()).data.toString('latin1')).toContain('handshakeTimeoutMs (50 ms)');
      await peer.untilClosed();
      await eventually(() => daemon.inspect().limits.find(({ name }) => name === 'maxAbandonedConnections')?.used === 0);
    }
  });

  it('the error of a thenable that a hook gives is reported', async () => {
    const fail = (_: unknown, reject: (error: Error) => void): void => reject(new Error('lost'));
    // oxlint-disable-next-line unicorn/no-thenable -- as a query of knex
    const failing = { then: fail } as unknown as Promise<void>;
    const daemon = await startDaemon({ clientDisconnect: () => failing });
    const errors: string[] = [];
    daemon.on('error', ({ message }) => errors.push(message));
    (await join(daemon)).destroy();
    await eventually(() => errors.includes('lost'));
    expect(errors).toEqual(['lost']);
  });

  it('a connection over maxConnections is refused with the reason', async () => {
    const daemon = await startDaemon({ maxConnections: 2 });
    const first = await join(daemon);
    await join(daemon);
    const third = await open(daemon);
    third.connect();
    const frame = await third.next();
    expect(frame.header).toMatchObject({ type: MESSAGE_TYPES.connectFail, serializerId: 2 });
    expect(frame.data.toString('latin1')).toContain('daemon is full: maxConnections (2) are open');
    await third.untilClosed();
    first.end();
    await eventually(() => daemon.connections.length === 1);
    await join(daemon);
  });
});

describe('the guard of an object', () => {
  it('an object’s guard gives the answer of the handshake, and the principal of its calls', async () => {
    const daemon = await startDaemon();
    const guarded = new Guarded('a');
    daemon.registerTarget('guarded', guarded);
    const peer = await open(daemon);
    peer.connect('guarded', 'a');
    expect(valueOf(await peer.next())).toMatchObject({ handshake: 'come in' });
    expect(await peer.call('guarded', 'whoami')).toBe('owner of a');
    expect(await peer.call('guarded', 'whoami')).toBe('owner of a');
    expect(guarded.asked).toEqual(['a']);
  });

  it('an object’s guard refuses a connection with its reason', async () => {
    const daemon = await startDaemon();
    daemon.registerTarget('guarded', new Guarded('a'));
    const peer = await open(daemon);
    peer.connect('guarded', 'b');
    expect(valueOf(await peer.next())).toBe('wrong password');
  });

  const ways: [string, (peer: ScriptedPeer) => void][] = [
    ['a method', (peer) => peer.invoke('guarded', 'whoami')],
    ['an unknown method', (peer) => peer.invoke('guarded', 'nothing')],
    ['reading an attribute', (peer) => peer.invoke('guarded', '__getattr__', ['colour'])],
    ['writing an attribute', (peer) => peer.invoke('guarded', '__setattr__', ['colour', 'blue'])],
    ['a batch', (peer) => peer.invoke('guarded', '<batch>', [pyTuple('whoami', pyTuple(), {})], {}, { flags: FLAGS.batch })],
    ['get_metadata', (peer) => peer.invoke('Pyro.Daemon', 'get_metadata', ['guarded'])],
    [
      'a batch on the daemon',
      (peer) =>
        peer.invoke('Pyro.Daemon', '<batch>', [pyTuple('get_metadata', pyTuple('guarded'), {})], {}, { flags: FLAGS.batch }),
    ],
  ];

  it.each(ways)('an object’s guard is asked when a connection of another object reaches it by %s', async (_, reach) => {
    const daemon = await startDaemon();
    daemon.register(new Thing(), 'open');
    const guarded = new Guarded('a');
    daemon.registerTarget('guarded', guarded);

    const stranger = await join(daemon, 'open', 'b');
    reach(stranger);
    const refusal = await stranger.next();
    expect(refusal.data.toString()).toContain('Pyro5.errors.SecurityError');
    expect(refusal.data.toString()).toContain('wrong password');
    expect(guarded.calls).toEqual([]);
    expect(await stranger.call('open', 'hello')).toBe('hello');

    const friend = await join(daemon, 'open', 'a');
    reach(friend);
    expect((await friend.next()).data.toString()).not.toContain('wrong password');
  });

  it('an object’s guard is asked for oneway calls too, once per connection', async () => {
    const daemon = await startDaemon();
    const guarded = new Guarded('a');
    daemon.registerTarget('guarded', guarded);
    const stranger = await join(daemon, 'Pyro.Daemon', 'b');
    for (let i = 0; i < 3; i++) stranger.invoke('guarded', 'whoami', [], {}, { flags: FLAGS.oneway });
    await stranger.call('Pyro.Daemon', 'ping');
    expect(guarded.calls).toEqual([]);
    expect(guarded.asked).toEqual(['b']);
  });

  it('an object’s guard protects the items of its streams', async () => {
    const daemon = await startDaemon();
    daemon.registerTarget('guarded', new Guarded('a'));
    const friend = await join(daemon, 'guarded', 'a');
    friend.invoke('guarded', 'items');
    const id = (await friend.next()).annotations.get('STRM')!.toString();
    const stranger = await join(daemon, 'Pyro.Daemon', 'b');
    expect((await stranger.fail('Pyro.Daemon', 'get_next_stream_item', id)).pythonType).toBe('Pyro5.errors.SecurityError');
    await stranger.fail('Pyro.Daemon', 'close_stream', id);
    expect(await friend.call('Pyro.Daemon', 'get_next_stream_item', id)).toBe(1);
  });

  it('registered() hides a guarded object from clients that its guard has not authorized', async () => {
    const daemon = await startDaemon();
    daemon.registerTarget('guarded', new Guarded('a'));
    const peer = await join(daemon, 'Pyro.Daemon', 'a');
    expect(await peer.call('Pyro.Daemon', 'registered')).toEqual(['Pyro.Daemon']);
    await peer.call('guarded', 'whoami');
    expect(await peer.call('Pyro.Daemon', 'registered')).toEqual(['Pyro.Daemon', 'guarded']);
  });
});

it('refused handshakes leave nothing behind', async () => {
  const daemon = await startDaemon({ validateHandshake: () => Promise.reject(new Error('no')) });
  const failures: string[] = [];
  daemon.on('handshakeFailed', (error) => failures.push(error.message));
  for (let i = 0; i < 20; i++) {
    const peer = await open(daemon);
    peer.connect();
    await peer.next();
    await peer.untilClosed();
  }
  expect(failures).toEqual(Array(20).fill('no'));
  expect(daemon.connections).toEqual([]);
});
