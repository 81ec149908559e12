import { expect, it } from 'vitest';
import {
  behavior,
  currentContext,
  expose,
  type ObjectGuard,
  PyroDaemon,
  type RegisterOptions,
  SecurityError,
} from '../../../../lib/core.js';
import type { ScriptedPeer } from '../../../../lib/testing/index.js';
import { join, startDaemon } from '../fixtures.js';

class Inside {
  peek(): string {
    return String(currentContext()!.principal);
  }
  make(): string {
    return this.daemon.register(new Inside(this.daemon)).object;
  }
  constructor(private readonly daemon: PyroDaemon) {}
}
expose(Inside, 'peek', 'make');

class Shared {
  peek(): string {
    return 'shared';
  }
}
behavior({ instanceMode: 'single' })(expose(Shared, 'peek'));

/** Registers objects in its methods. */
class Maker {
  constructor(
    private readonly daemon: PyroDaemon,
    private readonly options: RegisterOptions = {},
  ) {}
  make(): string {
    return this.daemon.register(new Inside(this.daemon), undefined, this.options).object;
  }
  async later(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return this.make();
  }
  *inStream(): Generator<string> {
    yield this.make();
  }
  lease(): string {
    return this.daemon.lease(new Inside(this.daemon), this.options).uri.object;
  }
  shared(): string {
    return this.daemon.register(Shared, undefined, { force: true }).object;
  }
}
expose(Maker);

const passwordGuard: ObjectGuard = ({ data }) => {
  if (data !== 'secret') throw new SecurityError('wrong password');
  return { principal: 'owner' };
};

async function serve(options?: RegisterOptions): Promise<{ daemon: PyroDaemon; owner: ScriptedPeer; stranger: ScriptedPeer }> {
  const daemon = await startDaemon();
  daemon.register(new Maker(daemon, options), 'maker', { guards: passwordGuard });
  return { daemon, owner: await join(daemon, 'maker', 'secret'), stranger: await join(daemon) };
}

it.each(['make', 'later', 'lease'])(
  'an object that a guarded method registers (%s) has the guards of its maker',
  async (method) => {
    const { owner, stranger } = await serve();
    const id = (await owner.call('maker', method)) as string;
    expect(await owner.call(id, 'peek')).toBe('owner');
    expect(await stranger.fail(id, 'peek')).toMatchObject({
      pythonType: 'Pyro5.errors.SecurityError',
      args: ['wrong password'],
    });
    expect(await stranger.call('Pyro.Daemon', 'registered')).toEqual(['Pyro.Daemon']);
    expect(await owner.call('Pyro.Daemon', 'registered')).toContain(id);
  },
);

it('the guards of the maker go on to what the made object makes itself, and to objects made in an item stream', async () => {
  const { owner, stranger } = await serve();
  const second = (await owner.call((await owner.call('maker', 'make')) as string, 'make')) as string;
  expect(await owner.call(second, 'peek')).toBe('owner');
  expect((await stranger.fail(second, 'peek')).pythonType).toBe('Pyro5.errors.SecurityError');
  owner.invoke('maker', 'inStream');
  const stream = (await owner.next()).annotations.get('STRM')!.toString();
  const third = (await owner.call('Pyro.Daemon', 'get_next_stream_item', stream)) as string;
  expect((await stranger.fail(third, 'peek')).pythonType).toBe('Pyro5.errors.SecurityError');
});

it('the guard of the maker is asked once for each connection, not again for what it made', async () => {
  const daemon = await startDaemon();
  let asked = 0;
  daemon.register(new Maker(daemon), 'maker', { guards: () => void asked++ });
  const peer = await join(daemon, 'maker');
  const id = (await peer.call('maker', 'make')) as string;
  await peer.call(id, 'peek');
  expect(asked).toBe(1);
  const other = await join(daemon, id);
  await other.call('maker', 'make');
  expect(asked).toBe(2);
});

it('guards: none lets everybody use an object that a guarded method registers', async () => {
  const { owner, stranger } = await serve({ guards: 'none' });
  for (const method of ['make', 'lease']) {
    const id = (await owner.call('maker', method)) as string;
    expect(await stranger.call(id, 'peek')).toBe('undefined');
  }
});

it('a class that is registered with other guards does not share its target', async () => {
  const { daemon, owner, stranger } = await serve();
  daemon.register(Shared, 'open');
  const id = (await owner.call('maker', 'shared')) as string;
  expect(await stranger.call('open', 'peek')).toBe('shared');
  expect((await stranger.fail(id, 'peek')).pythonType).toBe('Pyro5.errors.SecurityError');
});

it('objects that are registered outside of a call, or in a call of an unguarded object, are open', async () => {
  const daemon = await startDaemon();
  daemon.register(new Maker(daemon), 'maker');
  const peer = await join(daemon);
  expect(await peer.call((await peer.call('maker', 'make')) as string, 'peek')).toBe('undefined');
});

it('a wrong guards option is refused by its value', async () => {
  const daemon = await startDaemon();
  expect(() => daemon.register(new Shared(), 'x', { guards: 'all' as never })).toThrow(
    "guards is the text \"all\"; it must be 'inherit', 'none' or a function",
  );
});

it('ids that a daemon makes have 128 random bits', async () => {
  const daemon = await startDaemon();
  const ids = Array.from({ length: 200 }, () => daemon.register(new Maker(daemon)).object);
  expect(ids.every((id) => /^obj_[0-9a-f]{32}$/.test(id))).toBe(true);
  // a version-4 UUID would have the same digit at 12 in all of them
  for (let at = 4; at < 36; at++) expect(new Set(ids.map((id) => id[at])).size).toBeGreaterThan(8);
});

/** A principal whose members no comparison from outside sees. */
class User {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  get name(): string {
    return this.#name;
  }
}

class Source {
  *items(): Generator<number> {
    yield 1;
    yield 2;
  }
}
expose(Source);

async function streamOf(guard: ObjectGuard): Promise<{ daemon: PyroDaemon; id: string }> {
  const daemon = await startDaemon();
  daemon.register(new Source(), 'source', { guards: guard });
  const peer = await join(daemon, 'source', 'ann');
  peer.invoke('source', 'items');
  const id = (await peer.next()).annotations.get('STRM')!.toString();
  peer.destroy();
  return { daemon, id };
}

it('principals that differ only in private fields are not the same principal for streams', async () => {
  const { daemon, id } = await streamOf(({ data }) => ({ principal: new User(String(data)) }));
  const bob = await join(daemon, 'source', 'bob');
  expect((await bob.fail('Pyro.Daemon', 'get_next_stream_item', id)).args).toEqual(['item stream terminated']);
});

it('a stream is resumed by a principal with the same key, or that is the same value', async () => {
  const byKey = await streamOf(({ data }) => ({ principal: new User(String(data)), principalKey: String(data) }));
  const bob = await join(byKey.daemon, 'source', 'bob');
  expect((await bob.fail('Pyro.Daemon', 'get_next_stream_item', byKey.id)).args).toEqual(['item stream terminated']);
  const ann = await join(byKey.daemon, 'source', 'ann');
  expect(await ann.call('Pyro.Daemon', 'get_next_stream_item', byKey.id)).toBe(1);
  const byText = await streamOf(({ data }) => ({ principal: data }));
  const again = await join(byText.daemon, 'source', 'ann');
  expect(await again.call('Pyro.Daemon', 'get_next_stream_item', byText.id)).toBe(1);
});
