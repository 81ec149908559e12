import { Readable } from 'node:stream';
import {
  type CallHandler,
  ClassSerializerInterceptor,
  type ExecutionContext,
  type OnModuleInit,
  SerializeOptions,
  StandardSchemaSerializerInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Exclude, Expose } from 'class-transformer';
import { from, map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { expose, pyFloat, PyroController, PyroMethod, PyroModule, PyroServers, PyroUri } from '../../../../lib/index.js';
import { log } from '../behaviour/noting.js';
import { nextItem, openStream, readStream, serveForAll, WAYS } from '../fixtures.js';

class User {
  @Exclude() readonly password = 'secret';
  @Expose({ groups: ['admin'] }) readonly email = 'ann@example.com';
  constructor(readonly name: string) {}
  @Expose() get initial(): string {
    return this.name[0]!;
  }
}

class Greeter {
  greet(): string {
    return 'hello';
  }
}
expose(Greeter, 'greet');

@PyroController('users', { instanceMode: 'single' })
class Users implements OnModuleInit {
  private readonly greeter = new Greeter();
  constructor(private readonly servers: PyroServers) {}
  onModuleInit(): void {
    this.servers.get().register(this.greeter, { objectId: 'greeter' });
  }
  @PyroMethod() one(): User {
    return new User('Ann');
  }
  @PyroMethod() byNumber(): Record<string, User> {
    return { 1023: new User('Ann'), last: new User('Bob') };
  }
  @PyroMethod() async all(): Promise<User[]> {
    return Promise.resolve([new User('Ann'), new User('Bob')]);
  }
  @PyroMethod() @SerializeOptions({ groups: ['admin'] }) forAdmins(): User {
    return new User('Ann');
  }
  @PyroMethod() @SerializeOptions({ type: User }) typed(): unknown {
    return { name: 'Ann', password: 'secret' };
  }
  @PyroMethod({ stream: true }) pushed(): Observable<User> {
    return from([new User('Ann'), new User('Bob')]);
  }
  @PyroMethod() *pulled(): Generator<User> {
    yield new User('Ann');
    yield new User('Bob');
  }
  @PyroMethod() async *pulledLate(): AsyncGenerator<User> {
    yield new User('Ann');
    yield new User('Bob');
  }
  @PyroMethod() readable(): Readable {
    return Readable.from([new User('Ann'), new User('Bob')]);
  }
  @PyroMethod() *numbers(): Generator<unknown> {
    yield pyFloat(2);
    yield 2;
  }
  @PyroMethod() registered(): object {
    return this.greeter;
  }
  @PyroMethod() float(): unknown {
    return pyFloat(2);
  }
  @PyroMethod() uri(): PyroUri {
    return new PyroUri('PYRO:thing@localhost:9999');
  }
  @PyroMethod() bytes(): Buffer {
    return Buffer.from('Ann');
  }
  @PyroMethod() plain(): unknown[] {
    return ['Ann', 1, 2.5, null, true];
  }
}

describe.each(WAYS)('a global ClassSerializerInterceptor (%s)', (way) => {
  const served = serveForAll(way, {
    imports: [PyroModule.forRoot()],
    providers: [Users, { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }],
  });
  const ann = { name: 'Ann', initial: 'A' };

  it.each<[method: string, expected: unknown]>([
    ['one', ann],
    ['byNumber', { 1023: ann, last: { name: 'Bob', initial: 'B' } }],
    ['all', [ann, { name: 'Bob', initial: 'B' }]],
    ['forAdmins', { ...ann, email: 'ann@example.com' }],
    ['typed', { name: 'Ann', initial: 'A' }],
    ['plain', ['Ann', 1, 2.5, null, true]],
  ])('ClassSerializerInterceptor leaves out excluded members: %s', async (method, expected) => {
    expect(await (await served().join('users')).call('users', method)).toEqual(expected);
  });

  it('ClassSerializerInterceptor leaves values that are no class instances unchanged', async () => {
    const peer = await served().join('users');
    expect(await peer.call('users', 'bytes')).toEqual(Buffer.from('Ann'));
    expect(await peer.call('users', 'registered')).toMatchObject({ __class__: 'Pyro5.client.Proxy' });
    expect(await peer.call('users', 'uri')).toMatchObject({ __class__: 'Pyro5.core.URI' });
    expect(await peer.call('users', 'float')).toBe(2);
  });

  it.each(['pushed', 'pulled', 'pulledLate', 'readable'])('ClassSerializerInterceptor sees each item: %s', async (method) => {
    const peer = await served().join('users');
    expect(await readStream(peer, await openStream(peer, 'users', method))).toEqual([ann, { name: 'Bob', initial: 'B' }]);
    const numbers = await readStream(peer, await openStream(peer, 'users', 'numbers'));
    expect(numbers).toEqual([2, 2]);
  });
});

const Person = z.object({ name: z.string().transform((name) => name.toUpperCase()) });

@PyroController('people', { instanceMode: 'single' })
@UseInterceptors(new StandardSchemaSerializerInterceptor(new Reflector()))
class People {
  @PyroMethod() @SerializeOptions({ schema: Person }) one(): unknown {
    return { name: 'Ann', password: 'secret' };
  }
  @PyroMethod() @SerializeOptions({ schema: Person }) all(): unknown[] {
    return [{ name: 'Ann', password: 'secret' }];
  }
  @PyroMethod() @SerializeOptions({ schema: Person }) *items(): Generator<unknown> {
    try {
      yield { name: 'Ann', password: 'secret' };
      yield { name: 1 };
    } finally {
      log.push('closed');
    }
  }
  @PyroMethod() @SerializeOptions({ schema: Person }) wrong(): unknown {
    return { name: 1 };
  }
}

describe('a StandardSchemaSerializerInterceptor with zod', () => {
  const served = serveForAll('hybrid', { providers: [People] });

  it('StandardSchemaSerializerInterceptor transforms results by the schema', async () => {
    const peer = await served().join('people');
    expect([await peer.call('people', 'one'), await peer.call('people', 'all')]).toEqual([{ name: 'ANN' }, [{ name: 'ANN' }]]);
  });

  it('StandardSchemaSerializerInterceptor transforms the items of a stream, which ends at an item that does not fit', async () => {
    const peer = await served().join('people');
    const id = await openStream(peer, 'people', 'items');
    expect(await nextItem(peer, id)).toEqual({ name: 'ANN' });
    await expect(nextItem(peer, id)).rejects.toMatchObject({ pythonType: 'builtins.RuntimeError' });
    expect(log).toEqual(['closed']);
  });

  it('StandardSchemaSerializerInterceptor fails a call whose result does not fit the schema', async () => {
    const failure = await (await served().join('people')).fail('people', 'wrong');
    expect(failure.pythonType).toBe('builtins.RuntimeError');
  });
});

class Enveloping extends ClassSerializerInterceptor {
  override async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    return (await super.intercept(context, next)).pipe(map((data: unknown) => ({ data })));
  }
}
class Counting extends ClassSerializerInterceptor {
  override serialize(
    ...args: Parameters<ClassSerializerInterceptor['serialize']>
  ): ReturnType<ClassSerializerInterceptor['serialize']> {
    log.push('serialized');
    return super.serialize(...args);
  }
}

@PyroController({ objectId: 'extended', instanceMode: 'single' })
class Extended {
  @PyroMethod() @UseInterceptors(Enveloping) enveloped(): Buffer {
    return Buffer.from('Ann');
  }
  @PyroMethod() @UseInterceptors(Counting) *counted(): Generator<User> {
    yield new User('Ann');
  }
}

describe('a subclass of ClassSerializerInterceptor', () => {
  const served = serveForAll('hybrid', { providers: [Extended] });

  it('a serializer interceptor with its own intercept() receives the whole result', async () => {
    expect(await (await served().join('extended')).call('extended', 'enveloped')).toEqual({ data: Buffer.from('Ann') });
  });

  it('a serializer interceptor without its own intercept() transforms the items of streams', async () => {
    const peer = await served().join('extended');
    expect(await readStream(peer, await openStream(peer, 'extended', 'counted'))).toEqual([{ name: 'Ann', initial: 'A' }]);
    expect(log).not.toEqual([]);
  });
});
