import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  expose,
  PyroDaemon,
  PyroProxy,
  PyroRemoteError,
  type PyroProxyOptions,
  type RemoteObject,
  SecurityError,
} from '../../../lib/core.js';
import { authorize, type Script, ScriptedDaemon } from './scripted-daemon.js';

class Thing {
  readonly seen: unknown[] = [];

  echo(value: unknown): unknown {
    this.seen.push(value);
    return value;
  }
  fail(): never {
    throw new RangeError('out of range');
  }
  text(): string {
    return 'x'.repeat(10_000);
  }
  *items(): Generator<number> {
    yield 1;
    yield 2;
    throw new RangeError('no more');
  }
}
expose(Thing);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let served: Thing;
let daemon: PyroDaemon;
beforeEach(async () => {
  served = new Thing();
  daemon = await PyroDaemon.listen({ host: '127.0.0.1', compression: true });
  cleanups.push(() => daemon.close());
  daemon.register(served, 'thing');
});

function thingOf(options: PyroProxyOptions = {}): RemoteObject<Thing> {
  const thing = PyroProxy.to<Thing>(daemon.uriFor(served), options);
  cleanups.push(() => thing.$release());
  return thing;
}

/** The stack of the error of a call that a function named `caller` makes. */
async function stackOf(call: () => Promise<unknown>): Promise<string> {
  async function caller(): Promise<void> {
    await call();
  }
  return caller().then(
    () => expect.unreachable(),
    (error: Error) => error.stack!,
  );
}

async function scripted(script: Script, options: PyroProxyOptions): Promise<RemoteObject<Thing>> {
  const scriptedDaemon = await ScriptedDaemon.listen(script);
  cleanups.push(() => scriptedDaemon.close());
  const thing = PyroProxy.to<Thing>(scriptedDaemon.uri, { maxRetries: 0, ...options });
  cleanups.push(() => thing.$release());
  return thing;
}

describe('the stack of an error', () => {
  const calls: [string, (thing: RemoteObject<Thing>) => Promise<unknown>][] = [
    ['a method', (thing) => thing.fail()],
    ['$call', (thing) => thing.$call('fail')],
    ['a batch', (thing) => thing.$batch((batch) => batch.fail())],
    ['an attribute', (thing) => thing.$call('__getattr__', 'nothing')],
    ['a repeatable method', (thing) => thing.$with({ repeatable: true }).fail()],
  ];

  it.each(calls)('the stack of an error shows who called %s, over an open connection and while it opens', async (_, call) => {
    const thing = thingOf();
    for (let n = 0; n < 2; n++) expect(await stackOf(() => call(thing))).toMatch(/at (async )?caller .*callers\.test/);
  });

  it('the stack of an error shows who called a method whose arguments cannot be sent', async () => {
    const thing = thingOf();
    await thing.$connect();
    expect(await stackOf(() => thing.echo(() => 1))).toMatch(/at (async )?caller .*callers\.test/);
  });

  it('the stack of an error shows who asked for the item of a stream', async () => {
    const thing = thingOf();
    const stack = await stackOf(async () => {
      for await (const _ of await thing.items());
    });
    expect(stack).toMatch(/no more\n[^]*at (async )?caller .*callers\.test/);
  });

  it('the stack of an error shows who made a call that took too long', async () => {
    const silent: Script = async (peer) => {
      await authorize(peer, ['echo']);
      await peer.untilClosed();
    };
    const thing = await scripted(silent, { callTimeoutMs: 20 });
    await thing.$connect();
    const stacks = await Promise.all([stackOf(() => thing.echo(1)), stackOf(() => thing.echo(2))]);
    for (const stack of stacks) expect(stack).toMatch(/TimeoutError: echo took longer[^]*at (async )?caller .*callers\.test/);
  });

  it('the stack of an error shows who made a call whose connection broke', async () => {
    const breaking: Script = async (peer) => {
      await authorize(peer, ['echo']);
      await peer.next();
      peer.destroy();
    };
    const thing = await scripted(breaking, {});
    expect(await stackOf(() => thing.echo(1))).toMatch(/ConnectionClosedError: [^]*at (async )?caller .*callers\.test/);
  });

  it('the stack of an error shows who made each of the calls that waited for a connection that could not be opened', async () => {
    for (const uri of ['PYRO:thing@127.0.0.1:1', 'PYRONAME:thing@127.0.0.1:1']) {
      const thing = PyroProxy.to<Thing>(uri, { maxRetries: 0 });
      async function first(): Promise<void> {
        await thing.echo(1);
      }
      async function second(): Promise<void> {
        await thing.$with({ repeatable: true }).echo(2);
      }
      async function third(): Promise<void> {
        await thing.$connect();
      }
      const outcomes = await Promise.allSettled([first(), second(), third()]);
      const stacks = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).stack! : ''));
      for (const [index, caller] of ['first', 'second', 'third'].entries()) {
        expect(stacks[index]).toMatch(/^\w+Error: .*ECONNREFUSED\)\n[^]*connect[^]*\n/);
        expect(stacks[index]!.match(/at (?:async )?(?:first|second|third) .*callers\.test/g)).toEqual([
          expect.stringContaining(` ${caller} `) as string,
        ]);
        expect(stacks[index]!.match(/ECONNREFUSED/g)).toHaveLength(1);
      }
    }
  });

  it('the stack of an error that validateHandshake throws stays as it is, in each class of error', async () => {
    const own = new RangeError('not this daemon');
    await expect(thingOf({ validateHandshake: () => Promise.reject(own) }).echo(1)).rejects.toBe(own);
    const pyro = new SecurityError('not this daemon');
    const { stack } = pyro;
    const failure: unknown = await thingOf({ validateHandshake: () => Promise.reject(pyro) })
      .echo(1)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SecurityError);
    expect((failure as Error).stack!.startsWith(stack!)).toBe(true);
    expect(pyro.stack).toBe(stack);
  });

  it('the stack of an error does not touch the reason of an aborted signal', async () => {
    const thing = thingOf();
    const reason = new RangeError('enough');
    const { stack } = reason;
    await expect(thing.$with({ signal: AbortSignal.abort(reason) }).echo(1)).rejects.toBe(reason);
    expect(reason.stack).toBe(stack);
  });
});

