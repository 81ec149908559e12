import { type CanActivate, type ExecutionContext, Injectable, Logger, SetMetadata, UseGuards } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expose, PyroController, PyroMethod, PyroModule, UseHandshakeGuards } from '../../../lib/index.js';
import { joinServer, serve } from './fixtures.js';

type AnyConstructor = new (...args: never[]) => object;

/** Decorators that put something else in the place of a class, without extending it. */
const REPLACEMENTS: Record<string, ClassDecorator> = {
  'a JavaScript Proxy': ((type: AnyConstructor) =>
    new Proxy(type, { construct: (...args) => Reflect.construct(...args) as object })) as never,
  'a function with the prototype': ((type: AnyConstructor) => {
    function Made(...args: never[]): object {
      return Reflect.construct(type, args, new.target ?? type) as object;
    }
    return Object.defineProperties(Made, { prototype: { value: type.prototype }, name: { value: type.name } });
  }) as never,
  'a function with a prototype of its own': ((type: AnyConstructor) => {
    function Made(...args: never[]): object {
      return Reflect.construct(type, args, new.target ?? type) as object;
    }
    const prototype = Object.create(type.prototype, { constructor: { value: Made } }) as object;
    return Object.defineProperties(Made, { prototype: { value: prototype }, name: { value: type.name } });
  }) as never,
};

@Injectable()
class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
@Injectable()
class Roles implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<string[]>('roles', context.getClass()) === undefined;
  }
}
@Injectable()
class Stock {
  readonly count = 3;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(Object.entries(REPLACEMENTS))('%s in the place of a class', (what, Replace) => {
  it(`a replaced class keeps handshake guards above and below (${what})`, async () => {
    @PyroController('below')
    @Replace
    @UseHandshakeGuards(Closed)
    class Below {
      @PyroMethod() read(): void {}
    }
    @UseHandshakeGuards(Closed)
    @PyroController('above')
    @Replace
    class Above {
      @PyroMethod() read(): void {}
    }
    @PyroController('twice')
    @Replace
    @UseHandshakeGuards(Closed)
    @Replace
    class Twice {
      @PyroMethod() read(): void {}
    }
    const { join } = await serve({ providers: [Below, Above, Twice] });
    for (const id of ['below', 'above', 'twice']) await expect(join(id)).rejects.toThrow('Forbidden resource');
  });

  it(`a replaced class keeps guards and metadata above and below, and the dependencies of the constructor (${what})`, async () => {
    @PyroController('below')
    @Replace
    @UseGuards(Closed)
    class Below {
      @PyroMethod() read(): string {
        return 'open';
      }
    }
    @UseGuards(Closed)
    @PyroController('above')
    @Replace
    class Above {
      @PyroMethod() read(): string {
        return 'open';
      }
    }
    @PyroController('roles')
    @UseGuards(Roles)
    @Replace
    @SetMetadata('roles', ['admin'])
    class ForAdmins {
      @PyroMethod() read(): string {
        return 'open';
      }
    }
    @PyroController('open')
    @Replace
    class Open {
      constructor(private readonly stock: Stock) {}
      @PyroMethod() read(): number {
        return this.stock.count;
      }
    }
    const { server } = await serve({ providers: [Stock, Below, Above, ForAdmins, Open] });
    for (const id of ['below', 'above', 'roles'])
      expect((await (await joinServer(server, id)).fail(id, 'read')).message).toContain('Forbidden resource');
    expect(await (await joinServer(server, 'open')).call('open', 'read')).toBe(3);
  });

  it(`a class that is replaced above @PyroController is served by nobody, and the warning says what to do (${what})`, async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    @Replace
    @PyroController('hidden')
    class Hidden {
      @PyroMethod() read(): void {}
    }
    const { join } = await serve({ providers: [Hidden] });
    expect(warn.mock.calls.map(([text]) => String(text))).toContainEqual(
      expect.stringMatching(
        /^Hidden has @PyroController, but a decorator above it puts something else.*: put @PyroController on top$/,
      ),
    );
    await expect(join('hidden')).rejects.toThrow('unknown object');
  });
});

it('an object whose class has handshake guards that nobody would ask is not registered', async () => {
  @UseHandshakeGuards(Closed)
  class Device {
    read(): string {
      return 'open';
    }
  }
  expose(Device);
  const { server } = await serve({ imports: [PyroModule] });
  expect(() => server.register(new Device())).toThrow(
    'Device has @UseHandshakeGuards, which holds for classes with @PyroController only',
  );
  server.register(new Device(), { objectId: 'device', guards: [new Closed()] });
  await expect(joinServer(server, 'device')).rejects.toThrow('Forbidden resource');
});
