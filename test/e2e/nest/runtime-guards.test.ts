import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { beforeEach, expect, it } from 'vitest';
import {
  expose,
  PyroContext,
  PyroController,
  type PyroDaemon,
  PyroHandshakeContext,
  PyroMethod,
  type PyroRegisterOptions,
  type PyroServer,
  PyroServers,
  UseHandshakeGuards,
  PyroModule,
} from '../../../lib/index.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { openStream, nextItem, serve } from './fixtures.js';

@Injectable()
class Passwords {
  readonly known = new Map([
    ['secret', 'ann'],
    ['other', 'bob'],
  ]);
}

/** A user whose name only its own methods see. */
class User {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  get name(): string {
    return this.#name;
  }
}

@Injectable()
class PasswordGuard implements CanActivate {
  constructor(private readonly passwords: Passwords) {}
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    const name = this.passwords.known.get(String(handshake.data));
    if (name === undefined) return false;
    handshake.setPrincipal(new User(name), name);
    return true;
  }
}

class Inside {
  peek(): string {
    return (PyroContext.current()!.principal as User | undefined)?.name ?? 'anybody';
  }
}
expose(Inside);

let options: PyroRegisterOptions;
beforeEach(() => {
  options = {};
});

@UseHandshakeGuards(PasswordGuard)
@PyroController({ objectId: 'maker', instanceMode: 'single' })
class Maker {
  constructor(private readonly servers: PyroServers) {}
  @PyroMethod() make(): string {
    return this.servers.get().register(new Inside(), options).objectId;
  }
  @PyroMethod() *items(): Generator<number> {
    yield 1;
    yield 2;
  }
}

@UseHandshakeGuards(PasswordGuard)
@PyroController('greeter')
class Greeter {
  constructor(private readonly servers: PyroServers) {}
  made = '';
  onPyroConnect(): void {
    this.made = this.servers.get().register(new Inside()).objectId;
  }
  @PyroMethod('made') madeId(): string {
    return this.made;
  }
}

async function start(): Promise<{ owner: ScriptedPeer; stranger: ScriptedPeer; server: PyroServer; join: Join }> {
  const providers = [Maker, Greeter, Passwords, PasswordGuard];
  const { join, server } = await serve({ imports: [PyroModule], providers });
  return { owner: await join('maker', 'secret'), stranger: await join('Pyro.Daemon'), server, join };
}
type Join = (object: string, handshake?: unknown) => Promise<ScriptedPeer>;

it('an object that a guarded controller registers has its handshake guards, and is not listed to strangers', async () => {
  const { owner, stranger } = await start();
  const id = (await owner.call('maker', 'make')) as string;
  expect(await owner.call(id, 'peek')).toBe('ann');
  expect(await stranger.fail(id, 'peek')).toMatchObject({
    pythonType: 'Pyro5.errors.SecurityError',
    args: ['Forbidden resource'],
  });
  expect(await stranger.call('Pyro.Daemon', 'registered')).not.toContain(id);
});

it('an object that a guarded session registers in onPyroConnect has its handshake guards', async () => {
  const { stranger, join } = await start();
  const peer = await join('greeter', 'other');
  const id = (await peer.call('greeter', 'made')) as string;
  expect(await peer.call(id, 'peek')).toBe('bob');
  expect((await stranger.fail(id, 'peek')).pythonType).toBe('Pyro5.errors.SecurityError');
});

it('an object that a guarded controller registered stays guarded when its server listens again', async () => {
  const { owner, server, join } = await start();
  const id = (await owner.call('maker', 'make')) as string;
  await server.close();
  await new Promise<void>((resolve, reject) => server.listen((error) => (error ? reject(error as Error) : resolve())));
  const stranger = await join('Pyro.Daemon');
  expect((await stranger.fail(id, 'peek')).pythonType).toBe('Pyro5.errors.SecurityError');
});

it('guards: none, and guards of its own, win over those of the maker', async () => {
  const { owner, stranger } = await start();
  options = { guards: 'none' };
  expect(await stranger.call((await owner.call('maker', 'make')) as string, 'peek')).toBe('anybody');
  options = { guards: [{ canActivate: (context) => PyroHandshakeContext.from(context).data === 'hello' }] };
  const id = (await owner.call('maker', 'make')) as string;
  expect(await stranger.call(id, 'peek')).toBe('anybody');
  expect((await owner.fail(id, 'peek')).args).toEqual(['Forbidden resource']);
});

it('register takes handshake guards of Nest, with their dependencies', async () => {
  const { stranger, server, join } = await start();
  server.register(new Inside(), { objectId: 'inside', guards: [PasswordGuard] });
  expect((await stranger.fail('inside', 'peek')).args).toEqual(['Forbidden resource']);
  expect(await (await join('inside', 'secret')).call('inside', 'peek')).toBe('ann');
  expect(() => server.register(new Inside(), { guards: [1 as never] })).toThrow('guards is the list [1]; it must be');
});

it('a guard that Nest cannot make refuses every client, and is an error of the server', async () => {
  const { server, join } = await start();
  const errors: string[] = [];
  server.on('error', (error) => errors.push(error.message));
  class Needs {
    constructor(readonly missing: string) {}
    canActivate(): boolean {
      return true;
    }
  }
  Injectable()(Needs);
  Reflect.defineMetadata('design:paramtypes', [String], Needs);
  server.register(new Inside(), { objectId: 'inside', guards: [Needs] });
  await expect(join('inside', 'secret')).rejects.toThrow('refused: Internal server error');
  expect(errors[0]).toMatch(/^making a handshake guard of Inside failed: /);
});

it('a stream is resumed by the principal with the same key, and by no other', async () => {
  const { owner, join } = await start();
  const id = await openStream(owner, 'maker', 'items');
  owner.destroy();
  const bob = await join('maker', 'other');
  expect((await bob.fail('Pyro.Daemon', 'get_next_stream_item', id)).args).toEqual(['item stream terminated']);
  expect(await nextItem(await join('maker', 'secret'), id)).toBe(1);
});

it('setPrincipal refuses a key that is no text', () => {
  const context = new PyroHandshakeContext({ data: 1, objectId: 'x', annotations: new Map(), connection: undefined as never });
  expect(() => context.setPrincipal({}, 5 as never)).toThrow('the key of a principal must be a text');
});

it('the daemon of a server makes ids that nobody guesses', async () => {
  const { server } = await start();
  expect(server.register(new Inside()).objectId).toMatch(/^obj_[0-9a-f]{32}$/);
  expect(server.unwrap<PyroDaemon>().isListening).toBe(true);
});
