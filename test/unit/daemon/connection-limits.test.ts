import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expose, FLAGS, MESSAGE_TYPES, PyroDaemon } from '../../../lib/core.js';
import { RemoteAddresses } from '../../../lib/daemon/connection/remote-addresses.js';
import { encodeMessage } from '../../../lib/protocol/messages/message.js';
import { ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { eventually, join, joinInTime, open, startDaemon } from './fixtures.js';

class Thing {
  readonly finish: (() => void)[] = [];
  hello(): string {
    return 'hello';
  }
  hang(): Promise<void> {
    return new Promise((resolve) => this.finish.push(resolve));
  }
  /** Blocks the event loop. */
  block(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }
  big(bytes: number): Buffer {
    return Buffer.alloc(bytes);
  }
  *items(): Generator<number> {
    for (;;) yield 1;
  }
}
expose(Thing);

async function serveThing(options = {}): Promise<{ daemon: PyroDaemon; thing: Thing }> {
  const daemon = await startDaemon(options);
  const thing = new Thing();
  daemon.register(thing, 'thing');
  return { daemon, thing };
}

afterEach(() => void vi.restoreAllMocks());

describe('a slot', () => {
  it('a slot is free once the socket is closed, although a call of the client still runs', async () => {
    const { daemon, thing } = await serveThing({ maxConnections: 5 });
    for (let i = 0; i < 5; i++) {
      const peer = await join(daemon);
      peer.invoke('thing', 'hang');
      await eventually(() => thing.finish.length === i + 1);
      peer.destroy();
    }
    await eventually(() => daemon.connections.every(({ connected }) => !connected));
    expect(await (await join(daemon)).call('thing', 'hello')).toBe('hello');
    thing.finish.forEach((finish) => finish());
    await eventually(() => daemon.connections.length === 1);
  });

  it('a slot is free after a handshake whose guard never answers', async () => {
    const daemon = await startDaemon({ maxConnections: 2, handshakeTimeoutMs: 60 });
    const thing = new Thing();
    daemon.register(thing, 'guarded', { guards: () => new Promise(() => undefined) });
    daemon.register(new Thing(), 'thing');
    for (let i = 0; i < 2; i++) {
      const peer = await open(daemon);
      peer.connect('guarded');
      await peer.untilClosed();
    }
    await eventually(() => daemon.sockets.length === 1);
    expect(await (await joinInTime(daemon, 'thing')).call('thing', 'hello')).toBe('hello');
  });

  it.each(['validateHandshake', 'object'])(
    'a guard that never answers (%s) ends with the deadline, whenever it is asked',
    async (which) => {
      const never = (): Promise<never> => new Promise(() => undefined);
      const daemon = await startDaemon({
        handshakeTimeoutMs: 60,
        ...(which === 'validateHandshake' && {
          validateHandshake: ({ objectId }) => (objectId === 'guarded' ? never() : undefined),
        }),
      });
      daemon.register(new Thing(), 'guarded', { guards: which === 'object' ? never : 'none' });
      const refused = await open(daemon);
      refused.connect('guarded');
      expect((await refused.next()).data.toString()).toContain('took longer than handshakeTimeoutMs (60 ms)');
      if (which === 'validateHandshake') return;
      const peer = await joinInTime(daemon);
      for (let i = 0; i < 2; i++) {
        expect(await peer.fail('guarded', 'hello')).toMatchObject({
          pythonType: 'Pyro5.errors.SecurityError',
          args: ['a guard took longer than handshakeTimeoutMs (60 ms)'],
        });
      }
      expect(await peer.call('Pyro.Daemon', 'ping')).toBe(null);
      peer.destroy();
      await eventually(() => daemon.connections.length === 0);
    },
  );
});

describe('a blocked event loop', () => {
  it('a blocked event loop cuts no client whose handshake, request or rest of a message lay in the kernel', async () => {
    const { daemon } = await serveThing({ handshakeTimeoutMs: 5_000, frameTimeoutMs: 5_000, idleTimeoutMs: 5_000 });
    const reasons: unknown[] = [];
    daemon.on('handshakeFailed', (error) => reasons.push(error.message));
    daemon.on('disconnect', (_, error) => reasons.push(error?.message));
    const connecting = await Promise.all(Array.from({ length: 20 }, () => open(daemon)));
    const half = await Promise.all(Array.from({ length: 20 }, () => join(daemon)));
    const idle = await Promise.all(Array.from({ length: 5 }, () => join(daemon)));
    await eventually(() => daemon.sockets.length === 46);
    const request = Buffer.from("('thing','hello',(),{})");
    const wire = Buffer.concat(
      encodeMessage({ type: MESSAGE_TYPES.invoke, serializerId: 1, flags: 0, seq: 1, data: request }, 1_000),
    );
    for (const peer of half) peer.write(wire.subarray(0, 20));
    await eventually(() => half.every(({ socket }) => socket.writableLength === 0));
    // the messages leave for the kernel before this process is blocked: no data is read before the block ends
    for (const peer of connecting) peer.connect('thing');
    for (const peer of half) peer.write(wire.subarray(20));
    for (const peer of idle) peer.write(wire);
    new Thing().block(5_500);
    for (const peer of connecting) expect((await peer.next()).header.type).toBe(MESSAGE_TYPES.connectOk);
    for (const peer of [...half, ...idle]) expect(valueOf(await peer.next())).toBe('hello');
    expect(reasons).toEqual([]);
  });

  it('a blocked event loop still cuts clients that sent nothing', async () => {
    const { daemon } = await serveThing({ handshakeTimeoutMs: 100, frameTimeoutMs: 100, idleTimeoutMs: 100 });
    const [silent, half, idle] = [await open(daemon), await join(daemon), await join(daemon)];
    half.write(Buffer.from('PYRO'));
    new Thing().block(300);
    await Promise.all([silent.untilClosed(), half.untilClosed(), idle.untilClosed()]);
    // clients see the end before the daemon
    await eventually(() => daemon.connections.length === 0);
    expect(daemon.counters).toMatchObject({ handshakeTimeoutMs: 1, frameTimeoutMs: 1, idleTimeoutMs: 1 });
  });
});

describe('unread replies', () => {
  it('a client that reads slowly, but reads, is not cut by writeTimeoutMs', async () => {
    const { daemon } = await serveThing({ writeTimeoutMs: 400 });
    const peer = await join(daemon);
    peer.socket.pause();
    peer.invoke('thing', 'big', [60_000_000]);
    let read = 0;
    peer.socket.on('data', (chunk: Buffer) => (read += chunk.length));
    const begin = performance.now();
    while (performance.now() - begin < 2_000 && !peer.closed && peer.frames.length === 0) {
      const target = read + 400_000;
      peer.socket.resume();
      await eventually(() => read >= target || peer.closed || peer.frames.length > 0);
      peer.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(peer.closed).toBe(false);
    expect(daemon.counters.writeTimeoutMs).toBe(0);
  });

  it('the slowest reader over maxUnsentBytes is cut, and a client that reads gets its reply', async () => {
    const { daemon } = await serveThing({ maxUnsentBytes: 60_000_000 });
    const slow = await join(daemon);
    slow.socket.pause();
    slow.invoke('thing', 'big', [40_000_000]);
    const gone = new Promise<Error | undefined>((resolve) => daemon.once('disconnect', (_, error) => resolve(error)));
    await eventually(() => daemon.counters.maxUnsentBytes === 0 && slow.socket.readableLength > 0);
    const reading = await join(daemon);
    reading.invoke('thing', 'big', [40_000_000]);
    expect((await gone)?.message).toContain('the peer reads too slowly');
    expect((await reading.next()).data.length).toBeGreaterThan(40_000_000);
  });
});

describe('limits per address', () => {
  const limits = {
    maxConnectionsPerAddress: 2,
    maxHandshakesPerAddress: 2,
    maxFailedHandshakes: 4,
    maxAbandonedConnectionsPerAddress: 2,
    maxStreamsPerAddress: 2,
    limitLoopback: false,
  };

  it('limits per address hold for networks of IPv6, and neither for this machine nor for sockets without an address', () => {
    const addresses = new RemoteAddresses(limits);
    const name = (address: string | undefined): string | undefined => addresses.of(address)?.name;
    expect(name('192.0.2.7')).toBe('192.0.2.7');
    expect(name('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(name('2001:db8:0:1::5')).toBe('2001:db8:0:1::/64');
    expect(name('2001:db8::1:2:3:4')).toBe('2001:db8:0:0::/64');
    expect(name('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    for (const local of [undefined, '127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', 'local'])
      expect(name(local)).toBe(undefined);
    expect(addresses.of('2001:db8:0:1::5')).toBe(addresses.of('2001:db8:0:1:ffff::7'));
    expect(new RemoteAddresses({ ...limits, limitLoopback: true }).of('::ffff:127.0.0.1')?.name).toBe('127.0.0.1');
  });

  it('failed handshakes are delayed, then refused with a time to try again, and forgiven in a minute', () => {
    const address = new RemoteAddresses(limits).of('192.0.2.7')!;
    let now = 1_000_000;
    expect([1, 2, 3, 4].map(() => address.failed(now))).toEqual([0, 100, 200, 400]);
    expect(address.refusal(now)?.message).toContain('Retry in 15 s');
    now += 10_000;
    expect(address.refusal(now)?.message).toContain('Retry in 5 s');
    now += 5_000;
    expect(address.refusal(now)).toBe(undefined);
    expect(Array.from({ length: 20 }, () => address.failed(now)).at(-1)).toBe(2_000);
    expect(address.hasFailures(now + 600_000)).toBe(false);
  });

  it('limits per address forget addresses that nobody uses, and remember at most 10,000', () => {
    const addresses = new RemoteAddresses(limits);
    const first = addresses.of('192.0.2.1')!;
    first.failed(0);
    for (let i = 0; i < 20_000; i++) addresses.of(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    expect(addresses.of('192.0.2.1')).not.toBe(first);
    const second = addresses.of('192.0.2.1')!;
    addresses.forgetUnused(0);
    expect(addresses.of('192.0.2.1')).not.toBe(second);
  });

  it('the remembered address whose last failure is the oldest is forgotten, whenever it was seen first', () => {
    const addresses = new RemoteAddresses(limits);
    const all = Array.from({ length: 10_000 }, (_, i) => addresses.of(`10.0.${i >> 8}.${i & 255}`)!);
    for (const [index, address] of all.entries()) address.failed(index + 1);
    // the address that was seen first guesses again
    all[0]!.failed(20_000);
    addresses.of('192.0.2.1');
    expect(addresses.of('10.0.0.0')).toBe(all[0]);
    expect(addresses.of('10.0.0.2')).toBe(all[2]);
    expect(addresses.of('10.0.0.1')).not.toBe(all[1]);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address && !address.internal && address.family === 'IPv4')?.address;
  const address = outside ?? '127.0.0.2';

  it('limits per address hold for clients from the network by default', async () => {
    // a machine without a network has no address but loopback
    const options = { host: '0.0.0.0', maxConnectionsPerAddress: 1, profile: 'lab', limitLoopback: outside === undefined };
    const { daemon } = await serveThing(options);
    const port = Number(daemon.locationStr.split(':')[1]);
    const connectFrom = async (host: string): Promise<ScriptedPeer> => {
      const socket = connect(port, host);
      await new Promise((resolve) => socket.once('connect', resolve));
      return new ScriptedPeer(socket);
    };
    const [one, two, local] = [await connectFrom(address), await connectFrom(address), await connectFrom('127.0.0.1')];
    for (const peer of [one, two, local]) peer.connect('thing');
    expect((await one.next()).header.type).toBe(MESSAGE_TYPES.connectOk);
    expect((await two.next()).data.toString()).toContain('daemon is full for ');
    expect((await local.next()).header.type).toBe(MESSAGE_TYPES.connectOk);
    for (const peer of [one, two, local]) peer.destroy();
  });
});

it('the last tenth of maxStreams is kept for connections with few streams', async () => {
  const { daemon } = await serveThing({ maxStreams: 100, maxStreamsPerConnection: 95 });
  const openStream = async (peer: ScriptedPeer): Promise<boolean> => {
    peer.invoke('thing', 'items');
    return ((await peer.next()).header.flags & FLAGS.itemStream) !== 0;
  };
  const greedy = await join(daemon);
  let opened = 0;
  while (await openStream(greedy)) opened++;
  expect(opened).toBe(91);
  expect(await openStream(await join(daemon))).toBe(true);
  expect(daemon.counters).toMatchObject({ maxStreams: 1, maxStreamsPerConnection: 0 });
});

describe('a daemon that anybody may call', () => {
  const warningsOf = async (options: object, prepare: (daemon: PyroDaemon) => unknown = () => undefined): Promise<string[]> => {
    const daemon = new PyroDaemon({ host: '0.0.0.0', ...options });
    const warnings: string[] = [];
    daemon.on('warning', (text, code) => warnings.push(`${code}: ${text}`));
    prepare(daemon);
    await daemon.start();
    await daemon.close();
    return warnings;
  };

  it('a daemon that anybody may call warns at its start, and says what to do', async () => {
    const [warning, ...others] = await warningsOf({});
    expect(others).toEqual([]);
    expect(warning).toMatch(/^PYRO_OPEN_ADDRESS: whoever reaches 0\.0\.0\.0:\d+ may call every object of this daemon/);
    for (const remedy of ['tls', 'handshakeGuards', 'validateHandshake', "profile: 'lab'", "profile: 'exposed'"]) {
      expect(warning).toContain(remedy);
    }
    expect((await warningsOf({ profile: 'exposed' }))[0]).not.toContain('stricter limits');
  });

  it.each<[string, object]>([
    ['on loopback', { host: '127.0.0.1' }],
    ['on localhost', { host: 'localhost' }],
    ['with a guard', { validateHandshake: () => undefined }],
    ['in a lab', { profile: 'lab' }],
    ['that does not listen', { host: undefined, listen: false }],
  ])('a daemon %s does not warn that anybody may call it', async (_, options) => {
    expect(await warningsOf(options)).toEqual([]);
  });

  it('a daemon does not warn when the hook is overridden, or every object has guards', async () => {
    const nothing = (): undefined => undefined;
    const members = { invoke: nothing, getAttribute: nothing, setAttribute: nothing, isCallback: () => false };
    const metadata = { methods: new Set<string>(), oneway: new Set<string>(), attrs: new Set<string>() };
    const guard = { metadata, ...members, authorize: nothing };
    expect(await warningsOf({}, (daemon) => daemon.registerTarget('guarded', guard))).toEqual([]);
    class Strict extends PyroDaemon {
      override validateHandshake(): undefined {
        return undefined;
      }
    }
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await (await Strict.listen({ host: '0.0.0.0' })).close();
    expect(emitted).not.toHaveBeenCalled();
    await (await PyroDaemon.listen({ host: '0.0.0.0' })).close();
    expect(emitted).toHaveBeenCalledWith(expect.stringContaining('whoever reaches'), { code: 'PYRO_OPEN_ADDRESS' });
  });
});

it('profile: exposed sets stricter limits, and options that are given win', async () => {
  const { daemon } = await serveThing({ profile: 'exposed', maxStreamsPerConnection: 2 });
  const peer = await join(daemon);
  expect((await peer.fail('thing', 'big', 20_000_000)).args[0]).toContain(`maxMessageBytes (${16 * 1024 * 1024})`);
  peer.invoke('thing', 'items');
  peer.invoke('thing', 'items');
  peer.invoke('thing', 'items');
  await peer.next();
  await peer.next();
  await peer.next();
  expect(daemon.counters.maxStreamsPerConnection).toBe(1);
  await expect(startDaemon({ profile: 'public' as never })).rejects.toThrow(
    'profile is the text "public"; it must be lab or exposed',
  );
});

it.each([20, 0])(
  'messageTimeoutMs holds without frameTimeoutMs, also when bytes come no more (a byte each %i ms)',
  async (eachMs) => {
    const { daemon } = await serveThing({ messageTimeoutMs: 100, frameTimeoutMs: 0 });
    const peer = await join(daemon);
    peer.write(Buffer.from('PYRO\x01\xf6\x04\x01', 'latin1'));
    const timer = eachMs > 0 ? setInterval(() => peer.write(Buffer.of(0)), eachMs) : undefined;
    await peer.untilClosed();
    clearInterval(timer);
    await eventually(() => daemon.counters.messageTimeoutMs === 1);
  },
);

it('a client that has sent the beginning of a CONNECT has no more time than others', async () => {
  const { daemon } = await serveThing({ handshakeTimeoutMs: 500 });
  const order: string[] = [];
  const begun = await open(daemon);
  begun.write(Buffer.from('PYRO'));
  await sleep(50);
  const silent = await open(daemon);
  const closed = async (peer: ScriptedPeer, name: string): Promise<void> => {
    await peer.untilClosed();
    order.push(name);
  };
  await Promise.all([closed(begun, 'begun'), closed(silent, 'silent')]);
  expect(order).toEqual(['begun', 'silent']);
});
