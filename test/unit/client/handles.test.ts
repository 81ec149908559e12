import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expose, PyroDaemon } from '../../../lib/core.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';

class Adder {
  add(a: number, b: number): number {
    return a + b;
  }
  *numbers(): Generator<number> {
    for (let n = 1; ; n++) yield n;
  }
}
expose(Adder);

interface Handles {
  sockets: string[];
  timers: number;
}

/** The handles that keep the process alive: sockets, and the number of timers. */
async function handles(): Promise<Handles> {
  await sleep(50);
  const all = process.getActiveResourcesInfo();
  return { sockets: all.filter((kind) => kind !== 'Timeout'), timers: all.filter((kind) => kind === 'Timeout').length };
}

/** Waits until no more handles than before are left, and returns the rest. */
async function settle(before: Handles): Promise<Handles> {
  const deadline = Date.now() + 20_000;
  let left = await handles();
  while ((left.sockets.length > before.sockets.length || left.timers > before.timers) && Date.now() < deadline) {
    left = await handles();
  }
  return left;
}

it('a proxy leaves no socket and no timer after its release or a failed connect', async () => {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  const uri = String(daemon.register(new Adder(), 'adder'));
  const silent = createServer((socket) => void socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const before = await handles();
  {
    await using adder = await PyroProxy.connect<Adder>(uri, { poolSize: 5, callTimeoutMs: 100_000 });
    await Promise.all(Array.from({ length: 20 }, async (_, n) => adder.add(n, n)));
    for await (const number of await adder.numbers()) if (number === 3) break;
    expect(daemon.connections).toHaveLength(5);
  }
  const failing = { maxRetries: 1, retryDelayMs: 1, connectTimeoutMs: 50 };
  // a busy machine may need longer than the silent server is given
  const answered = { ...failing, connectTimeoutMs: 100_000 };
  await expect(PyroProxy.connect(`PYRO:nothing@${daemon.locationStr}`, answered)).rejects.toThrow('unknown object');
  await expect(PyroProxy.connect('PYRO:x@127.0.0.1:1', answered)).rejects.toThrow('ECONNREFUSED');
  await expect(PyroProxy.connect(`PYRO:x@127.0.0.1:${port}`, failing)).rejects.toThrow('connectTimeoutMs');
  const impatient = { signal: AbortSignal.timeout(20) };
  await expect(PyroProxy.connect(`PYRO:x@127.0.0.1:${port}`, impatient)).rejects.toThrow('timeout');
  await expect(PyroProxy.connect(`PYRONAME:x@127.0.0.1:${port}`, failing)).rejects.toThrow('connectTimeoutMs');
  const abandoned = PyroProxy.to<Adder>(`PYRO:x@127.0.0.1:${port}`);
  const call = abandoned.add(1, 2);
  await Promise.all([expect(call).rejects.toThrow('released'), abandoned.$release()]);
  const after = await settle(before);
  expect(after.sockets).toEqual(before.sockets);
  // the test runner's own timers may end meanwhile
  expect(after.timers).toBeLessThanOrEqual(before.timers);
  expect(daemon.connections).toEqual([]);
  silent.close();
  await daemon.close();
});
