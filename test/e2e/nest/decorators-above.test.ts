import { type CanActivate, type ExecutionContext, Injectable, SetMetadata, UseGuards } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { PyroController, PyroKwargs, PyroMethod, PyroProperty } from '../../../lib/index.js';
import { callWith, serve } from './fixtures.js';

type Wrap = (original: (this: unknown, ...args: unknown[]) => unknown) => (this: unknown, ...args: unknown[]) => unknown;

/** A decorator that puts a new function in place of a method, getter and setter, as tracing and redacting decorators do. */
const wrapping =
  (wrap: Wrap): MethodDecorator =>
  (_prototype, _key, descriptor) => {
    for (const part of ['get', 'set', 'value'] as const) {
      const original = (descriptor as PropertyDescriptor)[part] as Parameters<Wrap>[0] | undefined;
      if (typeof original === 'function') Object.assign(descriptor, { [part]: wrap(original) });
    }
  };

const Redacted = wrapping(
  (original) =>
    function (...args) {
      const result = original.apply(this, args);
      return typeof result === 'string' ? result.replace(/\d/g, '*') : result;
    },
);
const Doubled = wrapping(
  (original) =>
    function (...args) {
      return original.apply(
        this,
        args.map((value) => (typeof value === 'number' ? value * 2 : value)),
      );
    },
);
const ReadOnly: MethodDecorator = (_prototype, _key, descriptor) => {
  (descriptor as PropertyDescriptor).set = undefined;
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
    return this.reflector.get<string[]>('roles', context.getHandler()) === undefined;
  }
}

@PyroController({ objectId: 'lab', instanceMode: 'single' })
@UseGuards(Roles)
class Lab {
  private secretCode = 'code 1234';
  private level = 1;

  @Redacted @PyroProperty() get code(): string {
    return this.secretCode;
  }
  set code(value: string) {
    this.secretCode = value;
  }
  @PyroProperty() @Redacted get inner(): string {
    return this.secretCode;
  }
  @Doubled @PyroProperty() get gain(): number {
    return this.level;
  }
  set gain(value: number) {
    this.level = value;
  }
  @ReadOnly @PyroProperty() get fixed(): number {
    return this.level;
  }
  set fixed(value: number) {
    this.level = value;
  }
  @Redacted @PyroMethod() read(prefix = 'code', @PyroKwargs() options: Record<string, unknown> = {}): string {
    return `${prefix} 1234 ${Object.keys(options).join()}`;
  }
  @Redacted @PyroMethod() @UseGuards(Closed) below(): string {
    return 'open';
  }
  @Redacted @UseGuards(Closed) @PyroMethod() between(): string {
    return 'open';
  }
  @UseGuards(Roles) @Redacted @UseGuards(Closed) @PyroMethod() around(): string {
    return 'open';
  }
  @Redacted @PyroMethod() @SetMetadata('roles', ['admin']) roles(): string {
    return 'open';
  }
}

describe('decorators above those of the package', () => {
  const join = async () => (await serve({ providers: [Lab] })).join('lab');

  it('a decorator above or below @PyroProperty holds for remote reads', async () => {
    const peer = await join();
    expect(await peer.call('lab', '__getattr__', 'code')).toBe('code ****');
    expect(await peer.call('lab', '__getattr__', 'inner')).toBe('code ****');
  });

  it('a decorator above @PyroProperty holds for remote writes', async () => {
    const peer = await join();
    await peer.call('lab', '__setattr__', 'gain', 4);
    expect(await peer.call('lab', '__getattr__', 'gain')).toBe(8);
  });

  it('an attribute whose setter a decorator above takes away cannot be written', async () => {
    const peer = await join();
    expect(await peer.call('lab', '__getattr__', 'fixed')).toBe(1);
    const refusal = await peer.fail('lab', '__setattr__', 'fixed', 4);
    expect(refusal.message).toContain("attempt to write read-only remote attribute 'fixed'");
  });

  it('a decorator above @PyroMethod runs, and keywords still bind by the names of the method', async () => {
    const peer = await join();
    expect(await callWith(peer, 'lab', 'read', [], { prefix: '99', limit: 5 })).toBe('** **** limit');
  });

  it.each(['below', 'between', 'around'])('guards %s a decorator that wraps the method hold', async (method) => {
    expect((await (await join()).fail('lab', method)).message).toContain('Forbidden resource');
  });

  it('metadata below a decorator that wraps the method reach the guards of the class', async () => {
    expect((await (await join()).fail('lab', 'roles')).message).toContain('Forbidden resource');
  });

  it('a class decorator above @PyroController that hides the guards of a method stops the start', async () => {
    const WrapAll: ClassDecorator = ({ prototype }) => {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, 'open')!;
      Redacted(prototype as object, 'open', descriptor);
      Object.defineProperty(prototype, 'open', descriptor);
    };
    @WrapAll
    @PyroController('wrapped')
    class Wrapped {
      @PyroMethod() @UseGuards(Closed) open(): string {
        return 'open';
      }
    }
    await expect(serve({ providers: [Wrapped] })).rejects.toThrow(
      'put a class decorator that wraps the methods below @PyroController',
    );
  });
});