describe('the async context of a caller', () => {
  const storage = new AsyncLocalStorage<number>();

  it.each([
    ['one connection', {}],
    ['a pool', { poolSize: 8 }],
    ['compressed requests and replies', { compression: true }],
  ])('the async context of a caller is the same after each call, over %s', async (_, options) => {
    const thing = thingOf(options);
    const caller = async (id: number): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        await thing.echo(id);
        expect(storage.getStore()).toBe(id);
        if (n % 5 === 0) await thing.text();
        expect(storage.getStore()).toBe(id);
        await thing.fail().catch(() => expect(storage.getStore()).toBe(id));
        if (n % 7 === id % 7) await turn();
      }
    };
    await Promise.all(Array.from({ length: 20 }, (__, id) => storage.run(id, () => caller(id))));
  });

  it('the async context of a caller is the same after each item of a stream', async () => {
    const thing = thingOf({ poolSize: 4 });
    const caller = async (id: number): Promise<void> => {
      const error = await (async () => {
        for await (const _ of await thing.items()) expect(storage.getStore()).toBe(id);
      })().catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(PyroRemoteError);
      expect(storage.getStore()).toBe(id);
    };
    await Promise.all(Array.from({ length: 10 }, (_, id) => storage.run(id, () => caller(id))));
  });

  it('the async context of onAnnotations is the context of the call', async () => {
    const seen: (number | undefined)[] = [];
    const onAnnotations = (): void => void seen.push(storage.getStore());
    const answering = await scripted(
      async (peer) => {
        await authorize(peer, ['echo']);
        for (;;) {
          const { header, correlationId } = await peer.next();
          const annotations = new Map([['NOTE', Buffer.from('x')]]);
          peer.send({ type: 5, flags: 64, seq: header.seq, correlationId, data: Buffer.from('1'), annotations });
        }
      },
      { poolSize: 1 },
    );
    await Promise.all([1, 2, 3].map((id) => storage.run(id, () => answering.$with({ onAnnotations }).echo(id))));
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('the order of calls', () => {
  it('calls that are made in one turn over one connection are run in this order, of all kinds', async () => {
    const thing = thingOf();
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 100; n += 4) {
      calls.push(thing.echo(n));
      calls.push(thing.$with({ oneway: true }).echo(n + 1));
      calls.push(thing.$batch((batch) => batch.echo(n + 2)));
      calls.push(thing.$with({ repeatable: true, callTimeoutMs: 0 }).echo(n + 3));
    }
    await Promise.all(calls);
    await thing.echo('last');
    const numbers = served.seen.filter((value) => typeof value === 'number');
    const others = numbers.filter((value) => value % 4 !== 1);
    expect(others).toEqual(others.toSorted((a, b) => a - b));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});
