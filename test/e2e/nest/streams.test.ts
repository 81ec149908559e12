import { EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import {
  type CallHandler,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { delay, EMPTY, from, interval, map, NEVER, Observable, of, range, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PyroContext, PyroController, PyroException, PyroMethod, PyroProperty } from '../../../lib/index.js';
import { eventually, nextItem, openStream, readStream, serve } from './fixtures.js';

class Tenfold implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: unknown) => (typeof value === 'number' ? value * 10 : value)));
  }
}
class Late implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(delay(30));
  }
}
class OwnItems implements NestInterceptor {
  intercept(): Observable<unknown> {
    return of('own', 'items');
  }
}
class Refusing implements NestInterceptor {
  intercept(): Observable<unknown> {
    return throwError(() => new Error('refused'));
  }
}

class Silent implements NestInterceptor {
  intercept(): Observable<unknown> {
    return watched(NEVER);
  }
}

let active = 0;
const watched = (source: Observable<unknown>): Observable<unknown> =>
  new Observable((subscriber) => {
    active++;
    subscriber.add(() => active--);
    return source.subscribe(subscriber);
  });
const subject = new Subject<number>();
const frames = new EventEmitter();

@Catch()
class EndlessAnswer implements ExceptionFilter {
  catch(): Observable<unknown> {
    return watched(NEVER);
  }
}

@PyroController({ objectId: 'streams', instanceMode: 'single' })
class Streams {
  @PyroMethod() @UseInterceptors(Late) file(path: string): Readable {
    return createReadStream(path);
  }
  @PyroMethod({ stream: true }) marked(): Observable<number> {
    return of(1, 2, 3);
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Tenfold) intercepted(): Observable<number> {
    return of(1, 2, 3);
  }
  @PyroMethod({ stream: true }) async deferred(): Promise<Observable<number>> {
    return of(1, 2);
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Tenfold) plainAfterAll(): number {
    return 7;
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Tenfold) listAfterAll(): number[] {
    return [1, 2];
  }
  @PyroMethod({ stream: true }) @UseInterceptors(OwnItems) replaced(): Observable<string> {
    return of('never');
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Refusing) refused(): Observable<string> {
    return of('never');
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Tenfold) failsBefore(): Observable<number> {
    throw new Error('before the stream');
  }
  @PyroMethod({ stream: true }) failing(): Observable<number> {
    return new Observable((subscriber) => {
      subscriber.next(1);
      subscriber.error(new RangeError('in the stream'));
    });
  }
  @PyroMethod({ stream: true }) endless(): Observable<unknown> {
    return watched(interval(1));
  }
  @PyroMethod({ stream: { buffer: 3 } }) tooFast(): Observable<number> {
    return range(0, Number.POSITIVE_INFINITY);
  }
  @PyroMethod({ stream: { buffer: 3, overflow: 'dropOldest' } }) newest(): Observable<number> {
    return range(0, 1_000);
  }
  @PyroMethod({ stream: { buffer: 3, overflow: 'dropNewest' } }) oldest(): Observable<number> {
    return range(0, 1_000);
  }
  @PyroMethod({ stream: true }) live(): Observable<number> {
    return subject;
  }
  @PyroMethod() last(): Observable<number> {
    return of(1, 2, 3);
  }
  @PyroMethod() none(): Observable<never> {
    return EMPTY;
  }
  @PyroMethod() never(): Observable<unknown> {
    return watched(NEVER);
  }
  @PyroMethod() *generator(): Generator<number> {
    yield 1;
    yield 2;
  }
  @PyroMethod() @UseInterceptors(Tenfold) async *interceptedGenerator(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }
  @PyroProperty() get attribute(): Iterator<number> {
    return [1, 2].values();
  }
  @PyroMethod() *failingGenerator(): Generator<number> {
    yield 1;
    throw new PyroException('builtins.KeyError', ['k'], { attributes: { key: 'k' } });
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Silent) silent(): Observable<number> {
    return of(1);
  }
  @PyroMethod() @UseFilters(EndlessAnswer) async *untilClosed(): AsyncGenerator<unknown> {
    const { signal } = PyroContext.current()!;
    yield 0;
    for (;;) yield once(frames, 'frame', { signal });
  }
  @PyroMethod() fromArray(): Observable<number[]> {
    return from([[1, 2]]);
  }
}

