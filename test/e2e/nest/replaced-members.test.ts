import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Reflector } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { map } from 'rxjs';
import { PyroController, PyroKwargs, PyroMethod, PyroProperty } from '../../../lib/index.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { callWith, serve, serveBy } from './fixtures.js';

const MODES = ['single', 'session', 'percall'] as const;

/** Makes a method a getter of bound functions, as `@autobind` of several packages does. */
const autobind: MethodDecorator = (_prototype, _key, descriptor) => {
  const original = descriptor.value as (...args: unknown[]) => unknown;
  const get = function (this: unknown): unknown {
    return original.bind(this);
  };
  return { configurable: true, get } as never;
};
/** As `autobind`, but each instance keeps its bound function. The prototype must not be read, or it gets one of its own. */
const autobindOnce: MethodDecorator = (_prototype, key, descriptor) => {
  const original = descriptor.value as (...args: unknown[]) => unknown;
  const get = function (this: object): unknown {
    const value: unknown = original.bind(this);
    Object.defineProperty(this, key, { value, configurable: true, writable: true });
    return value;
  };
  return { configurable: true, get } as never;
};

@Injectable()
class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
@Injectable({ scope: Scope.REQUEST })
class ClosedForEachCall extends Closed {}
@Injectable()
class Roles implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<string[]>('roles', [context.getHandler(), context.getClass()]) === undefined;
  }
}
@Injectable()
class Redact implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map(() => 'redacted'));
  }
}
@Injectable()
class Doubled implements PipeTransform {
  transform(value: number): number {
    return value * 2;
  }
}

const refusal = async (peer: ScriptedPeer, method: string): Promise<string> => (await peer.fail('lab', method)).message;
const REFUSED = 'Forbidden resource';

describe.each(MODES)('a method that a decorator above made a getter (%s)', (instanceMode) => {
  @PyroController({ objectId: 'lab', instanceMode })
  @UseGuards(Roles)
  class Lab {
    readonly name = 'lab';
    @autobind @PyroMethod() @UseGuards(Closed) bound(): string {
      return 'open';
    }
    @autobindOnce @UseGuards(Closed) @PyroMethod() boundOnce(): string {
      return 'open';
    }
    @autobind @PyroMethod() @UseInterceptors(Redact) secret(): string {
      return 'secret';
    }
    @autobind @PyroMethod() @UsePipes(Doubled) common(value: number): number {
      return value;
    }
    @autobind @PyroMethod() own(@Payload('value', Doubled) value: number, @PyroKwargs() more?: object): unknown {
      return [value, more];
    }
    @autobind @PyroMethod() @SetMetadata('roles', ['admin']) admin(): string {
      return 'open';
    }
    @autobindOnce @PyroMethod() whose(): string {
      return this.name;
    }
  }
  const join = async () => (await serve({ providers: [Lab] })).join('lab');

  it.each(['bound', 'boundOnce', 'admin'])(
    `a method that a decorator above made a getter keeps guards and roles: %s (${instanceMode})`,
    async (method) => {
      const peer = await join();
      expect(await refusal(peer, method)).toContain(REFUSED);
      expect(await refusal(peer, method)).toContain(REFUSED);
    },
  );

  it(`a method that a decorator above made a getter keeps interceptors, and pipes of the method and of parameters, and runs on its instance (${instanceMode})`, async () => {
    const peer = await join();
    expect(await peer.call('lab', 'secret')).toBe('redacted');
    expect(await peer.call('lab', 'common', 2)).toBe(4);
    expect(await callWith(peer, 'lab', 'own', [], { value: 3, other: 1 })).toEqual([6, { other: 1 }]);
    expect(await peer.call('lab', 'whose')).toBe('lab');
  });
});

it('a request-scoped guard of a method that a decorator above made a getter is asked', async () => {
  @PyroController({ objectId: 'lab', instanceMode: 'single' })
  class Lab {
    @autobind @PyroMethod() @UseGuards(ClosedForEachCall) bound(): string {
      return 'open';
    }
  }
  expect(await refusal(await (await serve({ providers: [Lab] })).join('lab'), 'bound')).toContain(REFUSED);
});

