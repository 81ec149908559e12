import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { expose, oneway, PyroDaemon, PyroProxy } from '../../../../lib/core.js';
import { ScriptedPeer, valueOf } from '../../../../lib/testing/index.js';
import { TestAuthority } from '../../../certificates.js';
import { eventually, join, sleep, startDaemon } from '../fixtures.js';

/** More than the buffers of the system hold, and read for more than 3 s: shorter times are those of peers that do not read. */
const BYTES = 24 * 1024 * 1024;
const MS_PER_64_KIB = 10;
const LONG_MS = 60_000;

class Library {
  taken = 0;
  @expose
  book(): string {
    return 'x'.repeat(BYTES);
  }
  @expose
  async slow(ms: number): Promise<string> {
    await sleep(ms);
    return 'done';
  }
  @expose
  @oneway
  take(book: string): void {
    this.taken = book.length;
  }
}

async function serveLibrary(options = {}): Promise<{ daemon: PyroDaemon; library: Library }> {
  const daemon = await startDaemon(options);
  const library = new Library();
  daemon.register(library, 'library');
  return { daemon, library };
}

/** Reads a socket steadily, but slowly. */
function readSlowly(socket: Duplex): void {
  socket.on('data', ({ length }: Buffer) => {
    socket.pause();
    setTimeout(() => socket.resume(), (length / 65_536) * MS_PER_64_KIB);
  });
}

/** @returns the length of the result */
async function slowResult(peer: ScriptedPeer): Promise<number> {
  await new Promise((resolve) => peer.socket.once('close', resolve));
  return peer.frames.length === 0 ? 0 : (valueOf(peer.frames[0]!) as string).length;
}

async function askSlowly(peer: ScriptedPeer): Promise<ScriptedPeer> {
  readSlowly(peer.socket);
  peer.invoke('library', 'book');
  return peer;
}

const isAnswering = (daemon: PyroDaemon): boolean => daemon.inspect().connections.every(({ calls }) => calls === 1);

it('shutdown() waits for clients that read a large reply steadily, over TCP, TLS and a unix socket', async () => {
  const directory = await mkdtemp(joinPath(tmpdir(), 'pyro-last-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const authority = await TestAuthority.create(directory, 'ca');
  const { cert, key } = await authority.issue('server');
  const ways: [object, (daemon: PyroDaemon) => Promise<ScriptedPeer>][] = [
    [{}, (daemon) => join(daemon)],
    [{ unixSocket: joinPath(directory, 'socket') }, (daemon) => join(daemon)],
    [
      { tls: { cert, key } },
      async (daemon) => {
        const port = Number(daemon.locationStr.split(':')[1]);
        const peer = new ScriptedPeer(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }));
        peer.connect();
        await peer.next();
        return peer;
      },
    ],
  ];
  const lengths = ways.map(async ([options, open]) => {
    const { daemon } = await serveLibrary(options);
    const peer = await askSlowly(await open(daemon));
    await eventually(() => isAnswering(daemon));
    const result = slowResult(peer);
    await daemon.shutdown(LONG_MS);
    return result;
  });
  expect(await Promise.all(lengths)).toEqual([BYTES, BYTES, BYTES]);
});

it('drain() waits until a reply has left, and tells when it has not in time', async () => {
  const { daemon } = await serveLibrary();
  const peer = await join(daemon);
  peer.socket.pause();
  peer.invoke('library', 'book');
  await eventually(() => isAnswering(daemon));
  expect(await daemon.drain(20)).toBe(false);
  const drained = daemon.drain(LONG_MS);
  peer.socket.resume();
  expect(await drained).toBe(true);
});

it('close() after drain() drops no reply that drain() has waited for', async () => {
  for (let round = 0; round < 10; round++) {
    const { daemon } = await serveLibrary();
    const peer = await join(daemon);
    const result = peer.call('library', 'slow', 20);
    await eventually(() => isAnswering(daemon));
    expect(await daemon.drain()).toBe(true);
    await daemon.close();
    expect(await result).toBe('done');
  }
});

it('close() of a connection sends the replies before to a client that reads steadily', async () => {
  const { daemon } = await serveLibrary();
  const peer = await askSlowly(await join(daemon));
  await eventually(() => isAnswering(daemon));
  daemon.connections[0]!.close();
  expect(await slowResult(peer)).toBe(BYTES);
});

it('$release() sends a large oneway request to a server that reads steadily', async () => {
  const { daemon, library } = await serveLibrary();
  const { port } = await slowWayTo(Number(daemon.locationStr.split(':')[1]));
  const proxy = await PyroProxy.connect<Library>(`PYRO:library@127.0.0.1:${port}`);
  // the release ends the wait for the room of a further request
  const sent = Promise.resolve(proxy.take('x'.repeat(BYTES))).catch(() => undefined);
  await proxy.$release();
  await sent;
  await eventually(() => library.taken === BYTES);
});

/** Passes bytes on to a port: slowly there, at once back. */
async function slowWayTo(port: number): Promise<{ port: number }> {
  const server: Server = createServer((client: Socket) => {
    const there = connect(port, '127.0.0.1');
    there.pipe(client);
    client.on('data', (chunk) => there.write(chunk));
    readSlowly(client);
    client.on('end', () => there.end());
    for (const socket of [client, there]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return server.address() as { port: number };
}
