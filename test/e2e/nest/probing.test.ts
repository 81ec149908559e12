import { inspect } from 'node:util';
import { Controller, Get, Inject, Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createObserveModule } from '@nestjs/observe';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { equals, iterableEquality } from '@vitest/expect';
import { format, plugins } from '@vitest/pretty-format';
import { pino } from 'pino';
import {
  BehaviorSubject,
  catchError,
  combineLatest,
  concat,
  concatMap,
  defaultIfEmpty,
  EMPTY,
  endWith,
  from,
  isObservable,
  lastValueFrom,
  map,
  merge,
  type Observable,
  of,
  reduce,
  shareReplay,
  startWith,
  take,
  throwError,
  timer,
  withLatestFrom,
  zip,
} from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expose, PyroController, PyroMethod, PyroModule, PyroProxy, type RemoteObject } from '../../../lib/index.js';
import { PyroDaemon } from '../../../lib/core.js';
import { closeAfter, moduleOf, serve } from './fixtures.js';

/** A Python object may have methods with any of these names. */
class Widget {
  readonly asked: string[] = [];
  inspect(): string {
    return this.ask('inspect');
  }
  nodeType(): string {
    return this.ask('nodeType');
  }
  tagName(): string {
    return this.ask('tagName');
  }
  hasAttribute(name = ''): string {
    return this.ask(`hasAttribute ${name}`);
  }
  asymmetricMatch(): string {
    return this.ask('asymmetricMatch');
  }
  schedule(): string {
    return this.ask('schedule');
  }
  lift(): string {
    return this.ask('lift');
  }
  subscribe(): string {
    return this.ask('subscribe');
  }
  catch(): string {
    return this.ask('catch');
  }
  getReader(): string {
    return this.ask('getReader');
  }
  pipe(): string {
    return this.ask('pipe');
  }
  socket(): string {
    return this.ask('socket');
  }
  setHeader(): string {
    return this.ask('setHeader');
  }
  setOnDispatchHook(): string {
    return this.ask('setOnDispatchHook');
  }
  private ask(what: string): string {
    this.asked.push(what);
    return what;
  }
}
const PROBED = [
  'inspect',
  'nodeType',
  'tagName',
  'hasAttribute',
  'asymmetricMatch',
  'lift',
  'schedule',
  'catch',
  'getReader',
  'pipe',
  'socket',
  'setHeader',
  'setOnDispatchHook',
] as const;
expose(Widget, ...PROBED, 'subscribe');

const WIDGET = Symbol('widget');

let served: Widget;
let daemon: PyroDaemon;
let uri: string;
beforeEach(async () => {
  daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  served = new Widget();
  uri = String(daemon.register(served, 'widget'));
});
afterEach(() => daemon.close());

/** Makes a proxy that has not connected, as PyroModule injects one. */
function lazy(): RemoteObject<Widget> {
  const proxy = PyroProxy.to<Widget>(uri);
  closeAfter(() => proxy.$release());
  return proxy;
}

/** Waits until a call that somebody made would have arrived. */
async function expectNothingAsked(): Promise<void> {
  await using other = await PyroProxy.connect<Widget>(uri);
  expect(await other.subscribe()).toBe('subscribe');
  expect(served.asked.splice(0)).toEqual(['subscribe']);
}

