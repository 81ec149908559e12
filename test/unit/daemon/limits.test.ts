import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { expose, FLAGS, type LimitName, MESSAGE_TYPES, type PyroDaemon } from '../../../lib/core.js';
import { encodeMessage } from '../../../lib/protocol/messages/message.js';
import { dumps, pyTuple } from '../../../lib/serpent/index.js';
import { type CurrentCall, currentCall } from '../../../lib/calls/current-call.js';
import { blockEventLoop } from '../../event-loop.js';
import { eventually, join, open, sleep, startDaemon } from './fixtures.js';
import { RemoteFailure, valueOf } from '../../../lib/testing/index.js';

class Thing {
  running = 0;
  most = 0;
  calls = 0;
  readonly finish: (() => void)[] = [];

  hello(): string {
    this.calls++;
    return 'hello';
  }
  big(bytes: number): Buffer {
    this.calls++;
    return Buffer.alloc(bytes);
  }
  echo(value: unknown): unknown {
    return value;
  }
  async hang(): Promise<string> {
    this.running++;
    this.most = Math.max(this.most, this.running);
    await new Promise<void>((resolve) => this.finish.push(resolve));
    this.running--;
    return 'done';
  }
  async *endless(): AsyncGenerator<string> {
    yield await this.hang();
  }
}
expose(Thing);

/** How much of a limit is used. */
const useOf = (daemon: PyroDaemon, name: LimitName): number | null =>
  daemon.inspect().limits.find((limit) => limit.name === name)!.used;

async function serveThing(options = {}): Promise<{ daemon: PyroDaemon; thing: Thing }> {
  const daemon = await startDaemon(options);
  const thing = new Thing();
  daemon.register(thing, 'thing');
  return { daemon, thing };
}

