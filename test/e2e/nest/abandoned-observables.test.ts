import {
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  type INestMicroservice,
  type NestInterceptor,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { lastValueFrom, merge, NEVER, Observable, of, tap } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { PyroController, PyroMethod } from '../../../lib/index.js';
import { type AnyApp, eventually, type Served, serve, serveBy } from './fixtures.js';

let active = 0;
let seen: unknown[] = [];
let runs = 0;
let release!: (value: unknown) => void;
let waiting: Promise<unknown>;

beforeEach(() => {
  active = 0;
  seen = [];
  runs = 0;
  waiting = new Promise((resolve) => (release = resolve));
});

/** An Observable that never completes, and counts its subscribers. */
const endless = (): Observable<never> =>
  new Observable((subscriber) => {
    active++;
    subscriber.add(() => active--);
    return NEVER.subscribe(subscriber);
  });

@Catch()
class EndlessFilter implements ExceptionFilter {
  catch(): Observable<unknown> {
    return endless();
  }
}
class Own implements NestInterceptor {
  intercept(): Observable<unknown> {
    return endless();
  }
}
class Merging implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return merge(next.handle(), endless());
  }
}
class Noting implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return merge(next.handle().pipe(tap((value) => seen.push(value))), endless());
  }
}
class Passing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap((value) => seen.push(value)));
  }
}
class Awaiting implements NestInterceptor {
  async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    return of(await lastValueFrom(next.handle()));
  }
}
class SlowGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    runs++;
    await waiting;
    return true;
  }
}

@PyroController({ objectId: 'endless', instanceMode: 'single' })
class Endless {
  @PyroMethod() @UseFilters(EndlessFilter) fails(): void {
    throw new Error('no');
  }
  @PyroMethod() @UseInterceptors(Own) own(): number {
    return 1;
  }
  @PyroMethod() @UseInterceptors(Merging) merged(): number {
    return 1;
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Own) ownStream(): number {
    return 1;
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Merging) async mergedValue(): Promise<number> {
    return 1;
  }
  @PyroMethod() @UseInterceptors(Noting) slow(): Promise<unknown> {
    runs++;
    return waiting;
  }
  @PyroMethod() @UseGuards(SlowGuard) guarded(): number {
    return seen.push('ran');
  }
  @PyroMethod() @UseInterceptors(Passing, Awaiting) awaited(): Observable<never> {
    return endless();
  }
  @PyroMethod() two(): number {
    return 2;
  }
}

const abandoned = ({ server }: Served): number =>
  server.inspect().limits.find(({ name }) => name === 'maxAbandonedConnections')!.used!;

/** Methods whose Observable never completes, although no code of the method runs. */
const NEVER_ENDING = ['fails', 'own', 'merged', 'ownStream', 'mergedValue'];

describe('an Observable of an interceptor or a filter that never completes', () => {
  it.each(NEVER_ENDING)('an Observable that never completes is unsubscribed when the client disconnects: %s', async (method) => {
    const served = await serve({ providers: [Endless] });
    const peer = await served.join('endless');
    peer.invoke('endless', method);
    await eventually(() => active === 1, 'the subscription');
    peer.destroy();
    await eventually(() => active === 0 && abandoned(served) === 0, 'the end of the call');
  });

  it.each(NEVER_ENDING)(
    'an Observable that never completes is unsubscribed at callTimeoutMs, and the connection goes on: %s',
    async (method) => {
      const served = await serve({ providers: [Endless] }, { callTimeoutMs: 20 });
      const peer = await served.join('endless');
      await expect(peer.call('endless', method)).rejects.toThrow('callTimeoutMs');
      expect(await peer.call('endless', 'two')).toBe(2);
      expect(active).toBe(0);
    },
  );

  it.each([0, 20])(
    'an Observable of a method whose value an interceptor awaits ends with the client, callTimeoutMs %i',
    async (callTimeoutMs) => {
      const served = await serve({ providers: [Endless] }, { callTimeoutMs });
      const peer = await served.join('endless');
      peer.invoke('endless', 'awaited');
      await eventually(() => active === 1, 'the subscription');
      peer.destroy();
      await eventually(() => served.server.inspect().connections.length === 0 && abandoned(served) === 0, 'the end of the call');
    },
  );

  it('an Observable that never completes is unsubscribed after the method that ran when the client disconnected', async () => {
    const served = await serve({ providers: [Endless] });
    const peer = await served.join('endless');
    peer.invoke('endless', 'slow');
    await eventually(() => runs === 1, 'the method');
    peer.destroy();
    await eventually(() => abandoned(served) === 1, 'the disconnect');
    // interceptors get the result of a method that runs when the client leaves
    expect(active).toBe(1);
    release('late');
    await eventually(() => active === 0 && abandoned(served) === 0, 'the end of the call');
    expect(seen).toEqual(['late']);
  });

  it('an Observable that never completes is unsubscribed at callTimeoutMs while the method runs, and the call counts until the method has ended', async () => {
    const served = await serve({ providers: [Endless] }, { callTimeoutMs: 20 });
    const peer = await served.join('endless');
    await expect(peer.call('endless', 'slow')).rejects.toThrow('callTimeoutMs');
    expect(active).toBe(0);
    peer.destroy();
    await eventually(() => abandoned(served) === 1, 'the disconnect');
    release('late');
    await eventually(() => abandoned(served) === 0, 'the end of the call');
    expect(seen).toEqual([]);
  });

  it('an Observable of a pre-request hook is unsubscribed at callTimeoutMs, and the method does not run behind its guard', async () => {
    const prepare = (app: AnyApp): void =>
      void (app as INestMicroservice).registerPreRequestHook((_context, next) => merge(next(), endless()));
    const served = await serveBy('standalone', { providers: [Endless] }, { callTimeoutMs: 20, prepare });
    const peer = await served.join('endless');
    await expect(peer.call('endless', 'guarded')).rejects.toThrow('callTimeoutMs');
    expect([runs, active]).toEqual([1, 0]);
    peer.destroy();
    await eventually(() => abandoned(served) === 1, 'the disconnect');
    release(undefined);
    await eventually(() => abandoned(served) === 0, 'the end of the call');
    expect(seen).toEqual([]);
  });
});
