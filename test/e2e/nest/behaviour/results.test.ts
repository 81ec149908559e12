import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  RequestTimeoutException,
  UseInterceptors,
} from '@nestjs/common';
import {
  catchError,
  concat,
  defer,
  delay,
  EMPTY,
  filter,
  from,
  map,
  type Observable,
  of,
  retry,
  scan,
  tap,
  throwError,
  timeout,
  TimeoutError,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PyroContext, PyroController, PyroMethod } from '../../../../lib/index.js';
import { openStream, readStream, serveForAll, WAYS } from '../fixtures.js';
import { log } from './noting.js';

type Intercept = (next: CallHandler, context: ExecutionContext) => Observable<unknown> | Promise<Observable<unknown>>;
const intercepting = (intercept: Intercept): NestInterceptor => ({ intercept: (context, next) => intercept(next, context) });

/** Caches results by their arguments. */
@Injectable()
class CacheInterceptor implements NestInterceptor {
  private readonly kept = new Map<string, unknown>();
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const key = `${context.switchToRpc().getContext<PyroContext>().method} ${JSON.stringify(context.switchToRpc().getData())}`;
    if (this.kept.has(key)) return of(this.kept.get(key));
    return next.handle().pipe(tap((value) => this.kept.set(key, value)));
  }
}

const doubled = intercepting((next) => next.handle().pipe(map((value) => (value as number) * 2)));
const plusOne = intercepting((next) => next.handle().pipe(map((value) => (value as number) + 1)));
const timesOut = intercepting((next) => next.handle().pipe(timeout(20)));
const timesOutReadably = intercepting((next) =>
  next.handle().pipe(
    timeout(20),
    catchError((error: unknown) =>
      throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException('too slow') : error)),
    ),
  ),
);
const retries = intercepting((next) => next.handle().pipe(retry(2)));
const asynchronous = intercepting(async (next) => {
  await Promise.resolve();
  return next.handle();
});
const never = new Promise<never>(() => undefined);
let attempts = 0;

@PyroController('results', { instanceMode: 'single' })
class Results {
  @PyroMethod() value(): number {
    return 1;
  }
  @PyroMethod() async promised(): Promise<number> {
    return Promise.resolve(2);
  }
  @PyroMethod() observable(): Observable<number> {
    return of(1, 2, 3).pipe(delay(5));
  }
  @PyroMethod() async promisedObservable(): Promise<Observable<number>> {
    return Promise.resolve(of(1, 4));
  }
  @PyroMethod() empty(): Observable<number> {
    return EMPTY;
  }
  @PyroMethod() nothing(): void {}
  @PyroMethod() @UseInterceptors(doubled, plusOne) mapped(value: number): number {
    return value;
  }
  @PyroMethod() @UseInterceptors(doubled) async mappedPromise(): Promise<number> {
    return Promise.resolve(3);
  }
  @PyroMethod() @UseInterceptors(doubled) mappedObservable(): Observable<number> {
    return of(1, 2);
  }
  @PyroMethod() @UseInterceptors(timesOut) slow(): Promise<never> {
    return never;
  }
  @PyroMethod() @UseInterceptors(timesOutReadably) slowReadably(): Promise<never> {
    return never;
  }
  @PyroMethod() @UseInterceptors(retries) flaky(): number {
    if (++attempts % 3 !== 0) throw new Error('try again');
    return attempts;
  }
  @PyroMethod() @UseInterceptors(retries) hopeless(): never {
    attempts++;
    throw new Error('try again');
  }
  @PyroMethod() @UseInterceptors(retries) flakyObservable(): Observable<number> {
    return defer(() => (++attempts % 3 === 0 ? of(attempts) : throwError(() => new Error('try again'))));
  }
  @PyroMethod() @UseInterceptors(CacheInterceptor) cached(key: string): string {
    log.push(`computed ${key}`);
    return key.toUpperCase();
  }
  @PyroMethod() @UseInterceptors(asynchronous) late(): string {
    return `in ${PyroContext.current()?.method}`;
  }
  @PyroMethod() @UseInterceptors(intercepting(() => EMPTY)) withheld(): string {
    return 'withheld';
  }

