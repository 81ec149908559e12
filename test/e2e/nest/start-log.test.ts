import { Inject, Injectable, Logger, type OnModuleInit, Scope, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  expose,
  PyroController,
  type PyroDaemon,
  PyroKwargs,
  PyroMethod,
  PyroModule,
  PyroProperty,
  PyroServer,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { closeAfter, moduleOf, serve } from './fixtures.js';

@PyroController('camera')
class Camera {
  @PyroMethod() read(): number {
    return 1;
  }
}
@PyroController()
class Stage {
  @PyroMethod() move(): void {}
}
@PyroController({ objectId: 'named', name: 'lab.named' })
class Named {
  @PyroMethod() read(): void {}
}
class Device {
  read(): void {}
}
expose(Device);

let warn: ReturnType<typeof vi.spyOn>;
let log: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  log = vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
const texts = (spy: typeof warn): string[] => (spy.mock.calls as unknown[][]).map(([text]) => String(text));

const location = (server: PyroServer): string => server.unwrap<PyroDaemon>().locationStr;

it('the line of the start lists the URI of one object', async () => {
  const { server } = await serve({ providers: [Camera] });
  expect(texts(log)).toContain(`Pyro daemon listens on ${location(server)} with 1 object: PYRO:camera@${location(server)}`);
});

it('the line of the start lists several objects, those of the run time too, and names classes of random ids', async () => {
  const { server } = await serve(
    { providers: [Camera, Stage] },
    { natHost: 'lab.example', natPort: 7, prepare: (_app, pyro) => void pyro.register(new Device(), { objectId: 'device' }) },
  );
  const [line] = texts(log).filter((text) => text.startsWith('Pyro daemon'));
  expect(line).toMatch(
    / with 3 objects: PYRO:camera@lab\.example:7, PYRO:obj_[0-9a-f]+@lab\.example:7 \(Stage\), PYRO:device@lab\.example:7$/,
  );
  expect(line).toContain(`listens on ${location(server)}`);
});

it('the line of the start says that there are no objects yet', async () => {
  await serve({ imports: [PyroModule.forRoot()] });
  expect(texts(log)).toContainEqual(expect.stringMatching(/^Pyro daemon listens on \S+ with no objects yet$/));
});

it('the start warns of a provider with @PyroMethod but without @PyroController, also when it is the only provider', async () => {
  @Injectable()
  class Forgotten {
    @PyroMethod() read(): void {}
    @PyroMethod() write(): void {}
  }
  await serve({ providers: [Forgotten] });
  const text =
    'Forgotten has exposed members (read, write) but no @PyroController, so that nobody serves it: put @PyroController() on the class';
  expect(texts(warn)).toContain(text);
  warn.mockClear();
  await serve({ providers: [Camera, Forgotten] });
  expect(texts(warn)).toEqual([]);
});

it.each<[string, () => Type]>([
  [
    'a getter',
    () => {
      class Gauge {
        @PyroProperty() get level(): number {
          return 1;
        }
      }
      return Gauge;
    },
  ],
  [
    'a setter',
    () => {
      class Gauge {
        @PyroProperty() set level(_level: number) {}
      }
      return Gauge;
    },
  ],
  [
    'an inherited accessor',
    () => {
      class Base {
        @PyroProperty() get level(): number {
          return 1;
        }
      }
      class Gauge extends Base {}
      return Gauge;
    },
  ],
])('the start warns of a provider without @PyroController whose only @PyroProperty is %s', async (_what, make) => {
  const type = make();
  Injectable()(type);
  await serve({ providers: [type] });
  expect(texts(warn)).toContain(
    'Gauge has exposed members (level) but no @PyroController, so that nobody serves it: put @PyroController() on the class',
  );
});

it('the start warns of a provider that has nothing of ours but @PyroKwargs()', async () => {
  @Injectable()
  class Finder {
    search(@PyroKwargs() _filters: object): void {}
  }
  await serve({ providers: [Finder] });
  expect(texts(warn)).toContain(
    'Finder.search has a parameter with @PyroKwargs(), but no @PyroMethod(), and Finder has no @PyroController, so that no client can ' +
      'call it: put @PyroMethod() on the method, and @PyroController() on the class',
  );
});

it('@PyroKwargs() on a static method is refused with the name of the method', () => {
  expect(() => {
    class Finder {
      static search(@PyroKwargs() _filters: object): void {}
    }
    return Finder;
  }).toThrow('Finder.search: @PyroKwargs() is for methods of instances');
});

it('the start warns of a service that the default mode makes request-scoped: others inject it, or Nest does not call its hooks', async () => {
  @PyroController('stock')
  class Stock {
    @PyroMethod()
    count(): number {
      return 1;
    }
  }
  @Injectable()
  class Report {
    constructor(@Inject(Stock) readonly stock: Stock) {}
  }
  @Injectable()
  class Page {
    @Inject(Stock) readonly stock!: Stock;
  }
  @PyroController('shelf')
  class Shelf {
    @PyroMethod()
    count(): number {
      return 1;
    }
  }
  @Injectable()
  class Overview {
    constructor(@Inject(Shelf) readonly shelf: Shelf) {}
  }
  @PyroController('cache')
  class Cache implements OnModuleInit {
    @PyroMethod()
    get(): number {
      return 1;
    }
    onModuleInit(): void {}
  }
  await serve({ providers: [Stock, Report, Page, Shelf, Overview, Cache] });
  expect(texts(warn).sort()).toEqual([
    'Cache has one instance for each connection, the default of @PyroController: Nest does not call its onModuleInit. ' +
      "Give @PyroController { instanceMode: 'single' } for one instance that all share, or 'session' if this is meant",
    expect.stringMatching(
      /^Shelf has one instance .*: Overview injects it, and gets an instance of its own, which does not share its state. Give/,
    ),
    expect.stringMatching(
      /^Stock has one instance .*: Page, Report inject it, and get instances of their own, which do not share its state. Give/,
    ),
  ]);
});

it.each(['session', 'single', 'percall'] as const)(
  'the start does not warn of a service whose mode is written: %s',
  async (instanceMode) => {
    @PyroController('stock', { instanceMode })
    class Stock implements OnModuleInit {
      @PyroMethod()
      count(): number {
        return 1;
      }
      onModuleInit(): void {}
    }
    @Injectable()
    class Report {
      constructor(@Inject(Stock) readonly stock: Stock) {}
    }
    await serve({ providers: [Stock, Report] });
    expect(texts(warn)).toEqual([]);
  },
);

it('the start does not warn of an object that only other objects inject', async () => {
  @PyroController('cart')
  class Cart {
    @PyroMethod()
    count(): number {
      return 1;
    }
  }
  @PyroController('desk')
  class Desk {
    constructor(@Inject(Cart) readonly cart: Cart) {}
    @PyroMethod()
    count(): number {
      return this.cart.count();
    }
  }
  await serve({ providers: [Cart, Desk] });
  expect(texts(warn)).toEqual([]);
});

it('the start warns of a provider that merely extends a class with @PyroController', async () => {
  @Injectable({ scope: Scope.REQUEST })
  class Fast extends Camera {}
  await serve({ providers: [Camera, Fast] });
  expect(texts(warn)).toEqual([expect.stringMatching(/^Fast extends Camera, which has @PyroController, but has none itself/)]);
});

it('the start does not warn of an exposed base class of an object', async () => {
  @Injectable()
  class Base {
    @PyroMethod() read(): void {}
  }
  @PyroController('derived')
  class Derived extends Base {}
  await serve({ providers: [Base, Derived] });
  expect(texts(warn)).toEqual([]);
});

it('the start warns of names that nobody registers', async () => {
  await serve(
    { providers: [Camera, Named] },
    { prepare: (_app, pyro) => void pyro.register(new Device(), { name: 'lab.device' }) },
  );
  expect(texts(warn)).toEqual([
    expect.stringContaining('nobody registers the name "lab.device" at a name server: give PyroServer the option nameServer'),
    expect.stringContaining(
      'Named ("lab.named") has a name, which nobody registers at a name server: give PyroServer the option nameServer',
    ),
  ]);
});

it('the start warns of tags without a name, and of @PyroKwargs() without @PyroMethod()', async () => {
  @PyroController({ objectId: 'tagged', metadata: ['class:camera'] })
  class Tagged {
    @PyroMethod() expose(): void {}
    search(@PyroKwargs() _filters: object): void {}
  }
  await serve({ providers: [Tagged] });
  expect(texts(warn)).toEqual([
    'Tagged has metadata, which a name server keeps with a name, and has no name: give @PyroController a name, too',
    'Tagged.search has a parameter with @PyroKwargs(), but no @PyroMethod(), so that no client can call it',
  ]);
});

it('register() warns of tags without a name', async () => {
  const { server } = await serve({ providers: [Camera] });
  const before = texts(warn).length;
  server.register(new Device(), { objectId: 'device', metadata: ['camera'] });
  server.register(new Device(), { objectId: 'empty', metadata: [] });
  expect(texts(warn).slice(before)).toEqual([
    'the object "device" has metadata, which a name server keeps with a name, and has no name: give register() a name, too',
  ]);
});

it('the start does not warn of names that another server of the application registers', async () => {
  const app = await NestFactory.create(moduleOf({ providers: [Named] }), { logger: false });
  closeAfter(() => app.close());
  const port = 1;
  const nameServer = { host: '127.0.0.1', port, retryIntervalMs: 60_000 };
  app.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0, nameServer }) });
  app.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0 }) });
  await app.init();
  await app.startAllMicroservices();
  expect(texts(warn).filter((text) => text.includes('nobody registers'))).toEqual([]);
});

