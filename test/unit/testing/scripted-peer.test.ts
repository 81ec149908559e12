import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { ProtocolError } from 'nestjs-pyro/core';
import { createMemoryPair, ScriptedPeer } from 'nestjs-pyro/testing';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('a scripted peer fails with the fault of bytes that are no Pyro message, and closes the connection', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    socket.write(`HTTP/1.1 400 Bad Request\r\n\r\n${'x'.repeat(100)}`);
    socket.once('close', () => server.emit('left'));
  });
  cleanups.push(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const left = once(server, 'left');
  const joining = ScriptedPeer.join(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  await expect(joining).rejects.toThrow(ProtocolError);
  await left;
});

it('a scripted peer gives the messages before a fault, and ignores the bytes after it', async () => {
  const [ours, theirs] = createMemoryPair();
  const [peer, other] = [new ScriptedPeer(ours), new ScriptedPeer(theirs)];
  other.invoke('thing', 'call');
  other.write(Buffer.alloc(64, 'x'));
  other.write(Buffer.alloc(64, 'y'));
  await peer.untilClosed();
  expect(peer.frames).toHaveLength(1);
  expect((await peer.next()).header.seq).toBe(1);
  await expect(peer.next()).rejects.toThrow(ProtocolError);
});
