import { Controller, Inject, Injectable, ParseIntPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type PyroDaemon, PyroController, PyroMethod, PyroProperty, PyroServer } from '../../../lib/index.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { closeAfter, eventually, joinServer, moduleOf, serve } from './fixtures.js';

@Injectable()
class Stock {
  readonly items = ['chair'];
}

@PyroController('shop.provided')
class Provided {
  constructor(private readonly stock: Stock) {}

  @PyroMethod() list(): string[] {
    return this.stock.items;
  }
}

@PyroController({ objectId: 'shop.controller', instanceMode: 'single' })
class Controlled {
  constructor(private readonly stock: Stock) {}

  @PyroMethod() list(): string[] {
    return this.stock.items;
  }
}

const shop = { controllers: [Controlled], providers: [Stock, Provided] };
const server = (): PyroServer => new PyroServer({ host: '127.0.0.1', port: 0 });

async function expectServed(pyro: PyroServer, expected: unknown = ['chair']): Promise<void> {
  const peer = await joinServer(pyro, 'shop.provided');
  expect(await peer.call('shop.provided', 'list')).toEqual(expected);
  expect(await peer.call('shop.controller', 'list')).toEqual(expected);
}

describe('a PyroServer serves controllers and providers', () => {
  it('a server serves controllers and providers of a hybrid application', async () => {
    await expectServed((await serve(shop)).server);
  });

  it('a server serves controllers and providers of createMicroservice', async () => {
    const strategy = server();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(shop), { strategy, logger: false });
    closeAfter(() => app.close());
    await app.listen();
    await expectServed(strategy);
  });

  it('a server serves an application of a testing module, overrides included', async () => {
    const testing = await Test.createTestingModule(shop)
      .overrideProvider(Stock)
      .useValue({ items: ['mock'] })
      .compile();
    const app = testing.createNestApplication({ logger: false });
    closeAfter(() => app.close());
    const strategy = server();
    app.connectMicroservice({ strategy });
    await app.init();
    await app.startAllMicroservices();
    await expectServed(strategy, ['mock']);
  });

  it('a server serves a microservice of a testing module', async () => {
    const testing = await Test.createTestingModule(shop).compile();
    const strategy = server();
    const app = testing.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false });
    closeAfter(() => app.close());
    await app.listen();
    await expectServed(strategy);
  });

  it('a server serves the objects of an imported module', async () => {
    const { server: pyro } = await serve({ imports: [moduleOf(shop)] });
    await expectServed(pyro);
  });

  it('a server serves the replacement when a test overrides an object', async () => {
    const testing = await Test.createTestingModule(shop)
      .overrideProvider(Provided)
      .useValue({ list: () => 'replaced' })
      .compile();
    const app = testing.createNestApplication({ logger: false });
    closeAfter(() => app.close());
    const strategy = server();
    app.connectMicroservice({ strategy });
    await app.init();
    await app.startAllMicroservices();
    const peer = await joinServer(strategy, 'shop.provided');
    expect(await peer.call('shop.provided', 'list')).toBe('replaced');
  });

  it('a server serves an object given by a provider with useClass', async () => {
    const { join } = await serve({ providers: [Stock, { provide: 'TOKEN', useClass: Provided }] });
    expect(await (await join('shop.provided')).call('shop.provided', 'list')).toEqual(['chair']);
  });
});

describe('several servers', () => {
  @PyroController({ objectId: 'of.inner', server: 'inner', instanceMode: 'single' })
  class Inner {
    @PyroMethod() where(): string {
      return 'inner';
    }
  }
  @PyroController({ objectId: 'of.all', instanceMode: 'single' })
  class All {
    @PyroMethod() where(): string {
      return 'all';
    }
  }

  it('several servers serve the objects that name them, and those that name none', async () => {
    const outer = server();
    const { server: inner } = await serve(
      { providers: [Inner, All] },
      { name: 'inner', prepare: (app) => app.connectMicroservice({ strategy: outer }) },
    );
    const first = await joinServer(inner, 'of.inner');
    const second = await joinServer(outer, 'of.all');
    expect(await first.call('of.inner', 'where')).toBe('inner');
    expect(await first.call('of.all', 'where')).toBe('all');
    expect(await second.call('of.all', 'where')).toBe('all');
    expect((await second.fail('of.inner', 'where')).message).toContain('unknown object');
  });
});