it('the start does not warn of an application that was initialized before the server was connected', async () => {
  const app = await NestFactory.create(moduleOf({ providers: [Camera] }), { logger: false });
  closeAfter(() => app.close());
  await app.init();
  app.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0 }) });
  await app.startAllMicroservices();
  expect(texts(warn)).toEqual([]);
});

it.each([
  ['before', true],
  ['after', false],
])('the start warns of a server that was connected %s app.init() and never started', async (_when, connectsFirst) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const app = await NestFactory.create(moduleOf({ providers: [Camera] }), { logger: false });
  closeAfter(() => app.close());
  const connect = (): unknown => app.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0 }) });
  if (connectsFirst) connect();
  await app.init();
  if (!connectsFirst) connect();
  expect(texts(warn)).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(texts(warn)).toEqual([expect.stringContaining('nobody called app.startAllMicroservices()')]);
});

it('the start warns of an application of createMicroservice that was initialized and never listens, with the call that it has', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
  const app = await NestFactory.createMicroservice(moduleOf({ providers: [Camera] }), { strategy, logger: false });
  closeAfter(() => app.close());
  await app.init();
  vi.advanceTimersByTime(10_000);
  expect(texts(warn)).toEqual([expect.stringMatching(/does not listen: nobody called app\.listen\(\)$/)]);
});

