import { once } from 'node:events';
import { connect, createServer, Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { currentContext, expose, FLAGS, PyroDaemon } from '../../../lib/core.js';
import { createMemoryPair } from '../../../lib/testing/index.js';
import { keepWarnings } from '../../kept-warnings.js';
import { eventually, join, open, startDaemon } from './fixtures.js';

keepWarnings(/^whoever reaches/);

class Thing {
  hello(): string {
    return 'hello';
  }
  fail(): never {
    throw new RangeError('failed');
  }
  async stop(): Promise<void> {
    // running calls may take longer than this test
    await currentContext()!.daemon.shutdown(3_600_000);
  }
}
expose(Thing);

describe('sock and sockets', () => {
  it('sock and sockets are the server and the byte streams of its connections', async () => {
    const unstarted = new PyroDaemon();
    expect([unstarted.sock, unstarted.sockets]).toEqual([undefined, []]);
    const daemon = await startDaemon();
    expect(daemon.sock).toBeInstanceOf(Server);
    expect((daemon.sock as Server).address()).toMatchObject({ port: Number(daemon.locationStr.split(':')[1]) });
    expect(daemon.sockets).toEqual([daemon.sock]);
    await join(daemon);
    await open(daemon);
    const [ours, theirs] = createMemoryPair();
    daemon.serve(ours);
    await eventually(() => daemon.sockets.length === 4);
    expect(daemon.sockets).toContain(ours);
    theirs.destroy();
    await eventually(() => daemon.sockets.length === 3);
  });

  it('sock and sockets are the connected socket when the daemon serves only that', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [socket] = await accepted;
    const daemon = await PyroDaemon.listen({ connectedSocket: socket, natHost: 'nat.example' });
    expect(daemon.sock).toBe(socket);
    expect(daemon.sockets).toEqual([socket]);
    expect(daemon.natLocationStr).toBeUndefined();
    await daemon.close();
    client.destroy();
    server.close();
  });

  it('a daemon that does not listen has no sock and no sockets', async () => {
    const daemon = await PyroDaemon.listen({ listen: false });
    expect([daemon.sock, daemon.sockets]).toEqual([undefined, []]);
    await daemon.close();
  });
});

it('inspect() shows a daemon in one line', async () => {
  expect(inspect(new PyroDaemon())).toBe('PyroDaemon <not started, 1 objects, 0 connections>');
  const daemon = await startDaemon();
  daemon.register(new Thing());
  await join(daemon);
  expect(inspect(daemon)).toBe(`PyroDaemon <${daemon.locationStr}, 2 objects, 1 connections>`);
});

it('callFailed reports every failed call, callError only those whose error reaches no client', async () => {
  const daemon = await startDaemon();
  daemon.register(new Thing(), 'thing');
  const failed: string[] = [];
  const untold: string[] = [];
  daemon.on('callFailed', (error, { objectId, method, connection }) =>
    failed.push(`${connection.id} ${objectId}.${method} ${String(error)}`),
  );
  daemon.on('callError', (error) => untold.push(String(error)));
  const peer = await join(daemon);
  expect(await peer.call('thing', 'hello')).toBe('hello');
  await peer.fail('thing', 'fail');
  await peer.fail('thing', 'nothing');
  await peer.fail('nobody', 'hello');
  peer.invoke('thing', 'fail', [], {}, { flags: FLAGS.oneway });
  await eventually(() => failed.length === 4);
  expect(failed).toEqual([
    '1 thing.fail RangeError: failed',
    expect.stringContaining('1 thing.nothing'),
    '1 nobody.hello DaemonError: unknown object',
    '1 thing.fail RangeError: failed',
  ]);
  expect(untold).toEqual(['RangeError: failed']);
});

it('a call may wait for the end of its own daemon', async () => {
  for (const flags of [0, FLAGS.oneway]) {
    const daemon = await startDaemon();
    daemon.register(new Thing(), 'thing');
    const peer = await join(daemon);
    peer.invoke('thing', 'stop', [], {}, { flags });
    await once(daemon, 'close');
    await peer.untilClosed();
    expect(peer.closed).toBe(true);
  }
});

describe('hosts', () => {
  it.each([
    ['', /^0\.0\.0\.0:\d+$/],
    ['0.0.0.0', /^0\.0\.0\.0:\d+$/],
    ['localhost', /^localhost:\d+$/],
    ['::1', /^\[::1\]:\d+$/],
    ['[::1]', /^\[::1\]:\d+$/],
    ['::', /^\[::\]:\d+$/],
  ])('a daemon listens on the hosts "%s" and names them in URIs', async (host, location) => {
    const daemon = await startDaemon({ host });
    expect(daemon.locationStr).toMatch(location);
    expect(String(daemon.register(new Thing(), 'thing'))).toBe(`PYRO:thing@${daemon.locationStr}`);
    const port = Number(daemon.locationStr.slice(daemon.locationStr.lastIndexOf(':') + 1));
    const addresses = { '': ['127.0.0.1'], '::': ['127.0.0.1', '::1'], localhost: ['127.0.0.1'] }[host] ?? [
      host === '0.0.0.0' ? '127.0.0.1' : '::1',
    ];
    for (const address of addresses) {
      const socket = connect(port, address);
      await once(socket, 'connect');
      socket.destroy();
    }
  });
});