/** The class decorator of an autobind package: makes getters of all methods. */
const boundClass = (type: { prototype: object }): void => {
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(type.prototype))) {
    if (key === 'constructor' || typeof descriptor.value !== 'function') continue;
    Object.defineProperty(type.prototype, key, autobind(type.prototype, key, descriptor) as PropertyDescriptor);
  }
};

it('a class decorator below @PyroController that makes getters of methods keeps their guards; one above stops the start', async () => {
  class Methods {
    @PyroMethod() @UseGuards(Closed) open(): string {
      return 'open';
    }
  }
  @PyroController('lab')
  @boundClass
  class Below {
    @PyroMethod() @UseGuards(Closed) open(): string {
      return 'open';
    }
  }
  expect(await refusal(await (await serve({ providers: [Below] })).join('lab'), 'open')).toContain(REFUSED);

  @boundClass
  @PyroController('lab')
  class Above extends Methods {
    @PyroMethod() @UseGuards(Closed) override open(): string {
      return 'open';
    }
  }
  await expect(serve({ providers: [Above] })).rejects.toThrow(
    'put a class decorator that wraps the methods below @PyroController',
  );
});

describe.each(MODES)('a method that was replaced later (%s)', (instanceMode) => {
  const makeLab = () => {
    @PyroController({ objectId: 'lab', instanceMode })
    class Lab {
      constructor() {
        const { wrapped } = this;
        this.wrapped = () => `wrapped ${wrapped.call(this)}`;
      }
      @PyroMethod() wrapped(): string {
        return 'open';
      }
      @PyroMethod() @UseGuards(Closed) closed(): string {
        return 'open';
      }
      @PyroMethod() @UseInterceptors(Redact) secret(): string {
        return 'secret';
      }
      @PyroMethod() plain(): string {
        return 'plain';
      }
    }
    @PyroController({ objectId: 'lab', instanceMode })
    class Wrapping extends Lab {
      constructor() {
        super();
        this.closed = () => 'open';
      }
    }
    return { Lab, Wrapping };
  };

  it(`a wrapper that the constructor sets runs, and keeps the enhancers (${instanceMode})`, async () => {
    const { Lab, Wrapping } = makeLab();
    const peer = await (await serve({ providers: [Lab] })).join('lab');
    expect(await peer.call('lab', 'wrapped')).toBe('wrapped open');
    const other = await (await serve({ providers: [Wrapping] })).join('lab');
    expect(await refusal(other, 'closed')).toContain(REFUSED);
  });

  it(`a patch of the prototype runs, and keeps the enhancers, before and after the first call (${instanceMode})`, async () => {
    const { Lab } = makeLab();
    const peer = await (await serve({ providers: [Lab] })).join('lab');
    const spies = (['closed', 'secret', 'plain'] as const).map((key) => vi.spyOn(Lab.prototype, key).mockReturnValue('patched'));
    const expectKept = async () => {
      expect(await refusal(peer, 'closed')).toContain(REFUSED);
      expect(await peer.call('lab', 'secret')).toBe('redacted');
      expect(spies.map(({ mock }) => mock.calls.length > 0)).toEqual([false, true, true]);
    };
    expect(await peer.call('lab', 'plain')).toBe('patched');
    await expectKept();
    for (const spy of spies) spy.mockRestore();
    expect(await peer.call('lab', 'plain')).toBe('plain');
    expect(await refusal(peer, 'closed')).toContain(REFUSED);
  });

  it(`a method or accessor that was deleted is an AttributeError (${instanceMode})`, async () => {
    @PyroController({ objectId: 'lab', instanceMode })
    class Lab {
      @PyroMethod() called(): number {
        return 1;
      }
      @PyroMethod() never(): number {
        return 1;
      }
      @PyroProperty() get level(): number {
        return 1;
      }
      set level(_value: number) {
        throw new Error('set');
      }
    }
    const peer = await (await serve({ providers: [Lab] })).join('lab');
    await peer.call('lab', 'called');
    for (const key of ['called', 'never', 'level']) delete (Lab.prototype as unknown as Record<string, unknown>)[key];
    const errorOf = async (...call: [string, ...unknown[]]) => {
      const { pythonType, args } = (await peer.fail('lab', ...call)) as unknown as { pythonType: string; args: unknown[] };
      return [pythonType, ...args];
    };
    const missing = (name: string): unknown[] => ['builtins.AttributeError', `'Lab' object has no attribute '${name}'`];
    expect(await errorOf('called')).toEqual(missing('called'));
    expect(await errorOf('never')).toEqual(missing('never'));
    expect(await errorOf('__getattr__', 'level')).toEqual(missing('level'));
    expect(await errorOf('__setattr__', 'level', 2)).toEqual(missing('level'));
  });
});

