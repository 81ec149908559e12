import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { createMemoryPair } from '../../../lib/transport/sockets/memory-pair.js';
import { SendBuffer } from '../../../lib/transport/send-buffer.js';

const sockets: Duplex[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

class User {
  constructor(
    private readonly buffer: SendBuffer,
    readonly socket: Duplex,
  ) {
    sockets.push(socket);
  }

  /** Sends `length` times the letter. */
  send(letter: string, length: number): void {
    this.buffer.begin(this)!.raw(Buffer.alloc(length, letter));
    this.buffer.end();
  }

  flush(): void {
    this.buffer.writeTo(this.socket);
  }
}

async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  const pair: [Socket, Socket] = [socket, await accepted];
  server.close();
  sockets.push(...pair);
  return pair;
}

async function received(socket: Duplex, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= length) break;
  }
  return Buffer.concat(chunks);
}

function letters(...parts: [string, number][]): Buffer {
  return Buffer.concat(parts.map(([letter, length]) => Buffer.alloc(length, letter)));
}

it('the messages of one user leave in one write, those of another user before', async () => {
  const buffer = new SendBuffer();
  const [[ours, theirs], [ours2, theirs2]] = [await socketPair(), await socketPair()];
  const [first, second] = [new User(buffer, ours), new User(buffer, ours2)];
  const writes: number[] = [];
  const { write } = ours;
  ours.write = ((chunk: Buffer): boolean => (writes.push(chunk.length), write.call(ours, chunk))) as typeof ours.write;
  first.send('a', 10);
  first.send('b', 20);
  expect(writes).toEqual([]);
  second.send('c', 5);
  expect(writes).toEqual([30]);
  second.flush();
  expect((await received(theirs, 30)).equals(letters(['a', 10], ['b', 20]))).toBe(true);
  expect((await received(theirs2, 5)).equals(letters(['c', 5]))).toBe(true);
});

it.each(['socket', 'memory'])('bytes that a %s has not taken yet are not overwritten by later messages', async (kind) => {
  const buffer = new SendBuffer();
  const [ours, theirs] = kind === 'socket' ? await socketPair() : createMemoryPair();
  const [other] = await socketPair();
  const [slow, busy] = [new User(buffer, ours), new User(buffer, other)];
  const sent: [string, number][] = [];
  // the peer does not read: the system takes a part of the messages, the rest waits in the socket
  for (let index = 0; index < 200; index++) {
    const letter = String.fromCharCode(97 + (index % 26));
    const length = index % 10 === 9 ? 100_000 : 40_000 + index;
    slow.send(letter, length);
    slow.flush();
    busy.send('#', 60_000);
    busy.flush();
    sent.push([letter, length]);
  }
  const expected = letters(...sent);
  expect(ours.writableLength).toBeGreaterThan(0);
  expect((await received(theirs, expected.length)).equals(expected)).toBe(true);
});

it('a message that is dropped leaves nothing behind', async () => {
  const buffer = new SendBuffer();
  const [ours, theirs] = await socketPair();
  const user = new User(buffer, ours);
  user.send('a', 3);
  buffer.begin(user)!.raw(Buffer.alloc(200_000, 'x'));
  buffer.drop();
  user.send('b', 3);
  user.flush();
  expect((await received(theirs, 6)).toString()).toBe('aaabbb');
});

it('no message begins while another is being written', async () => {
  const buffer = new SendBuffer();
  const [[ours, theirs], [ours2]] = [await socketPair(), await socketPair()];
  const [first, second] = [new User(buffer, ours), new User(buffer, ours2)];
  const out = buffer.begin(first)!;
  expect(buffer.begin(second)).toBeUndefined();
  expect(buffer.begin(first)).toBeUndefined();
  out.raw(Buffer.from('message'));
  buffer.end();
  first.flush();
  expect((await received(theirs, 7)).toString()).toBe('message');
});
