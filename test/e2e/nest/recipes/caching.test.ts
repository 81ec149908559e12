import { CACHE_MANAGER, type Cache, CacheInterceptor, CacheKey, CacheModule, CacheTTL } from '@nestjs/cache-manager';
import { Controller, type ExecutionContext, Get, Inject, Injectable, UseInterceptors } from '@nestjs/common';
import { beforeEach, expect, it } from 'vitest';
import {
  kwargs,
  type PyroContext,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroProperty,
  PyroProxy,
  type RemoteObject,
} from '../../../../lib/index.js';
import { dumps } from '../../../../lib/serpent/index.js';
import { closeAfter, serve, serveBy } from '../fixtures.js';

let measured = 0;
beforeEach(() => {
  measured = 0;
});

/** Caches by object, method and list of arguments; over HTTP as Nest's own interceptor. */
@Injectable()
class CallCacheInterceptor extends CacheInterceptor {
  protected override trackBy(context: ExecutionContext): ReturnType<CacheInterceptor['trackBy']> {
    if (context.getType() === 'http') return super.trackBy(context);
    const { objectId } = context.switchToRpc().getContext<PyroContext>();
    return dumps([objectId, context.getHandler().name, context.switchToRpc().getData<unknown[]>()]).toString();
  }

  protected override setHeadersWhenHttp(context: ExecutionContext, value: unknown): void {
    if (context.getType() === 'http') super.setHeadersWhenHttp(context, value);
  }
}

@PyroController('plain')
@UseInterceptors(CacheInterceptor)
class PlainObject {
  @CacheKey('spectrum') @PyroMethod() spectrum(channel: string): string {
    measured += 1;
    return `${channel} ${measured}`;
  }
}

@PyroController('cached')
@UseInterceptors(CallCacheInterceptor)
class CachedObject {
  @PyroMethod() spectrum(channel: string, gain: number | bigint = 1): string {
    measured += 1;
    return `${channel} ${gain} ${measured}`;
  }
  @PyroProperty() get first(): string {
    measured += 1;
    return `first ${measured}`;
  }
  @PyroProperty() get second(): string {
    measured += 1;
    return `second ${measured}`;
  }
  @CacheTTL(1) @PyroMethod() brief(): number {
    measured += 1;
    return measured;
  }
}

@PyroController('own')
class OwnObject {
  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}
  @PyroMethod() spectrum(channel: string): Promise<string> {
    return this.cache.wrap(`spectrum ${channel}`, async () => {
      measured += 1;
      return `${channel} ${measured}`;
    });
  }
}

@Controller()
@UseInterceptors(CallCacheInterceptor)
class Page {
  @Get() read(): string {
    measured += 1;
    return `page ${measured}`;
  }
}

const metadata: Parameters<typeof serve>[0] = {
  imports: [CacheModule.register()],
  controllers: [Page],
  providers: [PlainObject, CachedObject, OwnObject],
};

async function connectTo<T>(server: { unwrap<D>(): D }, id: string): Promise<RemoteObject<T>> {
  const proxy = await PyroProxy.connect<T>(server.unwrap<PyroDaemon>().uriFor(id));
  closeAfter(() => proxy.$release());
  return proxy;
}

it('cache: Nest’s CacheInterceptor caches nothing in a hybrid application', async () => {
  const { server } = await serve(metadata);
  const plain = await connectTo<PlainObject>(server, 'plain');
  expect([await plain.spectrum('red'), await plain.spectrum('red')]).toEqual(['red 1', 'red 2']);
});

it('cache: in a microservice @CacheKey caches one result for all arguments', async () => {
  const { server } = await serveBy('standalone', { ...metadata, controllers: [] });
  const plain = await connectTo<PlainObject>(server, 'plain');
  expect([await plain.spectrum('red'), await plain.spectrum('blue')]).toEqual(['red 1', 'red 1']);
});

it('cache: an interceptor that knows Pyro caches by object, method and arguments, in every kind of application', async () => {
  for (const way of ['hybrid', 'standalone'] as const) {
    measured = 0;
    const { server } = await serveBy(way, way === 'hybrid' ? metadata : { ...metadata, controllers: [] });
    const cached = await connectTo<CachedObject>(server, 'cached');
    expect([await cached.spectrum('red'), await cached.spectrum('red')]).toEqual(['red 1 1', 'red 1 1']);
    expect(await cached.spectrum('blue')).toBe('blue 1 2');
    const gain = 2n ** 64n;
    expect(await cached.spectrum('red', gain)).toBe(`red ${gain} 3`);
    expect(await cached.spectrum('red', kwargs({ gain }))).toBe(`red ${gain} 3`);
    expect([await cached.$get('first'), await cached.$get('second'), await cached.$get('first')]).toEqual([
      'first 4',
      'second 5',
      'first 4',
    ]);
    const first = await cached.brief();
    await expect.poll(() => cached.brief()).toBe(first + 1);
  }
});

it('cache: HTTP routes of the same application are cached as ever, and a service may use the cache itself', async () => {
  const { app, server } = await serve(metadata);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const answers = [await fetch(url), await fetch(url)];
  expect(answers.map(({ headers }) => headers.get('x-cache'))).toEqual(['MISS', 'HIT']);
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['page 1', 'page 1']);
  const own = await connectTo<OwnObject>(server, 'own');
  expect([await own.spectrum('red'), await own.spectrum('red'), await own.spectrum('blue')]).toEqual([
    'red 2',
    'red 2',
    'blue 3',
  ]);
});
