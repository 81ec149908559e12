import { afterEach, expect, it } from 'vitest';
import {
  expose,
  NameServerClient,
  NamingError,
  ProtocolError,
  PyroDaemon,
  PyroProxy,
  PyroUri,
  PythonException,
} from '../../../lib/core.js';

/** A long list, whose text would take several times as much memory. */
const NUMBERS = [1_000_000, 1_000_001, [1_000_002]];

/** A name server that answers every question with what it was given. */
class Answers {
  answer: unknown = NUMBERS;
  refusal: string | undefined;
  ping(): void {}
  count(): unknown {
    return this.answer;
  }
  lookup(..._asked: unknown[]): unknown {
    if (this.refusal !== undefined) throw new PythonException('Pyro5.errors.NamingError', [this.refusal]);
    return this.answer;
  }
  remove(..._asked: unknown[]): unknown {
    return this.answer;
  }
  list(_prefix: unknown, _regex: unknown, withMetadata: unknown): unknown {
    return new Map([['lab', withMetadata === true ? [this.answer, new Set()] : this.answer]]);
  }
  yplookup(..._asked: unknown[]): unknown {
    return new Map([['lab', [this.answer, new Set()]]]);
  }
  store_id(): unknown {
    return this.answer;
  }
  register_leased(..._asked: unknown[]): never {
    throw new PythonException('Pyro5.errors.NamingError', [this.answer, 'no']);
  }
  renew_leases(..._asked: unknown[]): unknown {
    return [this.answer];
  }
  *watch(..._asked: unknown[]): Iterable<unknown> {
    yield { change: 'registered', name: this.answer, uri: 'PYRO:o@h:1', metadata: new Set() };
  }
}
expose(Answers);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(answers = new Answers()): Promise<{ names: NameServerClient; daemon: PyroDaemon }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', logger: false });
  cleanups.push(() => daemon.close());
  const names = await NameServerClient.at(daemon.register(answers, 'Pyro.NameServer'));
  cleanups.push(() => names.release());
  return { names, daemon };
}

it.each<[string, (names: NameServerClient) => Promise<unknown>]>([
  ['count', (names) => names.count()],
  ['lookup', (names) => names.lookup('lab')],
  ['remove', (names) => names.remove('lab')],
  ['list', (names) => names.list()],
  ['list with tags', (names) => names.listWithMetadata()],
  ['yplookup', (names) => names.yplookup({ all: ['tag'] })],
  ['store_id', (names) => names.storeId()],
  ['renew_leases', (names) => names.renewLeases('me', ['lab'])],
  [
    'watch',
    async (names) => {
      for await (const change of await names.changes('', [])) void change;
    },
  ],
])('a list in the place of a text or number in the answer of %s is refused, and not made a text', async (_, ask) => {
  const { names } = await start();
  await expect(ask(names)).rejects.toThrow(ProtocolError);
});

it('a lookup by tags refuses a list in the place of a URI', async () => {
  const { daemon } = await start();
  await using proxy = PyroProxy.to(`PYROMETA:tag@${daemon.locationStr}`, { maxRetries: 0 });
  await expect(proxy['read']!()).rejects.toThrow(ProtocolError);
});

it('the refusal of a name server tells lists in its arguments by their first items', async () => {
  const answers = new Answers();
  answers.answer = Array.from({ length: 10_000 }, (_, index) => index);
  const { names } = await start(answers);
  const refusal = names.registerLeased('lab', new PyroUri('PYRO:o@h:1'), [], 'me', 15_000);
  await expect(refusal).rejects.toThrow(new NamingError('[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …], no'));
});

it('the refusal of a name server is cut, since each of the calls that wait for a name gets a copy of it', async () => {
  const { daemon } = await start(Object.assign(new Answers(), { refusal: 'x'.repeat(100_000) }));
  await using proxy = PyroProxy.to(`PYRONAME:lab@${daemon.locationStr}`, { maxRetries: 0 });
  const failure = (await proxy.$call('read').catch((error: unknown) => error)) as NamingError;
  expect(failure).toBeInstanceOf(NamingError);
  expect(failure.message).toMatch(/^x{1000}…$/);
});
