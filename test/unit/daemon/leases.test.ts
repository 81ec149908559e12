import { expect, it } from 'vitest';
import { expose, PyroDaemon } from '../../../lib/core.js';
import { startDaemon } from './fixtures.js';

class Listener {
  hear(): string {
    return 'heard';
  }
}
expose(Listener, 'hear');

it('a lease keeps an object registered until the last lease is released', async () => {
  const daemon = await startDaemon();
  const listener = new Listener();
  const first = daemon.lease(listener);
  const second = daemon.lease(listener);
  expect(String(second.uri)).toBe(String(first.uri));
  expect(daemon.objectCount).toBe(2);
  first.release();
  first.release();
  expect(String(daemon.uriFor(listener))).toBe(String(second.uri));
  second.release();
  expect(daemon.objectCount).toBe(1);
  expect(daemon.referenceFor(listener)).toBeUndefined();
});

it('a lease ends with its `using` block', async () => {
  const daemon = await startDaemon();
  const listener = new Listener();
  {
    using lease = daemon.lease(listener);
    expect(lease.reference.methods).toEqual(new Set(['hear']));
    expect(daemon.objectCount).toBe(2);
  }
  expect(daemon.objectCount).toBe(1);
});

it('a lease changes nothing for an object that is registered, or whose class is', async () => {
  const daemon = await startDaemon();
  const listener = new Listener();
  daemon.register(listener, 'listener');
  daemon.lease(listener).release();
  expect(String(daemon.uriFor(listener))).toContain('PYRO:listener@');
  daemon.unregister(listener);
  daemon.register(Listener, 'class');
  const lease = daemon.lease(listener);
  expect(lease.uri.object).toBe('class');
  lease.release();
  expect(daemon.objectCount).toBe(2);
});

it('a new lease registers an object again that was unregistered meanwhile', async () => {
  const daemon = await startDaemon();
  const listener = new Listener();
  const stale = daemon.lease(listener);
  daemon.unregister(listener);
  const lease = daemon.lease(listener);
  expect(lease.uri.object).not.toBe(stale.uri.object);
  stale.release();
  expect(String(daemon.uriFor(listener))).toBe(String(lease.uri));
  lease.release();
  expect(daemon.objectCount).toBe(1);
});

it('a lease needs a daemon that listens', () => {
  expect(() => new PyroDaemon().lease(new Listener())).toThrow('call start() first');
});
