import {
  Body,
  type CanActivate,
  Controller,
  ParseIntPipe,
  Post,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  expose,
  type PyroDaemon,
  PyroController,
  PyroMethod,
  PyroModule,
  PyroProxy,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { serve } from './fixtures.js';

class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
const interceptor = { intercept: () => undefined } as never;
const filter = { catch: () => undefined };

/** A decorator that puts another function in the place of the method. */
const Wrapped: MethodDecorator = (_prototype, _key, descriptor: PropertyDescriptor) => {
  const method = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...args: unknown[]) {
    return method.apply(this, args);
  };
};

@UseGuards(Closed)
class GuardedClass {
  @expose read(): void {}
}
class GuardedMethod {
  @expose @UseGuards(new Closed()) read(): void {}
}
class Inheriting extends GuardedMethod {}
class BelowWrapper {
  @Wrapped @expose @UseGuards(Closed) read(): void {}
}
class Piped {
  @UsePipes(ParseIntPipe) @expose read(): void {}
}
class Intercepted {
  @expose @UseInterceptors(interceptor) read(): void {}
}
class Filtered {
  @expose @UseFilters(filter) read(): void {}
}
@UseFilters(filter)
class FilteredClass extends Filtered {}
@Controller()
class ParameterPipe {
  @Post() @expose read(@Body(ParseIntPipe) _count: number): void {}
}

const REFUSED: [make: new () => object, text: string][] = [
  [GuardedClass, 'GuardedClass has @UseGuards(Closed), which nobody would run'],
  [GuardedMethod, 'GuardedMethod.read has @UseGuards(Closed), which nobody would run'],
  [Inheriting, 'Inheriting.read has @UseGuards(Closed), which nobody would run'],
  [BelowWrapper, 'BelowWrapper.read has @UseGuards(Closed), which nobody would run'],
  [Piped, 'Piped.read has @UsePipes(ParseIntPipe), which nobody would run'],
  [Intercepted, 'Intercepted.read has @UseInterceptors(Object), which nobody would run'],
  [Filtered, 'Filtered.read has @UseFilters(Object), which nobody would run'],
  [FilteredClass, 'FilteredClass has @UseFilters(Object), which nobody would run'],
  [ParameterPipe, 'ParameterPipe.read has pipes of its parameters, which nobody would run'],
];

describe('objects that are registered at run time are called directly', () => {
  it.each(REFUSED)(
    'an object with enhancers of Nest is refused at run time: %o, also as a class, in a lease and at the daemon',
    async (Made, text) => {
      const { server } = await serve({ imports: [PyroModule] });
      const daemon = server.unwrap<PyroDaemon>();
      expect(() => server.register(new Made())).toThrow(text);
      expect(() => server.register(Made, { guards: 'none' })).toThrow('let a module provide the class');
      expect(() => daemon.register(new Made())).toThrow(text);
      expect(() => daemon.lease(new Made())).toThrow(text);
      expect(daemon.objectCount).toBe(1);
    },
  );

  it('an object with guards is not passed to other servers', async () => {
    @UseHandshakeGuards(Closed)
    class OnlySome {
      @expose read(): void {}
    }
    @PyroController({ objectId: 'shelf', instanceMode: 'single' })
    class Shelf {
      @PyroMethod() take(thing: unknown): boolean {
        return thing !== undefined;
      }
    }
    const { server } = await serve({ providers: [Shelf] });
    const daemon = server.unwrap<PyroDaemon>();
    await using proxy = PyroProxy.to<{ take(thing: object): boolean }>(daemon.uriFor('shelf'), { autoproxy: daemon });
    await expect(proxy.take(new GuardedMethod())).rejects.toThrow('GuardedMethod.read has @UseGuards(Closed)');
    await expect(proxy.take(new OnlySome())).rejects.toThrow('OnlySome has @UseHandshakeGuards');
    expect(daemon.objectCount).toBe(2);
  });

  it('members that are not exposed may have guards', async () => {
    class Mixed {
      @expose read(): string {
        return 'read';
      }
      @UseGuards(Closed) admin(): void {}
    }
    const { join, server } = await serve({ imports: [PyroModule] });
    server.register(new Mixed(), { objectId: 'mixed' });
    expect(await (await join('mixed')).call('mixed', 'read')).toBe('read');
  });
});