it('the start does not warn of a server that was started, or whose application was closed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  await serve({ providers: [Camera] });
  const closed = await NestFactory.create(moduleOf({ providers: [Camera] }), { logger: false });
  closed.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0 }) });
  await closed.init();
  await closed.close();
  vi.advanceTimersByTime(10_000);
  expect(texts(warn).filter((text) => text.includes('startAllMicroservices'))).toEqual([]);
});

it('a server that anybody may call warns at its start, unless every object has guards or the network is said to be a lab', async () => {
  const open = (): string[] => texts(warn).filter((text) => text.startsWith('whoever reaches 0.0.0.0:'));
  await serve({ providers: [Camera] }, { host: '0.0.0.0' });
  expect(open()).toEqual([expect.stringContaining('it has neither TLS nor guards. Give it tls and guards (handshakeGuards')]);
  warn.mockClear();
  @UseHandshakeGuards({ canActivate: () => true })
  @PyroController('guarded')
  class Guarded {
    @PyroMethod() read(): void {}
  }
  await serve({ providers: [Guarded] }, { host: '0.0.0.0' });
  await serve({ providers: [Camera] }, { host: '0.0.0.0', handshakeGuards: [{ canActivate: () => true }] });
  await serve({ providers: [Camera] }, { host: '0.0.0.0', profile: 'lab' });
  expect(open()).toEqual([]);
});
