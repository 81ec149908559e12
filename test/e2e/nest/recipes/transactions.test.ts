import { Injectable } from '@nestjs/common';
import { ClsPluginTransactional, Transactional, type TransactionalAdapter, TransactionHost } from '@nestjs-cls/transactional';
import { ClsModule } from 'nestjs-cls';
import { expect, it } from 'vitest';
import { kwargs, PyroController, type PyroDaemon, PyroException, PyroMethod, PyroProxy } from '../../../../lib/index.js';
import { closeAfter, serve } from '../fixtures.js';

/** A database in memory: a transaction writes to a copy, and a commit makes the copy the database. */
class Database {
  samples: string[] = [];

  async transaction(work: (copy: string[]) => Promise<unknown>): Promise<unknown> {
    const copy = [...this.samples];
    const result = await work(copy);
    this.samples = copy;
    return result;
  }
}

const database = new Database();
const adapter: TransactionalAdapter<Database, string[], object> = {
  connection: database,
  optionsFactory: (connection) => ({
    wrapWithTransaction: (_options, fn, setTx) =>
      connection.transaction((copy) => {
        setTx(copy);
        return fn();
      }),
    getFallbackInstance: () => connection.samples,
  }),
};

@Injectable()
class Samples {
  constructor(private readonly host: TransactionHost<typeof adapter>) {}
  async add(name: string): Promise<void> {
    this.host.tx.push(name);
  }
}

@PyroController('store')
class StoreObject {
  constructor(private readonly samples: Samples) {}

  // the decorator that wraps the method comes first: @PyroMethod reads the names of the method's own parameters
  @Transactional()
  @PyroMethod()
  async both(first: string, second = 'blank'): Promise<string[]> {
    await this.samples.add(first);
    if (second === 'broken') throw new PyroException('builtins.ValueError', ['the sample is broken']);
    await this.samples.add(second);
    return [first, second];
  }

  @PyroMethod({ params: ['first', 'second?'] })
  @Transactional()
  async named(first: string, second = 'blank'): Promise<string[]> {
    return this.both(first, second);
  }

  @PyroMethod()
  @Transactional()
  async nameless(first: string): Promise<string[]> {
    return this.both(first);
  }
}

it('@Transactional goes above @PyroMethod: keyword arguments work, an error rolls back', async () => {
  const plugin = new ClsPluginTransactional({ adapter });
  const { server } = await serve({
    imports: [ClsModule.forRoot({ plugins: [plugin] })],
    providers: [StoreObject, Samples],
  });
  await using store = await PyroProxy.connect<StoreObject>(server.unwrap<PyroDaemon>().uriFor('store'));
  closeAfter(() => (database.samples = []));
  expect(await store.both('a', kwargs({ second: 'b' }))).toEqual(['a', 'b']);
  await expect(store.both('c', 'broken')).rejects.toMatchObject({ pythonType: 'builtins.ValueError' });
  expect(database.samples).toEqual(['a', 'b']);
  expect(await store.named(kwargs({ first: 'd', second: 'e' }))).toEqual(['d', 'e']);
  expect(database.samples).toEqual(['a', 'b', 'd', 'e']);
  await expect(store.nameless(kwargs({ first: 'f' }))).rejects.toThrow(/keyword/);
});
