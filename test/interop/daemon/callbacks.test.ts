import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  behavior,
  currentContext,
  expose,
  oneway,
  PyroDaemon,
  type PyroRemoteError,
  type RemoteObject,
} from '../../../lib/core.js';
import { ensurePythonEnv } from '../python-env.js';

interface Listener {
  hear(value: unknown): number;
  numbers(count: number): Iterator<number>;
}

/** Calls the proxy that it is passed, during the call. */
class Caller {
  async call(callee: RemoteObject, method: string, ...args: unknown[]): Promise<unknown> {
    return callee.$call(method, ...args);
  }
  async caught(callee: RemoteObject, method: string): Promise<unknown> {
    const { pythonType, args } = (await callee.$call(method).catch((error: unknown) => error)) as PyroRemoteError;
    return [pythonType, args];
  }
  add(a: number, b: number): number {
    return a + b;
  }
  correlation(): string {
    return currentContext()!.correlationId;
  }
  async *relay(listener: RemoteObject<Listener>, count: number): AsyncGenerator<number> {
    for await (const number of await listener.numbers(count)) yield number;
  }
}
expose(Caller);

/** Keeps the proxy that it is passed, and calls it in later calls. */
class Room {
  private readonly listeners = new Set<RemoteObject<Listener>>();

  join(listener: RemoteObject<Listener>): number {
    return this.listeners.add(listener).size;
  }
  async say(text: string): Promise<number> {
    for (const listener of this.listeners) await listener.hear(text).catch(() => this.listeners.delete(listener));
    return this.listeners.size;
  }
  async say_later(text: string, ms: number): Promise<void> {
    await sleep(ms);
    await this.say(text);
  }
}
expose(Room);
oneway(Room, 'say_later');
behavior({ instanceMode: 'single' })(Room);

let daemon: PyroDaemon;

beforeAll(async () => {
  daemon = await PyroDaemon.listen({ host: '127.0.0.1', receivedProxyOptions: { maxRetries: 0 } });
  daemon.register(Caller, 'caller');
  daemon.register(Room, 'room');
});
afterAll(() => daemon.close());

it('a daemon calls Python programs back, during calls and after them', async () => {
  const checks = fileURLToPath(new URL('callbacks.py', import.meta.url));
  const python = await ensurePythonEnv();
  const output = await new Promise<string>((resolve) => {
    const env = { ...process.env, CHECKED_LOCATION: daemon.locationStr, PYTHONDONTWRITEBYTECODE: '1' };
    const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--tb=short', checks];
    execFile(python, args, { env, maxBuffer: 10_000_000 }, (_error, stdout) => resolve(stdout));
  });
  // the output tells a developer which check failed
  expect(output).toMatch(/^\d+ passed in /m);
  await expect.poll(() => daemon.connections).toEqual([]);
});
