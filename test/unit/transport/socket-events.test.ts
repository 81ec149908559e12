import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { listen, type SocketOwner } from '../../../lib/transport/sockets/socket-events.js';

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

class Owner implements SocketOwner {
  readonly copiesData = false;
  readonly nextBytes = undefined;
  readonly events: string[] = [];
  constructor(readonly socket: Socket) {
    listen(socket, this);
  }
  onData(chunk: Buffer): void {
    this.events.push(chunk.toString());
  }
  onEnd(): void {
    this.events.push('end');
  }
  onError(): void {
    this.events.push('error');
  }
  onClose(): void {
    this.events.push('close');
  }
}

async function accepted(): Promise<[peer: Socket, owner: Owner]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  cleanups.push(
    () => server.close(),
    () => peer.destroy(),
    () => socket.destroy(),
  );
  return [peer, new Owner(socket)];
}

it('an accepted socket hands each chunk to its owner, then its end and its close', async () => {
  const [peer, owner] = await accepted();
  for (const text of ['one', 'two', 'three']) {
    const before = owner.events.length;
    peer.write(text);
    await expect.poll(() => owner.events.length).toBeGreaterThan(before);
  }
  peer.end('four');
  await once(owner.socket, 'close');
  expect(owner.events).toEqual(['one', 'two', 'three', 'four', 'end', 'close']);
});

it('what arrives while the socket is paused comes when it is resumed, before what arrives then', async () => {
  const [peer, owner] = await accepted();
  peer.write('one');
  await expect.poll(() => owner.events).toEqual(['one']);
  owner.socket.pause();
  const { bytesRead } = owner.socket;
  peer.write('two');
  await expect.poll(() => owner.socket.bytesRead).toBe(bytesRead + 3);
  for (let n = 0; n < 5; n++) await turn();
  expect(owner.events).toEqual(['one']);
  owner.socket.resume();
  await expect.poll(() => owner.events).toEqual(['one', 'two']);
  peer.end('three');
  await once(owner.socket, 'close');
  expect(owner.events).toEqual(['one', 'two', 'three', 'end', 'close']);
});

it('a paused socket reads no more than its buffer holds, and goes on where it was', async () => {
  const [peer, owner] = await accepted();
  const sent = Buffer.alloc(20_000_000, '0123456789');
  owner.socket.pause();
  peer.end(sent);
  await expect.poll(() => owner.socket.readableLength).toBeGreaterThan(0);
  for (let n = 0; n < 50; n++) await turn();
  expect(owner.socket.readableLength).toBeLessThan(sent.length / 2);
  owner.socket.resume();
  await once(owner.socket, 'close');
  expect(owner.events.slice(-2)).toEqual(['end', 'close']);
  expect(owner.events.slice(0, -2).join('')).toBe(sent.toString());
});

it('a listener that somebody else adds to a socket gets what its owner gets', async () => {
  const [peer, owner] = await accepted();
  const heard: string[] = [];
  owner.socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
  peer.write('one');
  await expect.poll(() => heard).toEqual(['one']);
  expect(owner.events).toEqual(['one']);
});