describe('a remote object that is not connected', () => {
  it('@nestjs/observe starts an application, and calls nothing of an injected remote object', async () => {
    @Injectable()
    class User {
      constructor(@Inject(WIDGET) readonly widget: RemoteObject<Widget>) {}
    }
    const { ObserveInstrument } = createObserveModule();
    const app = await NestFactory.createApplicationContext(
      moduleOf({ imports: [PyroModule.forFeature([{ token: WIDGET, uri }])], providers: [User] }),
      { logger: false, abortOnError: false, instrument: ObserveInstrument },
    );
    closeAfter(() => app.close());
    const injected = app.get(User).widget;
    expect(injected.$connected).toBe(false);
    await expectNothingAsked();
    expect(await injected.subscribe()).toBe('subscribe');
    // the object has a method with this name, and the metadata lists it
    expect(await injected.setOnDispatchHook()).toBe('setOnDispatchHook');
    expect(await app.get<RemoteObject<Widget>>(WIDGET).$call('inspect')).toBe('inspect');
  });

  it('printing and comparing a remote object, as test frameworks do, calls nothing', async () => {
    const proxy = lazy();
    expect(format(proxy, { plugins: [plugins.DOMElement, plugins.Immutable, plugins.AsymmetricMatcher] })).toContain('PyroProxy');
    expect(inspect({ proxy }, { depth: 5 })).toContain('PyroProxy');
    expect(equals(proxy, lazy(), [iterableEquality])).toBe(true);
    expect(equals(proxy, { some: 'thing' }, [iterableEquality])).toBe(false);
    expect(proxy).toEqual(proxy);
    expect(() => expect(proxy).toEqual({ a: 1 })).toThrow('to deeply equal');
    expect(() => expect(proxy).toMatchObject({ a: 1 })).toThrow('to match object');
    expect(JSON.stringify({ proxy })).toBe('{"proxy":{}}');
    expect(proxy.$connected).toBe(false);
    await expectNothingAsked();
  });

  it.each<[string, (proxy: RemoteObject<Widget>) => Observable<unknown>]>([
    ['of', (proxy) => of(proxy)],
    ['of, after a value', (proxy) => of(1, proxy)],
    ['from', (proxy) => from([proxy])],
    ['startWith', (proxy) => EMPTY.pipe(startWith(proxy))],
    ['endWith', (proxy) => of(1).pipe(endWith(proxy))],
    ['merge', (proxy) => merge(of(1), of(proxy))],
    ['concat', (proxy) => concat(of(1), of(proxy))],
    ['combineLatest', (proxy) => combineLatest([of(proxy)]).pipe(map(([first]) => first))],
    ['catchError', (proxy) => throwError(() => new Error('x')).pipe(catchError(() => of(proxy)))],
    ['timer', (proxy) => timer(0).pipe(map(() => proxy))],
    ['a subject', (proxy) => new BehaviorSubject(proxy).pipe(take(1))],
    ['shareReplay', (proxy) => of(proxy).pipe(shareReplay(1))],
    ['zip', (proxy) => zip(of(proxy), of(1)).pipe(map(([first]) => first))],
    ['defaultIfEmpty', (proxy) => EMPTY.pipe(defaultIfEmpty(proxy))],
    [
      'withLatestFrom',
      (proxy) =>
        of(1).pipe(
          withLatestFrom(of(proxy)),
          map(([, second]) => second),
        ),
    ],
    ['reduce', (proxy) => of(1).pipe(reduce((all) => all, proxy as unknown))],
  ])('rxjs passes a remote object on as a value: %s', async (_, source) => {
    const proxy = lazy();
    expect(await lastValueFrom(source(proxy))).toBe(proxy);
    expect(proxy.$connected).toBe(false);
    await expectNothingAsked();
  });

  it('a remote object with a method schedule is called once its metadata is known, and by $call', async () => {
    const proxy = lazy();
    expect(proxy.schedule).toBeUndefined();
    expect(await proxy.$call('schedule')).toBe('schedule');
    expect(await proxy.schedule()).toBe('schedule');
  });

  it('a remote object is no Observable: rxjs and Nest pass it on as a value', async () => {
    expect(isObservable(lazy())).toBe(false);
    expect(await lastValueFrom(from([lazy()]))).toBeInstanceOf(PyroProxy);

    @PyroController('shop')
    class Shop {
      @PyroMethod() widget(): RemoteObject<Widget> {
        return lazy();
      }
    }
    const { server } = await serve({ providers: [Shop] });
    await using shop = await PyroProxy.connect<Shop>(`PYRO:shop@${server.unwrap<PyroDaemon>().locationStr}`);
    await using received = await shop.widget();
    expect(String(received.$uri)).toBe(uri);
    await expectNothingAsked();
  });

  it('pino logs a remote object as an object, and not as a request or response of HTTP', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    log.info(lazy());
    log.info({ widget: lazy() });
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(Object.keys(JSON.parse(line) as object)).not.toContain('req');
    await expectNothingAsked();
  });

  it('rxjs refuses to read a remote object as a stream', async () => {
    await expect(lastValueFrom(of(1).pipe(concatMap(() => lazy() as never)))).rejects.toThrow('You provided');
    await expectNothingAsked();
  });

  it.each([
    ['Express', () => undefined],
    ['Fastify', () => new FastifyAdapter()],
  ])('an HTTP handler that returns a remote object answers an empty object with %s', async (_, makeAdapter) => {
    @Controller()
    class Web {
      @Get() widget(): RemoteObject<Widget> {
        return lazy();
      }
    }
    const adapter = makeAdapter();
    const type = moduleOf({ controllers: [Web] });
    const app = await (adapter
      ? NestFactory.create(type, adapter, { logger: false })
      : NestFactory.create(type, { logger: false }));
    closeAfter(() => app.close());
    await app.listen(0, '127.0.0.1');
    const response = await fetch(await app.getUrl());
    expect([response.status, await response.text()]).toEqual([200, '{}']);
    await expectNothingAsked();
  });

  it.each([...PROBED, '_bsontype', '_isMockFunction', '__esModule', '__init__', '__reduce__'])(
    'member %s of a remote object is undefined before the first connection',
    (name) => {
      const proxy = lazy();
      expect([(proxy as unknown as Record<string, unknown>)[name], name in proxy]).toEqual([undefined, false]);
      expect('__len__' in proxy).toBe(true);
    },
  );
});

it('a remote object whose metadata lists a probed name is called by this name', async () => {
  await using proxy = await PyroProxy.connect<Widget>(uri);
  const bare = proxy as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const name of PROBED) expect([name, await bare[name]!()]).toEqual([name, expect.stringMatching(name)]);
});
