import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Observable, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  PyroContext,
  PyroController,
  type PyroControllerOptions,
  PyroMethod,
  PyroProperty,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { nextItem, openStream, serve } from './fixtures.js';

const user = new AsyncLocalStorage<string>();
const trace = new AsyncLocalStorage<string>();

/** Enters a store as the guard of nestjs-cls does. */
@Injectable()
class EnteringGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { method } = context.switchToRpc().getContext<PyroContext>();
    user.enterWith(`guard of ${method}`);
    return true;
  }
}

@Injectable()
class LateGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    await Promise.resolve();
    trace.enterWith('late');
    return true;
  }
}

/** Runs the method inside a store, as OpenTelemetry does. */
@Injectable()
class TracingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { correlationId } = context.switchToRpc().getContext<PyroContext>();
    return trace.run(correlationId, () => next.handle().pipe(tap(() => undefined)));
  }
}

@Injectable()
class EnteringHandshakeGuard implements CanActivate {
  canActivate(): boolean {
    user.enterWith('handshake');
    return true;
  }
}

type Seen = [user: string | undefined, trace: boolean, method: string | undefined];
const seen = (): Seen => [
  user.getStore(),
  trace.getStore() === PyroContext.current()?.correlationId,
  PyroContext.current()?.method,
];

function objectsOf(options: Partial<PyroControllerOptions>): (new () => object)[] {
  @PyroController({ ...options, objectId: 'guarded' })
  @UseHandshakeGuards(EnteringHandshakeGuard)
  @UseGuards(EnteringGuard, LateGuard)
  @UseInterceptors(TracingInterceptor)
  class Guarded {
    @PyroMethod() now(): Seen {
      return seen();
    }
    @PyroMethod() async later(): Promise<Seen> {
      await Promise.resolve();
      return seen();
    }
    @PyroMethod() *items(): Generator<Seen> {
      for (;;) yield seen();
    }
    @PyroMethod() async *asyncItems(): AsyncGenerator<Seen> {
      for (;;) {
        await Promise.resolve();
        yield seen();
      }
    }
    @PyroMethod() async promised(): Promise<Iterator<Seen>> {
      await Promise.resolve();
      return this.items();
    }
    @PyroMethod({ stream: true }) observed(): Observable<Seen> {
      return new Observable((subscriber) => {
        subscriber.next(seen());
        setImmediate(() => {
          subscriber.next(seen());
          subscriber.complete();
        });
      });
    }
    @PyroProperty() get name(): Seen {
      return seen();
    }
  }

  @PyroController({ ...options, objectId: 'open' })
  class Open {
    @PyroMethod() who(): [string | undefined, string | undefined] {
      return [user.getStore(), trace.getStore()];
    }
  }
  return [Guarded, Open];
}

describe.each(['session', 'single', 'percall'] as const)('async context of a %s object', (instanceMode) => {
  const start = () => serve({ providers: objectsOf({ instanceMode }) });

  it.each(['now', 'later'])(
    `stores of guards and interceptors are there in %s of a ${instanceMode} object, and gone in the next call`,
    async (method) => {
      const { join } = await start();
      const peer = await join('guarded');
      expect(await peer.call('guarded', method)).toEqual([`guard of ${method}`, true, method]);
      expect(await peer.call('open', 'who')).toEqual([null, null]);
      expect(await peer.call('guarded', '__getattr__', 'name')).toEqual(['guard of __getattr__', true, '__getattr__']);
      expect(await peer.call('open', 'who')).toEqual([null, null]);
    },
  );

  it.each(['items', 'asyncItems', 'promised'])(
    `stores of guards and interceptors are there at every item of %s of a ${instanceMode} object`,
    async (method) => {
      const { join } = await start();
      const peer = await join('guarded');
      const id = await openStream(peer, 'guarded', method);
      for (let i = 0; i < 3; i++) {
        expect(await nextItem(peer, id)).toEqual([`guard of ${method}`, true, method]);
        expect(await peer.call('open', 'who')).toEqual([null, null]);
        await peer.call('guarded', 'now');
      }
    },
  );

  it(`stores are there at every item of an Observable of a ${instanceMode} object`, async () => {
    const { join } = await start();
    const peer = await join('guarded');
    const id = await openStream(peer, 'guarded', 'observed');
    for (let i = 0; i < 2; i++) expect(await nextItem(peer, id)).toEqual(['guard of observed', true, 'observed']);
  });
});
