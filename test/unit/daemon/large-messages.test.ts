import { expect, it } from 'vitest';
import { expose } from '../../../lib/core.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import type { WireMessage } from '../../../lib/protocol/messages/message.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { startDaemon } from './fixtures.js';

const SIZE = 300_000;

/** Keeps what it gets, and gives it back later. */
class Store {
  readonly kept: unknown[] = [];
  put(value: unknown): unknown {
    this.kept.push(value);
    return value;
  }
  all(): unknown {
    return this.kept;
  }
}
expose(Store);

const valueOf = (index: number, bytes: boolean): Buffer | string => {
  const value = Buffer.alloc(SIZE + index * 1_000, 97 + index);
  return bytes ? value : value.toString();
};

it.each<[SerializerName, boolean]>([
  ['serpent', true],
  ['serpent', false],
  ['json', false],
  ['marshal', true],
  ['marshal', false],
  ['msgpack', true],
  ['msgpack', false],
])(
  'large values in %s (bytes: %s) stay as they are when the memory of their messages is used again',
  async (serializer, bytes) => {
    const daemon = await startDaemon();
    const store = new Store();
    const uri = daemon.register(store);
    const proxies = [0, 1, 2].map(() => PyroProxy.to<Store>(uri, { serializer }));
    try {
      const expected = Array.from({ length: 12 }, (_, index) => valueOf(index, bytes));
      const replies = await Promise.all(
        proxies.map(async (proxy, who) => {
          const got: unknown[] = [];
          for (let index = who; index < expected.length; index += proxies.length) got.push(await proxy.put(expected[index]));
          return got;
        }),
      );
      for (const [who, got] of replies.entries()) {
        expect(got.every((value, at) => isSame(value, expected[who + at * proxies.length]))).toBe(true);
      }
      const kept = (await proxies[0]!.all()) as unknown[];
      const sorted = (values: readonly unknown[]): unknown[] =>
        [...values].sort((a, b) => (a as string).length - (b as string).length);
      for (const values of [kept, store.kept]) {
        expect(sorted(values).every((value, index) => isSame(value, expected[index]))).toBe(true);
      }
    } finally {
      for (const proxy of proxies) await proxy.$release();
    }
  },
);

it('the wire log may keep the data of large messages', async () => {
  const messages: WireMessage[] = [];
  const daemon = await startDaemon({ wireLog: (message) => messages.push(message) });
  const uri = daemon.register(new Store());
  const proxy = PyroProxy.to<Store>(uri, { serializer: 'msgpack' });
  try {
    for (let index = 0; index < 4; index++) await proxy.put(valueOf(index, true));
  } finally {
    await proxy.$release();
  }
  const large = messages.filter(({ direction, data }) => direction === 'received' && data.length > SIZE);
  expect(large.map(({ data }) => data.at(-10))).toEqual([97, 98, 99, 100]);
});

function isSame(value: unknown, expected: unknown): boolean {
  return Buffer.isBuffer(expected) ? Buffer.isBuffer(value) && value.equals(expected) : value === expected;
}
