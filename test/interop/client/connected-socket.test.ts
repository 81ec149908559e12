import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy, type SerializerName } from '../../../lib/core.js';
import { ensurePythonEnv } from '../python-env.js';

const SCRIPT = fileURLToPath(new URL('connected.py', import.meta.url));

class Thing {
  add(a: number, b: number): number {
    return a + b;
  }
  *numbers(to: number): Generator<number> {
    for (let n = 0; n < to; n++) yield n;
  }
}
expose(Thing);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs a Python program at the other end of a connected socket. */
async function startPython(
  role: 'serve' | 'call',
): Promise<{ socket: Socket; child: ChildProcessByStdio<null, Readable, null> }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(await ensurePythonEnv(), [SCRIPT, role, String(port)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill());
  const [socket] = (await once(listener, 'connection')) as [Socket];
  listener.close();
  return { socket, child };
}

it.each(['serpent', 'marshal', 'json', 'msgpack'] as SerializerName[])(
  'a proxy calls over a socket that is connected to a Python daemon (%s)',
  async (serializer) => {
    const { socket, child } = await startPython('serve');
    const thing = await PyroProxy.connect<Thing>('thing', { connectedSocket: socket, serializer });
    expect(thing.$metadata?.methods).toEqual(new Set(['add', 'numbers']));
    expect(await thing.add(1, 2)).toBe(3);
    const numbers: number[] = [];
    for await (const number of await thing.numbers(3)) numbers.push(number);
    expect(numbers).toEqual([0, 1, 2]);
    await thing.$release();
    expect(socket.destroyed).toBe(true);
    await once(child, 'exit');
  },
);

it('a proxy on a connected socket fails for an object that is not registered', async () => {
  const { socket } = await startPython('serve');
  await expect(PyroProxy.connect('nothing', { connectedSocket: socket })).rejects.toMatchObject({
    pythonType: 'Pyro5.errors.DaemonError',
    message: expect.stringContaining('unknown object'),
  });
  expect(socket.destroyed).toBe(true);
});

it('a daemon serves Python proxies over a socket that is connected to them', async () => {
  const { socket, child } = await startPython('call');
  const printed = text(child.stdout);
  const daemon = await PyroDaemon.listen({ connectedSocket: socket });
  daemon.register(new Thing(), 'thing');
  expect((await printed).split('\n').filter(Boolean)).toEqual(['3 [0, 1, 2]', '3 [0, 1, 2]']);
  await daemon.close();
});
