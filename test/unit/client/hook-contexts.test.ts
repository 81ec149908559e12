import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { expose, PyroDaemon, type PyroDaemonOptions, PyroProxy, type PyroProxyOptions } from '../../../lib/core.js';
import type { ConnectAddress } from '../../../lib/transport/sockets/connector.js';
import { TestAuthority } from '../../certificates.js';

const heldCalls: (() => void)[] = [];

class Lamp {
  light(): string {
    return 'on';
  }
  /** Ends when the test says so. */
  held(): Promise<void> {
    return new Promise((resolve) => heldCalls.push(resolve));
  }
  *watts(): Generator<number> {
    yield* [1, 2];
  }
}
expose(Lamp, 'light', 'held', 'watts');

interface RemoteLamp {
  light(): string;
  held(): Promise<void>;
  watts(): Generator<number>;
}

const requests = new AsyncLocalStorage<string>();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serveLamp(options: PyroDaemonOptions = {}): Promise<{ daemon: PyroDaemon; uri: string }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', ...options });
  cleanups.push(() => daemon.close());
  return { daemon, uri: String(daemon.register(new Lamp(), 'lamp')) };
}

function openTcp(address: ConnectAddress): Socket {
  const { host, port } = address as { host: string; port: number };
  return connectSocket(port, host);
}

it('functions that a connection calls see no store; those that a call runs see the store of the call', async () => {
  const { daemon, uri } = await serveLamp();
  const seen: Record<string, unknown> = {};
  const note = (hook: string): void => void (seen[hook] = requests.getStore() ?? 'none');
  const lamp = PyroProxy.to<RemoteLamp>(uri, {
    openSocket: (address) => {
      note('openSocket');
      return openTcp(address);
    },
    validateHandshake: () => note('validateHandshake'),
    onConnected: () => note('onConnected'),
    onDisconnected: () => note('onDisconnected'),
  });
  cleanups.push(() => lamp.$release());
  await requests.run('first', () => lamp.light());
  await requests.run('second', async () => {
    await lamp.light();
    note('after a call');
    for await (const watts of await lamp.watts()) note(`item ${watts}`);
    note('after a stream');
  });
  await daemon.close();
  await expect.poll(() => seen['onDisconnected']).toBeDefined();
  expect(seen).toEqual({
    openSocket: 'none',
    validateHandshake: 'first',
    onConnected: 'first',
    'after a call': 'second',
    'item 1': 'second',
    'item 2': 'second',
    'after a stream': 'second',
    onDisconnected: 'none',
  });
});

type Hooks = Pick<PyroProxyOptions, 'validateHandshake' | 'onConnected' | 'annotations' | 'onAnnotations'>;

/** For each hook of connecting: options with this hook alone, which notes what it sees. */
const hooks: Record<string, (note: () => void) => Hooks> = {
  validateHandshake: (validateHandshake) => ({ validateHandshake }),
  onConnected: (onConnected) => ({ onConnected }),
  annotations: (note) => ({
    annotations: () => {
      note();
      return {};
    },
  }),
  onAnnotations: (onAnnotations) => ({ onAnnotations }),
};

it.each(Object.entries(hooks))(
  '%s sees the store of the call that connects after the end of the connection before',
  async (_, hook) => {
    const { uri } = await serveLamp({ annotations: () => ({ LAMP: Buffer.from('1') }) });
    cleanups.push(() => heldCalls.splice(0).forEach((end) => end()));
    let seen: unknown[] = [];
    const lamp = PyroProxy.to<RemoteLamp>(uri, { maxRetries: 0, ...hook(() => seen.push(requests.getStore())) });
    cleanups.push(() => lamp.$release());
    await lamp.light();
    const end = new AbortController();
    const lost = requests.run('first', () => lamp.$with({ signal: end.signal }).held());
    const next = requests.run('second', () => lamp.light());
    await expect.poll(() => heldCalls).toHaveLength(1);
    seen = [];
    // ends the connection
    end.abort(new Error('given up'));
    await expect(lost).rejects.toThrow('given up');
    expect(await next).toBe('on');
    expect([...new Set(seen)]).toEqual(['second']);
  },
);

it('a store that openSocket enters is seen by no other proxy', async () => {
  const { uri } = await serveLamp();
  const seen: unknown[] = [];
  await using one = PyroProxy.to<RemoteLamp>(uri, {
    openSocket: (address) => {
      requests.enterWith('one');
      return openTcp(address);
    },
  });
  await using other = PyroProxy.to<RemoteLamp>(uri, {
    openSocket: (address) => {
      seen.push(requests.getStore());
      return openTcp(address);
    },
  });
  await one.light();
  await other.light();
  expect(seen).toEqual([undefined]);
});

it('checkServerIdentity of tls sees no store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  const authority = await TestAuthority.create(directory, 'ca');
  const { cert, key } = await authority.issue('server');
  const { uri } = await serveLamp({ tls: { cert, key } });
  const seen: unknown[] = [];
  const checkServerIdentity = (): undefined => void seen.push(requests.getStore());
  await using lamp = PyroProxy.to<RemoteLamp>(uri, { tls: { ca: authority.cert, checkServerIdentity } });
  expect(await requests.run('first', () => lamp.light())).toBe('on');
  expect(seen).toEqual([undefined]);
});