describe('limits', () => {
  it('maxMessageBytes: a header that announces more ends the connection before the body arrives', async () => {
    const { daemon } = await serveThing({ maxMessageBytes: 1_000 });
    const [peer, other] = [await join(daemon), await join(daemon)];
    let reason: Error | undefined;
    daemon.on('disconnect', (_, error) => (reason = error));
    const [wire] = encodeMessage(
      { type: MESSAGE_TYPES.invoke, serializerId: 1, flags: 0, seq: 1, data: dumps('x'.repeat(2_000)) },
      10_000,
    );
    peer.write(wire!.subarray(0, 40));
    await peer.untilClosed();
    await eventually(() => reason !== undefined);
    expect(reason!.message).toMatch(/message too large \(\d+ bytes, maxMessageBytes is 1000\)/);
    expect(await other.call('thing', 'hello')).toBe('hello');
  });

  it('maxMessageBytes also limits the inflated size of a compressed message', async () => {
    const { daemon, thing } = await serveThing({ maxMessageBytes: 100_000 });
    const peer = await join(daemon);
    peer.send({
      data: deflateSync(dumps(pyTuple('thing', 'hello', pyTuple('x'.repeat(1_000_000)), {}))),
      flags: FLAGS.compressed,
    });
    const failure = new RemoteFailure(await peer.next());
    expect(failure.args[0]).toContain('maxMessageBytes (100000)');
    await peer.untilClosed();
    expect(thing.calls).toBe(0);
  });

  it('maxHandshakeBytes: refuses a larger CONNECT message before its body arrives', async () => {
    const { daemon } = await serveThing();
    const refused: string[] = [];
    daemon.on('handshakeFailed', (error) => refused.push(error.message));
    const peer = await open(daemon);
    const connect = { type: MESSAGE_TYPES.connect, serializerId: 1, flags: 0, seq: 0, data: Buffer.alloc(2 ** 16 + 1) };
    peer.write(encodeMessage(connect, 2 ** 30)[0]!.subarray(0, 40));
    const answer = await peer.next();
    expect(answer.header.type).toBe(MESSAGE_TYPES.connectFail);
    await peer.untilClosed();
    expect(refused).toEqual(['message too large (65537 bytes, maxHandshakeBytes is 65536)']);
    expect(answer.data.toString()).toContain(refused[0]);
  });

  it('maxHandshakeBytes also limits the inflated size of a compressed CONNECT, and no later message', async () => {
    const { daemon } = await serveThing({ maxHandshakeBytes: 1_000 });
    const peer = await open(daemon);
    const data = deflateSync(dumps({ handshake: 'x'.repeat(2_000), object: 'thing' }));
    peer.send({ type: MESSAGE_TYPES.connect, data, flags: FLAGS.compressed });
    expect((await peer.next()).data.toString()).toContain('inflates to more than maxHandshakeBytes (1000)');
    const other = await join(daemon, 'thing', 'x'.repeat(900));
    expect(await other.call('thing', 'echo', 'x'.repeat(2_000))).toHaveLength(2_000);
  });

  it('frameTimeoutMs: a message that stalls half-way ends its connection, an idle connection stays', async () => {
    const { daemon } = await serveThing({ frameTimeoutMs: 60 });
    const [stalling, idle] = [await join(daemon), await join(daemon)];
    let reason: Error | undefined;
    daemon.on('disconnect', (_, error) => (reason = error));
    stalling.write(Buffer.from('PYRO\x01\xf6\x04', 'latin1'));
    await stalling.untilClosed();
    await eventually(() => reason !== undefined);
    expect(reason!.message).toContain('a message stalled after 7 bytes for frameTimeoutMs (60 ms)');
    expect(await idle.call('thing', 'hello')).toBe('hello');
  });

  it('frameTimeoutMs: a slow message that makes progress is served', async () => {
    const { daemon } = await serveThing({ frameTimeoutMs: 500 });
    const [stalling, peer] = [await join(daemon), await join(daemon)];
    const data = dumps(pyTuple('thing', 'echo', pyTuple('x'.repeat(100_000)), {}));
    const wire = Buffer.concat(encodeMessage({ type: MESSAGE_TYPES.invoke, serializerId: 1, flags: 0, seq: 1, data }, 1_000_000));
    let sent = 0;
    // the time is over when it is over for a message that stalls, and that began later
    while (!stalling.closed) {
      peer.write(wire.subarray(sent, ++sent));
      if (sent === 1) stalling.write(Buffer.from('PYRO'));
      await sleep(10);
    }
    peer.write(wire.subarray(sent));
    expect(valueOf(await peer.next())).toBe('x'.repeat(100_000));
  });

  it('idleTimeoutMs: a connection without requests ends, one with a running call does not', async () => {
    const { daemon, thing } = await serveThing({ idleTimeoutMs: 300 });
    const busy = await join(daemon);
    busy.invoke('thing', 'hang');
    await eventually(() => thing.running === 1);
    // the connection is idle for a time in which the other one only runs its call
    const idle = await join(daemon);
    await idle.untilClosed();
    expect(await (await join(daemon)).call('thing', 'hello')).toBe('hello');
    expect(busy.closed).toBe(false);
    thing.finish.splice(0).forEach((finish) => finish());
    expect(valueOf(await busy.next())).toBe('done');
    await busy.untilClosed();
  });

  it('idleTimeoutMs: a connection ends whose only call is over callTimeoutMs, and the call goes on', async () => {
    const { daemon, thing } = await serveThing({ callTimeoutMs: 20, idleTimeoutMs: 50 });
    const peer = await join(daemon);
    expect(await peer.fail('thing', 'hang')).toMatchObject({ pythonType: 'builtins.TimeoutError' });
    await peer.untilClosed();
    await eventually(() => useOf(daemon, 'maxAbandonedConnections') === 1);
    expect([daemon.counters.idleTimeoutMs, thing.running]).toEqual([1, 1]);
    thing.finish.splice(0).forEach((finish) => finish());
    await eventually(() => useOf(daemon, 'maxAbandonedConnections') === 0);
  });

  it('callTimeoutMs: replies with a builtins.TimeoutError, and serves the next call while the method goes on', async () => {
    const { daemon, thing } = await serveThing({ callTimeoutMs: 50 });
    const peer = await join(daemon);
    const failure = await peer.fail('thing', 'hang');
    expect(failure).toMatchObject({ pythonType: 'builtins.TimeoutError', args: ['hang took longer than callTimeoutMs (50 ms)'] });
    const held = useOf(daemon, 'maxInFlightValueBytes');
    expect(held).toBeGreaterThan(0);
    expect(await peer.call('thing', 'hello')).toBe('hello');
    expect(daemon.inspect().connections).toMatchObject([{ requestsInProgress: 1 }]);
    expect([useOf(daemon, 'maxLateCalls'), useOf(daemon, 'maxQueuedRequests')]).toEqual([1, 0]);
    expect(useOf(daemon, 'maxInFlightValueBytes')).toBe(held);
    thing.finish.splice(0).forEach((finish) => finish());
    await eventually(() => useOf(daemon, 'maxInFlightValueBytes') === 0);
    // the result of the late call goes nowhere
    expect(await peer.call('thing', 'hello')).toBe('hello');
    expect(daemon.inspect().connections).toMatchObject([{ requestsInProgress: 0 }]);
  });

  it('callTimeoutMs: the oneway calls that run too long hold back no later calls', async () => {
    const { daemon, thing } = await serveThing({ callTimeoutMs: 50, maxQueuedRequests: 2 });
    const peer = await join(daemon);
    for (let i = 0; i < 4; i++) peer.invoke('thing', 'hang', [], {}, { flags: FLAGS.oneway });
    expect(await peer.call('thing', 'hello')).toBe('hello');
    expect(thing.running).toBe(4);
    thing.finish.splice(0).forEach((finish) => finish());
    await eventually(() => daemon.inspect().totals.requestsInProgress === 0);
  });

  it.each(['batch', 'stream item', 'compressed call'])('callTimeoutMs: the next call is served after a late %s', async (what) => {
    const { daemon, thing } = await serveThing({ callTimeoutMs: 50 });
    const peer = await join(daemon);
    if (what === 'stream item') {
      peer.invoke('thing', 'endless');
      const id = (await peer.next()).annotations.get('STRM')!.toString();
      expect((await peer.fail('Pyro.Daemon', 'get_next_stream_item', id)).pythonType).toBe('builtins.TimeoutError');
    } else if (what === 'batch') {
      const entries = ['hang', 'hello'].map((method) => [method, [], {}]);
      peer.invoke('thing', '<batch>', entries, {}, { flags: FLAGS.batch });
      expect(new RemoteFailure(await peer.next()).pythonType).toBe('builtins.TimeoutError');
    } else {
      peer.send({ flags: FLAGS.compressed, data: deflateSync(Buffer.from(`('thing','hang',(),{})`)) });
      expect(new RemoteFailure(await peer.next()).pythonType).toBe('builtins.TimeoutError');
    }
    expect(await peer.call('thing', 'hello')).toBe('hello');
    // a late request for an item waits no more
    expect(daemon.inspect().connections).toMatchObject([{ requestsInProgress: what === 'stream item' ? 0 : 1 }]);
    thing.finish.splice(0).forEach((finish) => finish());
    await eventually(() => daemon.inspect().totals.requestsInProgress === 0);
    // the second entry of the batch was not begun
    expect(thing.calls).toBe(1);
  });

  it('maxLateCalls: the connection ends after the TimeoutError, and is abandoned until its calls end', async () => {
    const { daemon, thing } = await serveThing({ callTimeoutMs: 50, maxLateCalls: 0 });
    const reasons: (string | undefined)[] = [];
    daemon.on('disconnect', (_, error) => reasons.push(error?.message));
    const peer = await join(daemon);
    expect((await peer.fail('thing', 'hang')).pythonType).toBe('builtins.TimeoutError');
    await peer.untilClosed();
    expect(daemon.counters.maxLateCalls).toBe(1);
    await eventually(() => useOf(daemon, 'maxAbandonedConnections') === 1);
    thing.finish.splice(0).forEach((finish) => finish());
    await eventually(() => useOf(daemon, 'maxAbandonedConnections') === 0);
    expect(reasons.join()).toContain('maxLateCalls is 0');
  });

  it('a late call counts as a running call when the daemon drains, and does not keep a peer that sends no Pyro messages', async () => {
    const { daemon, thing } = await serveThing({ callTimeoutMs: 50 });
    const [peer, garbled] = [await join(daemon), await join(daemon)];
    for (const one of [peer, garbled]) await one.fail('thing', 'hang');
    garbled.write(Buffer.from('GET / HTTP/1.1 and so on, until the header of a message is full'));
    await garbled.untilClosed();
    let isDrained = false;
    const drained = daemon.drain(60_000).then((all) => (isDrained = all));
    await sleep(20);
    expect(isDrained).toBe(false);
    thing.finish.splice(0).forEach((finish) => finish());
    await drained;
    expect(isDrained).toBe(true);
  });

  it('callTimeoutMs: does not cut a method whose answer lay in the kernel while the event loop was blocked', async () => {
    const server = createServer((socket) =>
      socket.once('data', () => {
        socket.end('the answer');
        blockEventLoop(1_100);
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    class Asking {
      async ask(): Promise<string> {
        socket.write('the question');
        return String(await once(socket, 'data'));
      }
    }
    const daemon = await startDaemon({ callTimeoutMs: 1_000 });
    daemon.register(new (expose(Asking))(), 'asking');
    expect(await (await join(daemon)).call('asking', 'ask')).toBe('the answer');
    server.close();
  });

  it('maxQueuedRequests: reading stops until calls end, and no request is lost', async () => {
    const { daemon, thing } = await serveThing({ maxQueuedRequests: 8 });
    const peer = await join(daemon);
    for (let i = 0; i < 50; i++) peer.invoke('thing', 'hang', [], {}, { flags: FLAGS.oneway });
    peer.invoke('thing', 'hello');
    await eventually(() => thing.running === 8);
    await sleep(50);
    expect(thing.running).toBe(8);
    while (peer.frames.length === 0) {
      thing.finish.splice(0).forEach((finish) => finish());
      await sleep(1);
    }
    thing.finish.splice(0).forEach((finish) => finish());
    expect(thing.most).toBe(8);
    expect(valueOf(await peer.next())).toBe('hello');
  });

  it('a daemon stops reading from a client that does not read its replies', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.socket.pause();
    const bytes = 500_000;
    for (let i = 0; i < 100; i++) peer.invoke('thing', 'big', [bytes]);
    const unsentBytes = (): number => Math.max(...daemon.inspect().connections.map((connection) => connection.unsentBytes));
    await eventually(() => unsentBytes() > 8 * 1024 * 1024);
    // the daemon has turns in which it could read more
    const other = await join(daemon);
    for (let i = 0; i < 100; i++) await other.call('thing', 'echo', i);
    // no more than the kernel's buffers and the limit of 8 MiB hold
    expect(thing.calls).toBeLessThan(60);
    peer.socket.resume();
    await eventually(() => thing.calls === 100, 'all calls served', 20_000);
  });

  it('maxDepth: refuses deeper values, and the connection stays open', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.send({ data: Buffer.from(`('thing','echo',(${'['.repeat(300)}${']'.repeat(300)},),{})`) });
    const failure = new RemoteFailure(await peer.next());
    expect(failure.pythonType).toBe('builtins.ValueError');
    expect(failure.args[0]).toMatch(/argument 1.* of echo cannot be read: more than 200 nested containers/);
    expect(await peer.call('thing', 'hello')).toBe('hello');
  });

  it('maxIntDigits: refuses ints with more digits', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.send({ data: Buffer.from(`('thing','echo',(${'9'.repeat(4_301)},),{})`) });
    expect(new RemoteFailure(await peer.next()).args[0]).toMatch(/4,?300/);
  });

  it.each([
    [{ maxConnections: 0 }, 'maxConnections is 0'],
    [{ callTimeoutMs: -1 }, 'callTimeoutMs is -1'],
    [{ handshakeTimeoutMs: 2 ** 31 }, 'handshakeTimeoutMs is 2147483648'],
    [{ port: '9999' as never }, 'port is the text "9999"; it must be a whole number from 0 to 65535'],
    [{ maxConnections: '10' as never }, 'maxConnections is the text "10"; it must be a whole number from 1 on'],
    [{ maxDepth: 1_001 }, 'maxDepth is 1001; it must be a whole number from 1 to 1000'],
    [{ maxMessageBytes: 1.5 }, 'maxMessageBytes is 1.5'],
    [{ port: 70_000 }, 'port is 70000'],
    [{ natPort: 5 }, 'must provide natHost with natPort'],
    [{ natHost: 'x', unixSocket: '/tmp/x' }, 'cannot use natHost together with unixSocket'],
    [{ unixSocket: '/tmp/x', port: 1 }, 'unixSocket excludes host and port'],
  ])('a daemon refuses the options %j, naming the value and the remedy', async (options, message) => {
    await expect(startDaemon(options)).rejects.toThrow(message);
  });
});

describe('a client that leaves', () => {
  it('a client that closes at any moment does not end the daemon', async () => {
    const { daemon } = await serveThing();
    for (let i = 0; i < 30; i++) {
      const peer = await open(daemon);
      peer.connect('thing');
      peer.invoke('thing', 'big', [100_000]);
      if (i % 3 === 0) await sleep(1);
      if (i % 2 === 0) peer.destroy();
      else peer.end();
    }
    await eventually(() => daemon.connections.length === 0);
    expect(await (await join(daemon)).call('thing', 'hello')).toBe('hello');
  });

  it('a client that disconnects aborts the signal of its running call', async () => {
    const { daemon } = await serveThing();
    let begun = false;
    let aborted = false;
    class Waiting {
      wait(): Promise<void> {
        begun = true;
        const { signal } = currentCall() as CurrentCall & { signal: AbortSignal };
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(void (aborted = true))));
      }
    }
    expose(Waiting);
    daemon.register(new Waiting(), 'waiting');
    const peer = await join(daemon);
    peer.invoke('waiting', 'wait');
    await eventually(() => begun);
    expect(aborted).toBe(false);
    peer.destroy();
    await eventually(() => aborted);
  });
});
