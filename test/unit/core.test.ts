import { afterEach, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy } from '../../lib/core.js';

class Adder {
  add(a: number, b: number): number {
    return a + b;
  }
}
expose(Adder);

/** Gives clients a proxy, and keeps the object that a client passes. */
class Broker {
  given: unknown;

  constructor(private readonly proxy: object) {}
  hand(): object {
    return { nested: [this.proxy] };
  }
  take(value: unknown): void {
    this.given = value;
  }
}
expose(Broker, 'hand', 'take');

class NamedDaemon extends PyroDaemon {
  readonly title = 'named';
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<NamedDaemon> {
  const daemon = await NamedDaemon.listen({ host: '127.0.0.1' });
  closers.push(() => daemon.close());
  return daemon;
}

it('listen() of a subclass of PyroDaemon gives an instance of the subclass', async () => {
  const daemon = await start();
  expect(daemon).toBeInstanceOf(NamedDaemon);
  expect(daemon.title).toBe('named');
});

it('a proxy that a method returns travels as a proxy, without its handshake data', async () => {
  const [far, near] = [await start(), await start()];
  const adder = PyroProxy.to(far.register(new Adder(), 'adder'), { handshake: 'secret' });
  const broker = await PyroProxy.connect<{ hand(): { nested: { add(a: number, b: number): Promise<number> }[] } }>(
    near.register(new Broker(adder), 'broker'),
    { receivedProxies: ({ port }) => port === Number(far.locationStr.split(':')[1]) },
  );
  closers.push(
    () => broker.$release(),
    () => adder.$release(),
  );
  const {
    nested: [received],
  } = await broker.hand();
  expect(await received!.add(1, 2)).toBe(3);
  expect(far.connections.map(({ handshake }) => handshake)).toEqual(['hello']);
});

it('a registered object that a client passes back travels as a proxy', async () => {
  const [here, there] = [await start(), await start()];
  const [adder, broker] = [new Adder(), new Broker({})];
  here.register(adder, 'adder');
  const proxy = await PyroProxy.connect<{ take(value: object): void }>(there.register(broker, 'broker'), { autoproxy: here });
  closers.push(() => proxy.$release());
  await proxy.take(adder);
  expect(broker.given).toBeInstanceOf(PyroProxy);
  expect(String((broker.given as PyroProxy).$uri)).toBe(`PYRO:adder@${here.locationStr}`);
});