it('a spy on the instance of a singleton runs behind the guards of the method', async () => {
  @PyroController({ objectId: 'lab', instanceMode: 'single' })
  class Lab {
    @PyroMethod() @UseGuards(Closed) closed(): string {
      return 'open';
    }
    @PyroMethod() plain(): string {
      return 'plain';
    }
  }
  const { app, join } = await serve({ providers: [Lab] });
  const peer = await join('lab');
  expect(await refusal(peer, 'closed')).toContain(REFUSED);
  const closed = vi.spyOn(app.get(Lab), 'closed');
  vi.spyOn(app.get(Lab), 'plain').mockReturnValue('spied');
  expect(await refusal(peer, 'closed')).toContain(REFUSED);
  expect(closed).not.toHaveBeenCalled();
  expect(await peer.call('lab', 'plain')).toBe('spied');
});

describe('an instance of another class', () => {
  @PyroController({ objectId: 'lab', instanceMode: 'single' })
  @UseGuards(Roles)
  @SetMetadata('roles', ['admin'])
  class ForAdmins {
    @PyroMethod() read(): string {
      return 'open';
    }
  }
  @PyroController({ objectId: 'lab', instanceMode: 'single' })
  class Lab {
    @PyroMethod() @UseGuards(Closed) read(): string {
      return 'open';
    }
    @PyroMethod() @UsePipes(Doubled) scale(value: number): number {
      return value;
    }
    @PyroProperty() get level(): number {
      return 1;
    }
  }

  it.each([ForAdmins, Lab])('a stand-in of a test has the guards and roles of the class: %o', async (type) => {
    class StandIn {
      read(): string {
        return 'open';
      }
    }
    const byClass = await serveBy(
      'testing',
      { providers: [type] },
      { override: (b) => b.overrideProvider(type).useClass(StandIn) },
    );
    expect(await refusal(await byClass.join('lab'), 'read')).toContain(REFUSED);
    const value = { read: () => 'open' };
    const byValue = await serveBy(
      'testing',
      { providers: [type] },
      { override: (b) => b.overrideProvider(type).useValue(value) },
    );
    expect(await refusal(await byValue.join('lab'), 'read')).toContain(REFUSED);
  });

  it('a stand-in of a test has the pipes of the class, and attributes as fields', async () => {
    const standIn = { scale: (value: number) => value, level: 7 };
    const override = await serveBy(
      'testing',
      { providers: [Lab] },
      { override: (b) => b.overrideProvider(Lab).useValue(standIn) },
    );
    const peer = await override.join('lab');
    expect(await peer.call('lab', 'scale', 2)).toBe(4);
    expect(await peer.call('lab', '__getattr__', 'level')).toBe(7);
  });

  it('an overriding method of a subclass has the guards of the method that it overrides, and its own', async () => {
    class Patched extends Lab {
      override read(): string {
        return 'patched';
      }
      @UseGuards(Closed) override scale(value: number): number {
        return value;
      }
    }
    const override = await serveBy(
      'testing',
      { providers: [Lab] },
      { override: (b) => b.overrideProvider(Lab).useClass(Patched) },
    );
    const other = await override.join('lab');
    expect(await refusal(other, 'read')).toContain(REFUSED);
    expect((await other.fail('lab', 'scale', 2)).message).toContain(REFUSED);
  });

  it('a guard of a subclass that Nest does not know refuses the call', async () => {
    @PyroController({ objectId: 'open', instanceMode: 'single' })
    class Open {
      @PyroMethod() read(): string {
        return 'open';
      }
    }
    class Unknown extends Closed {}
    class Guarded extends Open {
      @UseGuards(Unknown) override read(): string {
        return 'open';
      }
    }
    const { join } = await serve({ providers: [Lab, { provide: Open, useFactory: () => new Guarded() }] });
    expect((await (await join('open')).fail('open', 'read')).message).toContain('uses Unknown, which Nest does not know');
  });
});