  @PyroMethod({ stream: true })
  @UseInterceptors(doubled, intercepting((next) => next.handle().pipe(filter((item) => (item as number) % 2 === 1))))
  mappedItems(): Observable<number> {
    return from([1, 2, 3]);
  }
  @PyroMethod({ stream: true })
  @UseInterceptors(intercepting((next) => concat(of('header'), next.handle(), of('footer'))))
  framed(): Observable<number> {
    return from([1, 2]);
  }
  @PyroMethod({ stream: true })
  @UseInterceptors(intercepting((next) => next.handle().pipe(scan((sum, item) => sum + (item as number), 0))))
  sums(): Observable<number> {
    return from([1, 2, 3]).pipe(delay(2));
  }
  @PyroMethod({ stream: true }) @UseInterceptors(retries) flakyItems(): Observable<number> {
    return defer(() => (++attempts % 3 === 0 ? of(7, 8) : throwError(() => new Error('try again'))));
  }
  @PyroMethod({ stream: true }) @UseInterceptors(timesOut) slowItems(): Observable<number> {
    return concat(of(1), from(never));
  }
}

describe.each(WAYS)('results (%s)', (way) => {
  const served = serveForAll(way, { providers: [Results] });

  it.each<[method: string, args: unknown[], expected: unknown]>([
    ['value', [], 1],
    ['promised', [], 2],
    ['observable', [], 3],
    ['promisedObservable', [], 4],
    ['empty', [], null],
    ['nothing', [], null],
    ['mapped', [5], 12],
    ['mappedPromise', [], 6],
    ['mappedObservable', [], 4],
    ['late', [], 'in late'],
    ['withheld', [], null],
  ])('the result of %s%j is %j', async (method, args, expected) => {
    expect(await (await served().join('results')).call('results', method, ...args)).toEqual(expected);
  });

  it.each(['slow', 'slowReadably'])('a result that an interceptor’s timeout() ends is a TimeoutError (%s)', async (method) => {
    const failure = await (await served().join('results')).fail('results', method);
    expect(failure.pythonType).toBe('builtins.TimeoutError');
  });

  it.each(['flaky', 'flakyObservable'])('an interceptor may retry a call (%s)', async (method) => {
    attempts = 0;
    expect(await (await served().join('results')).call('results', method)).toBe(3);
  });

  it('an interceptor’s retry() stops after its count', async () => {
    attempts = 0;
    const failure = await (await served().join('results')).fail('results', 'hopeless');
    expect([failure.message, attempts]).toEqual(['builtins.RuntimeError: try again', 3]);
  });

  it('an interceptor may cache results', async () => {
    const peer = await served().join('results');
    const key = `key of ${way}`;
    const expected = key.toUpperCase();
    expect([await peer.call('results', 'cached', key), await peer.call('results', 'cached', key)]).toEqual([expected, expected]);
    expect(log).toEqual([`computed ${key}`]);
  });

  it.each<[method: string, items: unknown[]]>([
    ['mappedItems', [2, 6]],
    ['framed', ['header', 1, 2, 'footer']],
    ['sums', [1, 3, 6]],
    ['flakyItems', [7, 8]],
  ])('interceptors see the items of an Observable: %s', async (method, items) => {
    attempts = 0;
    const peer = await served().join('results');
    expect(await readStream(peer, await openStream(peer, 'results', method))).toEqual(items);
  });

  it('items that an interceptor’s timeout() ends finish the stream with a TimeoutError', async () => {
    const peer = await served().join('results');
    const id = await openStream(peer, 'results', 'slowItems');
    await expect(readStream(peer, id)).rejects.toMatchObject({ pythonType: 'builtins.TimeoutError' });
  });
});