describe('what is exposed', () => {
  class Base {
    @PyroMethod() inherited(): string {
      return 'base';
    }
    @PyroMethod() overridden(): string {
      return 'base';
    }
    @PyroMethod('again') repeated(): string {
      return 'base';
    }
  }
  @PyroController({ objectId: 'exposing', naming: 'snake_case', instanceMode: 'single' })
  class Exposing extends Base {
    override overridden(): string {
      return 'not decorated';
    }
    @PyroMethod('again') override repeated(): string {
      return 'derived';
    }
    @PyroMethod() takeItem(orderId: number, howMany = 1): number {
      return orderId * howMany;
    }
    @PyroMethod('__len__') size(): number {
      return 3;
    }
    @PyroMethod({ oneway: true }) logLine(): void {}
    @PyroProperty() get currentState(): string {
      return 'fine';
    }
    hidden(): string {
      return 'hidden';
    }
  }

  it('a server exposes the members that are decorated on the class that declares them', async () => {
    const { join, server: pyro } = await serve({ providers: [Exposing] });
    const peer = await join('exposing');
    expect(await peer.call('exposing', 'inherited')).toBe('base');
    expect(await peer.call('exposing', 'again')).toBe('derived');
    expect((await peer.fail('exposing', 'overridden')).pythonType).toBe('builtins.AttributeError');
    expect((await peer.fail('exposing', 'hidden')).pythonType).toBe('builtins.AttributeError');
    expect((await peer.fail('exposing', 'get currentState')).pythonType).toBe('builtins.AttributeError');
    expect((await peer.fail('exposing', 'constructor')).pythonType).toBe('builtins.AttributeError');
    const [{ metadata }] = pyro.objects as [PyroServer['objects'][number]];
    expect([...metadata.methods].sort()).toEqual(['__len__', 'again', 'inherited', 'log_line', 'take_item']);
    expect([...metadata.oneway]).toEqual(['log_line']);
    expect([...metadata.attrs]).toEqual(['current_state']);
  });

  it('a server exposes nothing of a class that only extends a controller', async () => {
    class Extending extends Exposing {}
    const { server: pyro } = await serve({ providers: [Extending, Provided, Stock] });
    expect(pyro.objects.map(({ objectId }) => objectId)).toEqual(['shop.provided']);
  });
});

describe('a PyroServer refuses to start', () => {
  const start = (metadata: object): Promise<unknown> => serve(metadata);

  it('a server refuses to start with two objects of one id', async () => {
    @PyroController('shop.provided')
    class Other {
      @PyroMethod() list(): void {}
    }
    await expect(start({ providers: [Stock, Provided, Other] })).rejects.toThrow(
      'two Pyro objects have the id "shop.provided": Provided in TestModule and Other in TestModule; give each an objectId of its own',
    );
  });

  it('a server refuses to start with one object in two modules', async () => {
    const module = { providers: [Stock, Provided] };
    await expect(start({ ...module, imports: [moduleOf(module)] })).rejects.toThrow(
      'provide it in one module alone, and export it',
    );
  });

  it('a server refuses to start with an object that exposes nothing, and names the likely mistake', async () => {
    @PyroController('empty')
    class Empty {
      hello(): void {}
      goodbye(): void {}
      _private(): void {}
    }
    await expect(start({ providers: [Empty] })).rejects.toThrow(
      'Empty has no member that clients may use: put @PyroMethod() on the methods they may call (hello, goodbye), @PyroProperty() on attributes',
    );
    @PyroController('bare')
    class Bare {}
    await expect(start({ providers: [Bare] })).rejects.toThrow('methods they may call, @PyroProperty() on attributes');
  });

  it('a server refuses to start with an object whose only method overrides a decorated one', async () => {
    class Base {
      @PyroMethod() hello(): string {
        return 'base';
      }
    }
    @PyroController('overriding')
    class Overriding extends Base {
      override hello(): string {
        return 'derived';
      }
    }
    await expect(start({ providers: [Overriding] })).rejects.toThrow(
      'hello overrides a decorated member, and has to be decorated again',
    );
  });

  it('a server refuses to start with an object for a server that the application does not have', async () => {
    @PyroController({ objectId: 'lost', server: 'nowhere' })
    class Lost {
      @PyroMethod() method(): void {}
    }
    await expect(start({ providers: [Lost] })).rejects.toThrow(
      /Lost wants to be served by a PyroServer named "nowhere", but this application has none with a name: give one/,
    );
    await expect(serve({ providers: [Lost] }, { name: 'here' })).rejects.toThrow('those named "here"');
  });

  it('a server refuses to start when @Controller() changed the scope of a session object', async () => {
    @Controller()
    @PyroController('shared')
    class Shared {
      @PyroMethod() list(): void {}
    }
    await expect(start({ controllers: [Shared] })).rejects.toThrow(
      /Shared has instanceMode "session" but is not Scope\.REQUEST for Nest: if other providers inject it, give @PyroController \{ instanceMode: 'single' \}; a decorator above/,
    );
  });

  it('a server refuses to start when a single object is request-scoped', async () => {
    @Injectable({ scope: 2 })
    @PyroController({ objectId: 'scoped', instanceMode: 'single' })
    class Scoped {
      @PyroMethod() list(): void {}
    }
    await expect(start({ providers: [Scoped] })).rejects.toThrow(/instanceMode "single" but is not Scope\.DEFAULT/);
  });

  it('a server refuses to start when two members have one wire name', async () => {
    @PyroController({ objectId: 'twice', naming: 'snake_case' })
    class Twice {
      @PyroMethod() takeItem(): void {}
      @PyroMethod() take_item(): void {}
    }
    await expect(start({ providers: [Twice] })).rejects.toThrow(
      'Twice.take_item: another member has the wire name "take_item" already',
    );
  });

  it('a server refuses to start when two parameters have one wire name', async () => {
    @PyroController({ objectId: 'twice', naming: 'snake_case' })
    class Twice {
      @PyroMethod() take(itemId: number, item_id: number): number {
        return itemId + item_id;
      }
    }
    await expect(start({ providers: [Twice] })).rejects.toThrow('Twice.take: two parameters have the wire name "item_id"');
  });

  it('a server refuses to start when Nest would leave out a guard of an object that a factory gives', async () => {
    const { UseGuards } = await import('@nestjs/common');
    class Guard {
      canActivate(): boolean {
        return false;
      }
    }
    @PyroController({ objectId: 'guarded', instanceMode: 'single' })
    @UseGuards(Guard)
    class Guarded {
      @PyroMethod() list(): void {}
    }
    await expect(start({ providers: [Provided, Stock, { provide: Guarded, useFactory: () => new Guarded() }] })).rejects.toThrow(
      'Guarded uses Guard, which Nest does not know',
    );
  });

  it('a server refuses to start when Nest would leave out a pipe of a parameter', async () => {
    @PyroController({ objectId: 'parsing', instanceMode: 'single' })
    class Parsing {
      @PyroMethod() take(@Payload('0', ParseIntPipe) count: number): number {
        return count;
      }
    }
    const provider = { provide: Parsing, useFactory: () => new Parsing() };
    await expect(start({ providers: [Provided, Stock, provider] })).rejects.toThrow(
      'Parsing uses ParseIntPipe, which Nest does not know',
    );
  });

  it('a server refuses to start with an invalid option', async () => {
    await expect(serve(shop, { maxConnections: -1 })).rejects.toThrow('maxConnections is -1');
  });

  it('a server refuses to start on an address that is in use, whatever the error', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    closeAfter(() => taken.close());
    await expect(serve(shop, { port: (taken.address() as { port: number }).port })).rejects.toThrow(/EADDRINUSE|in use/);
    await expect(serve(shop, { host: 'host.invalid' })).rejects.toThrow(/ENOTFOUND|EAI_AGAIN|host\.invalid/);
  });

  it('a server refuses to start as the strategy of two applications', async () => {
    const { server: pyro } = await serve(shop);
    await pyro.close();
    const app = await NestFactory.create(moduleOf(shop), { logger: false });
    closeAfter(() => app.close());
    app.connectMicroservice({ strategy: pyro });
    await expect(app.startAllMicroservices()).rejects.toThrow('the strategy of two applications');
  });
});

