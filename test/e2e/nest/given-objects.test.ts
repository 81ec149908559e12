import { Injectable, Logger, Scope } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import {
  type OnPyroDisconnect,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroModule,
  PyroProperty,
} from '../../../lib/index.js';
import { eventually, serve, serveBy, WAYS } from './fixtures.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const log: string[] = [];

@PyroController('instrument')
class Instrument implements OnPyroDisconnect {
  private count = 0;
  constructor(readonly port: string) {}
  static async open(port: string): Promise<Instrument> {
    await Promise.resolve();
    return new Instrument(port);
  }
  @PyroMethod() read(): string {
    return `${this.port} ${++this.count}`;
  }
  @PyroMethod() self(): this {
    return this;
  }
  @PyroProperty() get name(): string {
    return this.port;
  }
  onPyroDisconnect(): void {
    log.push('disconnected');
  }
  [Symbol.dispose](): void {
    log.push('disposed');
  }
}

@PyroController('other')
class Other {
  @PyroMethod() read(): string {
    return 'other';
  }
}

@Injectable()
class Config {
  readonly port = 'usb0';
}

const FACTORY = { provide: 'INSTRUMENT', useFactory: ({ port }: Config) => Instrument.open(port), inject: [Config] };

it.each(WAYS)('a server serves the object of an async factory to all connections (%s)', async (way) => {
  const { join } = await serveBy(way, { providers: [Config, Other, FACTORY] });
  const [one, two] = [await join('instrument'), await join('instrument')];
  expect([await one.call('instrument', 'read'), await two.call('instrument', 'read')]).toEqual(['usb0 1', 'usb0 2']);
  expect(await one.call('instrument', '__getattr__', 'name')).toBe('usb0');
});

it('a server serves the object of a value, and of a factory under its class', async () => {
  const value = await serve({ providers: [Other, { provide: 'INSTRUMENT', useValue: new Instrument('value') }] });
  expect(await (await value.join('instrument')).call('instrument', 'read')).toBe('value 1');
  const factory = await serve({ providers: [Other, { provide: Instrument, useFactory: () => Instrument.open('class') }] });
  expect(await (await factory.join('instrument')).call('instrument', 'read')).toBe('class 1');
});

it('a server serves a factory’s object where there is nothing else, with PyroModule', async () => {
  const { join } = await serve({ imports: [PyroModule.forRoot()], providers: [Config, FACTORY] });
  expect(await (await join('instrument')).call('instrument', 'read')).toBe('usb0 1');
});

it('a server says what to do where a factory’s object is the only one, without PyroModule', async () => {
  @PyroController('lonely')
  class Lonely {
    @PyroMethod() read(): void {}
  }
  // other tests of this process provide the other classes, so the application is only warned
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  await serve({ providers: [{ provide: 'LONELY', useFactory: () => new Lonely() }] });
  expect(warn.mock.calls.map(String).join()).toContain('import PyroModule');
});

it('a server tells a given object of the end of its connections, and never disposes it', async () => {
  log.length = 0;
  const { join, server } = await serve({ providers: [Config, Other, FACTORY] });
  const peer = await join('instrument');
  await peer.call('instrument', 'read');
  peer.destroy();
  await eventually(() => log.length > 0);
  await server.close();
  expect(log).toEqual(['disconnected']);
});

it('a server serves an object that several providers give once, and one proxy for each object of a class', async () => {
  @PyroController()
  class Probe {
    constructor(readonly channel: number) {}
    @PyroMethod() self(): this {
      return this;
    }
    @PyroMethod() read(): number {
      return this.channel;
    }
  }
  const shared = new Instrument('shared');
  const { join, server } = await serve({
    providers: [
      Other,
      { provide: 'A', useValue: shared },
      { provide: 'B', useFactory: (a: Instrument) => a, inject: ['A'] },
      { provide: 'P1', useValue: new Probe(1) },
      { provide: 'P2', useFactory: async () => new Probe(2) },
    ],
  });
  const daemon = server.unwrap<PyroDaemon>();
  expect(daemon.objectCount).toBe(5);
  const probes = server.objects.filter(({ type }) => type === Probe).map(({ objectId }) => objectId);
  const peer = await join(probes[0]!);
  for (const [index, id] of probes.entries()) {
    expect(await peer.call(id, 'read')).toBe(index + 1);
    expect(JSON.stringify(await peer.call(id, 'self'))).toContain(id);
  }
});

it('a server refuses a factory that runs once for a class whose connections want objects of their own', async () => {
  @PyroController({ objectId: 'own', instanceMode: 'session' })
  class Own {
    @PyroMethod() read(): void {}
  }
  await expect(serve({ providers: [Other, { provide: 'OWN', useFactory: () => new Own() }] })).rejects.toThrow(
    'Own has instanceMode "session", but its factory runs once, at the start, and all clients would share the object: give the factory `scope: Scope.REQUEST`',
  );
  const { join } = await serve({ providers: [Other, { provide: Own, useFactory: () => new Own(), scope: Scope.REQUEST }] });
  await (await join('own')).call('own', 'read');
});

it.each(['session', 'percall'] as const)(
  'a server refuses a value for a class with instanceMode %s, unless a test overrides it',
  async (instanceMode) => {
    @PyroController({ objectId: 'own', instanceMode })
    class Own {
      @PyroMethod() read(): string {
        return 'own';
      }
    }
    for (const provide of [Own, 'OWN'])
      await expect(serve({ providers: [Other, { provide, useValue: new Own() }] })).rejects.toThrow(
        `Own has instanceMode "${instanceMode}", but its provider is a value, and all clients would share the object: provide the class itself`,
      );
    const standIn = { read: () => 'stand-in' };
    const { join } = await serveBy(
      'testing',
      { providers: [Other, Own] },
      { override: (builder) => builder.overrideProvider(Own).useValue(standIn) },
    );
    expect(await (await join('own')).call('own', 'read')).toBe('stand-in');
  },
);

it('a server refuses a factory that gives no object', async () => {
  await expect(serve({ providers: [Other, { provide: Instrument, useFactory: async () => undefined }] })).rejects.toThrow(
    'the provider of Instrument gives no object: its factory returns undefined',
  );
});

it('a server warns of a factory’s object whose class has no @PyroController', async () => {
  class Plain {
    @PyroMethod() read(): void {}
  }
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  await serve({ providers: [Other, { provide: 'PLAIN', useFactory: () => new Plain() }] });
  expect(warn.mock.calls.map(String)).toEqual([
    expect.stringContaining('Plain has exposed members (read) but no @PyroController'),
  ]);
});

it('a server serves a class that a decorator above @PyroController replaces', async () => {
  const Traced: ClassDecorator = ((type: new (...args: never[]) => object) =>
    class extends type {
      traced = true;
    }) as never;
  const Named: ClassDecorator = ((type: new (...args: never[]) => object) => {
    const replaced = class extends type {};
    Object.defineProperty(replaced, 'name', { value: type.name });
    return replaced;
  }) as never;
  @Named
  @Traced
  @PyroController('replaced')
  class Replaced {
    constructor(private readonly config: Config) {}
    @PyroMethod() read(): string {
      return `${this.config.port} ${String((this as { traced?: boolean }).traced)}`;
    }
  }
  const { join } = await serve({ providers: [Config, Replaced] });
  expect(await (await join('replaced')).call('replaced', 'read')).toBe('usb0 true');
});