describe('item streams', () => {
  const opened = async (method: string): Promise<unknown[]> => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    return readStream(peer, await openStream(peer, 'streams', method));
  };

  it.each<[string, unknown[]]>([
    ['marked', [1, 2, 3]],
    ['intercepted', [10, 20, 30]],
    ['deferred', [1, 2]],
    ['replaced', ['own', 'items']],
    ['newest', [997, 998, 999]],
    ['oldest', [0, 1, 2]],
    ['generator', [1, 2]],
    ['interceptedGenerator', [1, 2]],
  ])('an item stream gives the items of %s', async (method, items) => {
    expect(await opened(method)).toEqual(items);
  });

  it.each<[string, unknown]>([
    ['last', 3],
    ['none', null],
    ['plainAfterAll', 70],
    ['listAfterAll', [1, 2]],
    ['fromArray', [1, 2]],
  ])('the value of %s is sent without a stream', async (method, value) => {
    const { join } = await serve({ providers: [Streams] });
    expect(await (await join('streams')).call('streams', method)).toEqual(value);
  });

  it('an attribute may give an item stream', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    expect(await readStream(peer, await openStream(peer, 'streams', '__getattr__', 'attribute'))).toEqual([1, 2]);
  });

  it('an item stream fails where its source fails, after the items before', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    const id = await openStream(peer, 'streams', 'failing');
    expect(await nextItem(peer, id)).toBe(1);
    await expect(nextItem(peer, id)).rejects.toThrow('in the stream');
    await expect(nextItem(peer, id)).rejects.toThrow('item stream terminated');
  });

  it('an item stream fails with the Python exception that the generator threw', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    const id = await openStream(peer, 'streams', 'failingGenerator');
    expect(await nextItem(peer, id)).toBe(1);
    await expect(nextItem(peer, id)).rejects.toMatchObject({ pythonType: 'builtins.KeyError', args: ['k'] });
  });

  it('an item stream unsubscribes from its source when the client disconnects before the stream opens', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    peer.invoke('streams', 'silent');
    await eventually(() => active === 1);
    peer.destroy();
    await eventually(() => active === 0);
  });

  it('an Observable that fails before its first item fails the call', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    expect((await peer.fail('streams', 'failsBefore')).message).toContain('before the stream');
    expect((await peer.fail('streams', 'refused')).message).toContain('refused');
  });

  it('an item stream that is read too slowly fails, and the message names the option to change', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    const id = await openStream(peer, 'streams', 'tooFast');
    expect([await nextItem(peer, id), await nextItem(peer, id), await nextItem(peer, id)]).toEqual([0, 1, 2]);
    await expect(nextItem(peer, id)).rejects.toThrow(/BufferError: .*stream\.buffer is 3/);
  });

  it('reading an item stream waits for items that are not there yet', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    const id = await openStream(peer, 'streams', 'live');
    const item = nextItem(peer, id);
    await eventually(() => subject.observed);
    subject.next(42);
    expect(await item).toBe(42);
    await peer.call('Pyro.Daemon', 'close_stream', id);
    await eventually(() => !subject.observed);
  });

  it('an item stream unsubscribes when it is closed, expires with its connection, or the server closes', async () => {
    const { join, server } = await serve({ providers: [Streams] }, { streamLingerMs: 0 });
    const peer = await join('streams');
    const id = await openStream(peer, 'streams', 'endless');
    expect(active).toBe(1);
    await peer.call('Pyro.Daemon', 'close_stream', id);
    await eventually(() => active === 0);
    await openStream(peer, 'streams', 'endless');
    peer.end();
    await eventually(() => active === 0, 'the end of the stream with its connection');
    const other = await join('streams');
    await openStream(other, 'streams', 'endless');
    await server.close();
    await eventually(() => active === 0, 'the end of the stream with the server');
  });

  it('the filter of a stream gives no items when the stream is closed while an item is awaited', async () => {
    const { join, server } = await serve({ providers: [Streams] }, { streamLingerMs: 0 });
    const peer = await join('streams');
    const id = await openStream(peer, 'streams', 'untilClosed');
    expect(await nextItem(peer, id)).toBe(0);
    peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
    await eventually(() => frames.listenerCount('frame') === 1, 'the wait for a frame');
    peer.destroy();
    await eventually(() => server.inspect().connections.length === 0, 'the end of the connection');
    expect(frames.listenerCount('frame')).toBe(0);
    expect(active).toBe(0);
  });

  it('an Observable that never ends is unsubscribed when the client disconnects', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    peer.invoke('streams', 'never');
    await eventually(() => active === 1);
    peer.destroy();
    await eventually(() => active === 0);
  });

  it('a Readable that fails before an interceptor passes it on gives its error with the first item', async () => {
    const { join } = await serve({ providers: [Streams] });
    const peer = await join('streams');
    const id = await openStream(peer, 'streams', 'file', '/no/such/file');
    await expect(nextItem(peer, id)).rejects.toThrow('ENOENT');
  });
});

describe('@PyroMethod({ stream })', () => {
  it('@PyroMethod({ stream }) refuses invalid options', () => {
    const decorate = (stream: object): void => {
      class Thing {
        method(): void {}
      }
      PyroMethod({ stream })(Thing.prototype, 'method', Object.getOwnPropertyDescriptor(Thing.prototype, 'method')!);
    };
    expect(() => decorate({ buffer: 0 })).toThrow('stream.buffer is 0');
    expect(() => decorate({ overflow: 'wait' })).toThrow(
      'stream.overflow is the text "wait"; it must be error, dropOldest or dropNewest',
    );
  });
});
