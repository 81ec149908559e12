import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { openSocket } from '../../../lib/transport/sockets/connector.js';
import { readInPlace } from '../../../lib/transport/sockets/shared-reads.js';
import { listen, type SocketOwner } from '../../../lib/transport/sockets/socket-events.js';

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** Opens a socket to a server that serves it with `serve`. */
async function connected(serve: (socket: Socket) => void): Promise<Socket> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { signal } = new AbortController();
  const socket = await openSocket({ host: '127.0.0.1', port }, { keepAliveMs: 0, signal });
  cleanups.push(
    () => server.close(),
    () => socket.destroy(),
  );
  return socket;
}

it('chunks of many sockets that read at the same time stay as they came', async () => {
  const sizes = [1, 40, 1_000, 16_384, 16_385, 65_536, 200_000];
  const received = Array.from({ length: 12 }, async (_, n) => {
    const socket = await connected((peer) => {
      void (async () => {
        for (let round = 0; round < 20; round++) {
          const size = sizes[(n + round) % sizes.length]!;
          if (!peer.write(Buffer.alloc(size, n * 20 + round))) await once(peer, 'drain');
          await turn();
        }
        peer.end();
      })();
    });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'end');
    return chunks;
  });
  for (const [n, chunks] of (await Promise.all(received)).entries()) {
    const expected = Array.from({ length: 20 }, (_, round) => Buffer.alloc(sizes[(n + round) % sizes.length]!, n * 20 + round));
    expect(Buffer.concat(chunks).equals(Buffer.concat(expected))).toBe(true);
  }
});

it('chunks that arrive before anybody listens are kept', async () => {
  const socket = await connected((peer) => peer.end('early'));
  await once(socket, 'readable');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  expect(Buffer.concat(chunks).toString()).toBe('early');
});

it('a paused socket reads no more until it is resumed', async () => {
  let written = 0;
  const socket = await connected((peer) => {
    const more = (): void => {
      while (peer.write(Buffer.alloc(65_536))) written += 65_536;
      written += 65_536;
    };
    peer.on('drain', more).on('error', () => undefined);
    more();
  });
  let read = 0;
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
    socket.pause();
  });
  await expect.poll(() => read).toBeGreaterThan(0);
  const before = read;
  for (let n = 0; n < 20; n++) await turn();
  expect(read).toBe(before);
  socket.resume();
  await expect.poll(() => read).toBeGreaterThan(before);
  expect(written).toBeGreaterThan(0);
});

/** Takes chunks of a socket, the first 1000 bytes of each million where they come, and the others in their place. */
class Taker implements SocketOwner {
  readonly place = Buffer.alloc(1_000_000);
  readonly copied: Buffer[] = [];
  taken = 0;
  inPlace = 0;
  constructor(private readonly socket: Socket) {
    listen(socket, this);
  }
  get copiesData(): boolean {
    return this.nextBytes !== undefined;
  }
  get nextBytes(): Buffer | undefined {
    const at = this.taken % this.place.length;
    return at < 1_000 ? undefined : this.place.subarray(at);
  }
  onData(chunk: Buffer): void {
    if (chunk.buffer === this.place.buffer) this.inPlace += chunk.length;
    this.copied.push(Buffer.from(chunk));
    this.taken += chunk.length;
    readInPlace(this.socket);
  }
  onEnd(): void {
    this.socket.end();
  }
  onError(): void {}
  onClose(): void {}
}

it.each(['client', 'server'])('a socket of a %s reads large messages into their place, between others', async (side) => {
  const sent = Buffer.from(Array.from({ length: 3_000_500 }, (_, index) => (index >> 8) + index));
  const takers: Taker[] = [];
  const socket = await connected((peer) => {
    if (side === 'server') takers.push(new Taker(peer));
    else peer.end(sent);
  });
  if (side === 'client') takers.push(new Taker(socket));
  else socket.end(sent);
  await once(socket, 'close');
  await expect.poll(() => takers[0]?.taken).toBe(sent.length);
  expect(Buffer.concat(takers[0]!.copied).equals(sent)).toBe(true);
  expect(takers[0]!.inPlace).toBeGreaterThan(2_000_000);
});

it('a socket that somebody else listens to as well gives both the same bytes', async () => {
  const sent = Buffer.from(Array.from({ length: 2_500_000 }, (_, index) => (index >> 8) + index));
  const socket = await connected((peer) => void peer.end(sent));
  const taker = new Taker(socket);
  const others: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => others.push(chunk));
  await once(socket, 'close');
  taker.place.fill(0);
  expect([taker.taken, Buffer.concat(others).equals(sent), Buffer.concat(taker.copied).equals(sent)]).toEqual([
    sent.length,
    true,
    true,
  ]);
});
