import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expose, PyroDaemon, serve } from '../../../lib/core.js';

class Lamp {
  shine(): string {
    return 'shines';
  }
}
expose(Lamp);

/** A name server that answers nothing. */
let mute: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  mute = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(mute, 'listening');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  mute.close();
});

const nameServer = (): { host: string; port: number } => ({
  host: '127.0.0.1',
  port: (mute.address() as { port: number }).port,
});

it('a daemon that closes while its names are started ends serving', async () => {
  const daemon = await PyroDaemon.listen({ port: 0 });
  const starting = serve({ lamp: new Lamp() }, { daemon, nameServer: nameServer(), verbose: false, signals: ['SIGUSR2'] });
  await once(mute, 'connection');
  await daemon.close();
  const served = await starting;
  await served.closed;
  expect(process.listenerCount('SIGUSR2')).toBe(0);
});

it('a signal that arrives while names are started ends serving', async () => {
  const starting = serve({ lamp: new Lamp() }, { port: 0, nameServer: nameServer(), verbose: false, signals: ['SIGUSR2'] });
  await once(mute, 'connection');
  process.emit('SIGUSR2');
  // the name server is not waited for any longer, before its names are removed
  for (const socket of sockets) socket.destroy();
  const served = await starting;
  await served.closed;
  expect(served.daemon.isListening).toBe(false);
  expect(process.listenerCount('SIGUSR2')).toBe(0);
});

it('objects that cannot be served leave no listeners of signals', async () => {
  const lamp = new Lamp();
  await expect(serve({ lamp, again: lamp }, { port: 0, verbose: false, signals: ['SIGUSR2'] })).rejects.toThrow(
    'already has a Pyro id',
  );
  expect(process.listenerCount('SIGUSR2')).toBe(0);
});
