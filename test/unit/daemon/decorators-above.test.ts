import { describe, expect, it } from 'vitest';
import { callback, expose, kwargs, oneway, params, PyroDaemon, type RemoteObject } from 'nestjs-pyro/core';
import { connectInMemory } from 'nestjs-pyro/testing';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Puts a new function in place of a method, getter or setter. */
function Loud(_prototype: object, _key: string, descriptor: PropertyDescriptor): void {
  for (const part of ['get', 'set', 'value'] as const) {
    const original = descriptor[part] as AnyFunction | undefined;
    if (typeof original !== 'function') continue;
    const wrapper: AnyFunction = function (...args) {
      const result = original.apply(this, args);
      return typeof result === 'string' ? result.toUpperCase() : result;
    };
    Object.assign(descriptor, { [part]: wrapper });
  }
}

class Thing {
  private text = 'text';
  @Loud @expose greet(name: string, greeting = 'hello'): string {
    return `${greeting} ${name}`;
  }
  @Loud @expose @params('text', '**options') find(text: string, options: object): string {
    return `${text} ${Object.keys(options).join()}`;
  }
  @Loud @expose get label(): string {
    return this.text;
  }
  set label(value: string) {
    this.text = value;
  }
  @Loud @expose @oneway @callback log(): void {}
  @Loud hidden(): string {
    return 'hidden';
  }
}

/** Makes a method a getter of bound functions. */
function autobind(_prototype: object, _key: string, descriptor: PropertyDescriptor): PropertyDescriptor {
  const original = descriptor.value as AnyFunction;
  const get = function (this: unknown): unknown {
    return original.bind(this);
  };
  return { configurable: true, get };
}

class Bound {
  private readonly text = 'text';
  @autobind @expose read(prefix: string, suffix = ''): string {
    return `${prefix}${this.text}${suffix}`;
  }
  @autobind @expose @oneway log(): void {}
  @autobind hidden(): void {}
  @expose get label(): string {
    return this.text;
  }
}

class Derived extends Thing {
  override greet(): string {
    return 'not exposed again';
  }
}

async function connected(thing: object): Promise<{ proxy: RemoteObject } & AsyncDisposable> {
  const daemon = new PyroDaemon({ listen: false });
  await daemon.start();
  daemon.register(thing, 'thing');
  const proxy = await connectInMemory(daemon, 'thing');
  return { proxy: proxy as RemoteObject, [Symbol.asyncDispose]: () => daemon.close() };
}

describe('decorators above those of core', () => {
  it.each([new Thing(), Thing])('a member stays exposed when a decorator above wraps it (%o)', async (thing) => {
    await using session = await connected(thing);
    const { methods, attrs, oneway: onewayNames } = session.proxy.$metadata!;
    expect([...methods].sort()).toEqual(['find', 'greet', 'log']);
    expect([...attrs]).toEqual(['label']);
    expect([...onewayNames]).toEqual(['log']);
  });

  it('a decorator above that of core holds for calls, reads and writes', async () => {
    await using session = await connected(new Thing());
    expect(await session.proxy.$call('greet', 'Ann')).toBe('HELLO ANN');
    await session.proxy.$set('label', 'new');
    expect(await session.proxy.$get('label')).toBe('NEW');
  });

  it('keywords bind by the names of the wrapped method, and by `params` below the wrapper', async () => {
    await using session = await connected(new Thing());
    expect(await session.proxy.$call('greet', kwargs({ greeting: 'welcome', name: 'Bob' }))).toBe('WELCOME BOB');
    expect(await session.proxy.$call('find', kwargs({ text: 'steel', limit: 5 }))).toBe('STEEL LIMIT');
  });

  it.each([new Bound(), Bound])('a method that a decorator above made a getter stays a method (%o)', async (thing) => {
    await using session = await connected(thing);
    const { methods, attrs, oneway: onewayNames } = session.proxy.$metadata!;
    expect([[...methods].sort(), [...attrs], [...onewayNames]]).toEqual([['log', 'read'], ['label'], ['log']]);
    expect(await session.proxy.$call('read', kwargs({ suffix: '!', prefix: 'a ' }))).toBe('a text!');
    await expect(session.proxy.$get('read')).rejects.toThrow("'read'");
  });

  it('a method that a decorator above made a getter is described with its parameters', async () => {
    const daemon = new PyroDaemon({ listen: false });
    await daemon.start();
    daemon.register(new Bound(), 'thing');
    const { members } = daemon.inspect().objects.find(({ objectId }) => objectId === 'thing')!;
    const read = members.find(({ name }) => name === 'read');
    expect(read).toMatchObject({ kind: 'method', parameters: [{ name: 'prefix' }, { name: 'suffix' }] });
    await daemon.close();
  });

  it('an override of a wrapped member must be exposed again', async () => {
    await using session = await connected(new Derived());
    expect(session.proxy.$metadata!.methods.has('greet')).toBe(false);
    await expect(session.proxy.$call('greet')).rejects.toThrow("'greet'");
  });

  it('a member stays exposed when a decorator of the class wraps it', async () => {
    const wrapAll = ({ prototype }: { prototype: object }): void => {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, 'read')!;
      Loud(prototype, 'read', descriptor);
      Object.defineProperty(prototype, 'read', descriptor);
    };
    @wrapAll
    @expose
    class Whole {
      read(): string {
        return 'text';
      }
    }
    await using session = await connected(new Whole());
    expect(await session.proxy.$call('read')).toBe('TEXT');
  });
});