describe('a PyroServer as a Nest strategy', () => {
  it('a PyroServer tells its status, keeps event listeners from before it listens, and unwraps to its daemon', async () => {
    const seen: unknown[] = [];
    const status: string[] = [];
    const { server: pyro, join } = await serve(shop, {
      prepare: (_app, strategy) => {
        strategy.status.subscribe((value) => status.push(value));
        strategy.on('listening', (location) => seen.push(location));
        strategy.on('connection', ({ remoteAddress }) => seen.push(remoteAddress.split(':')[0]));
        strategy.on('disconnect', () => seen.push('gone'));
      },
    });
    const daemon = pyro.unwrap<PyroDaemon>();
    const peer = await join('shop.provided');
    peer.end();
    await eventually(() => seen.includes('gone'));
    expect(seen).toEqual([daemon.locationStr, '127.0.0.1', 'gone']);
    await pyro.close();
    expect(status).toEqual(['connected', 'disconnected']);
  });

  it('a PyroServer refuses to give a daemon before it listens', () => {
    expect(() => server().unwrap()).toThrow('startAllMicroservices');
  });

  it('a PyroServer can close and listen any number of times', async () => {
    const { server: pyro, app } = await serve(shop);
    await app.startAllMicroservices();
    const { locationStr } = pyro.unwrap<PyroDaemon>();
    await Promise.all([pyro.close(), pyro.close()]);
    await pyro.close();
    await expect(ScriptedPeer.open(locationStr)).rejects.toThrow('ECONNREFUSED');
    await app.startAllMicroservices();
    await expectServed(pyro);
  });

  it('a PyroServer starts without any object', async () => {
    await serve(shop);
    const { server: pyro, join } = await serve({});
    expect(await (await join('Pyro.Daemon')).call('Pyro.Daemon', 'ping')).toBeNull();
    expect(pyro.objects).toEqual([]);
  });

  it('a served object can be injected into others by its class', async () => {
    @Injectable()
    class Reader {
      constructor(@Inject(Controlled) readonly controlled: Controlled) {}
    }
    const { app } = await serve({ providers: [Stock, Controlled, Reader] });
    expect(app.get(Reader).controlled.list()).toEqual(['chair']);
  });
});
