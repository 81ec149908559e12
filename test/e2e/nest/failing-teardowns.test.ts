import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Logger,
  type NestInterceptor,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { finalize, interval, map, mergeMap, NEVER, Observable, of, take, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FLAGS, type LogEntry } from '../../../lib/core.js';
import { PyroClient, PyroController, type PyroDaemon, PyroMethod, UseHandshakeGuards } from '../../../lib/index.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { closeAfter, eventually, nextItem, openStream, readStream, serve } from './fixtures.js';

function fail(): never {
  throw new Error('teardown failed');
}
/** An Observable that is given up, or ends, with a teardown that fails. */
const failing = <T>(source: Observable<T>): Observable<T> =>
  new Observable((subscriber) => {
    source.subscribe(subscriber);
    return fail;
  });
const later = (): Observable<number> => interval(1).pipe(take(1));

class Finalizing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(finalize(fail));
  }
}
class Merging implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      finalize(fail),
      mergeMap((value) => of(value)),
    );
  }
}
class Reading implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    next
      .handle()
      .pipe(finalize(fail))
      .subscribe({ error: () => undefined });
    return of('read');
  }
}
@Catch()
class Answering implements ExceptionFilter {
  catch(_error: unknown, _host: ArgumentsHost): Observable<unknown> {
    return failing(later());
  }
}

class Guarding implements CanActivate {
  canActivate(): Observable<boolean> {
    return later().pipe(
      map(() => true),
      finalize(fail),
    );
  }
}
class Refusing implements CanActivate {
  canActivate(): Observable<boolean> {
    return failing(of(false));
  }
}
class Waiting implements CanActivate {
  async canActivate(): Promise<boolean> {
    return failing(of(true)) as never;
  }
}

@UseHandshakeGuards(Guarding, Waiting)
@PyroController({ objectId: 'guarded', instanceMode: 'single' })
class Guarded {
  @PyroMethod() get(): number {
    return 0;
  }
}

@PyroController({ objectId: 'lab', instanceMode: 'single' })
class Lab {
  begun = 0;
  @PyroMethod() never(): Observable<unknown> {
    this.begun++;
    return failing(NEVER);
  }
  @PyroMethod() @UseInterceptors(Finalizing) neverIntercepted(): Observable<unknown> {
    this.begun++;
    return NEVER;
  }
  @PyroMethod() atOnce(): Observable<number> {
    return failing(of(0));
  }
  @PyroMethod() later(): Observable<number> {
    return failing(later());
  }
  @PyroMethod() finalized(): Observable<number> {
    return later().pipe(finalize(fail));
  }
  @PyroMethod() @UseInterceptors(Finalizing) async intercepted(): Promise<number> {
    return 0;
  }
  @PyroMethod() @UseInterceptors(Merging) merged(): Observable<number> {
    return failing(later());
  }
  @PyroMethod() @UseInterceptors(Merging, Finalizing) twice(): number {
    return 0;
  }
  @PyroMethod() @UseInterceptors(Reading) read(): never {
    throw new Error('nobody reads this');
  }
  @PyroMethod() @UseGuards(Guarding, Waiting) guarded(): number {
    return 0;
  }
  @PyroMethod() @UseGuards(Refusing) refused(): number {
    return 0;
  }
  @PyroMethod() @UseFilters(Answering) filtered(): never {
    throw new Error('for the filter');
  }
  @PyroMethod() error(): Observable<never> {
    return failing(throwError(() => new RangeError('of the method')));
  }
  @PyroMethod({ stream: true }) items(): Observable<number> {
    return failing(interval(1));
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Finalizing) interceptedItems(): Observable<number> {
    return interval(1);
  }
  @PyroMethod({ stream: true }) fewItems(): Observable<number> {
    return failing(later());
  }
  @PyroMethod({ stream: { buffer: 2 } }) tooMany(): Observable<number> {
    return failing(interval(1));
  }
}

const ended: unknown[] = [];
const note = (error: unknown): void => void ended.push(error);
let log: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  ended.length = 0;
  log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  process.on('uncaughtException', note).on('unhandledRejection', note);
});
afterEach(() => {
  process.off('uncaughtException', note).off('unhandledRejection', note);
  vi.restoreAllMocks();
});
const logged = (): string[] => (log.mock.calls as [LogEntry][]).map(([entry]) => entry.message);
/** Waits for the lines of the log, and shows that nothing has ended the process. */
async function expectLogged(lines: number, peer?: ScriptedPeer): Promise<void> {
  await eventually(() => logged().length >= lines);
  if (peer) expect(await peer.call('lab', 'atOnce')).toBe(0);
  expect(ended).toEqual([]);
  expect(logged().some((line) => line.includes('teardown failed'))).toBe(true);
}

describe('a teardown that throws', () => {
  it.each(['never', 'neverIntercepted'])('a failing teardown ends the call of a client that leaves: %s', async (method) => {
    const { join, app } = await serve({ providers: [Lab] });
    const peer = await join('lab');
    peer.invoke('lab', method);
    await eventually(() => app.get(Lab).begun > 0);
    peer.destroy();
    await expectLogged(1);
    expect(logged()).toEqual([`the teardown of an Observable of lab.${method} failed: teardown failed`]);
    await expectLogged(1, await join('lab'));
  });

  it.each(['never', 'neverIntercepted'])('a failing teardown ends a call after its timeout: %s', async (method) => {
    const { join } = await serve({ providers: [Lab] }, { callTimeoutMs: 20 });
    const peer = await join('lab');
    await expect(peer.call('lab', method)).rejects.toMatchObject({ pythonType: 'builtins.TimeoutError' });
    await expectLogged(1, peer);
  });

  it.each(['atOnce', 'later', 'finalized', 'intercepted', 'merged', 'twice', 'filtered', 'guarded'])(
    'a failing teardown loses no result: %s',
    async (method) => {
      const { join } = await serve({ providers: [Lab] });
      const peer = await join('lab');
      expect(await peer.call('lab', method)).toBe(0);
      await expectLogged(1, peer);
    },
  );

  it('a failing teardown of a guard that refuses does not change the answer', async () => {
    const { join } = await serve({ providers: [Lab] });
    const peer = await join('lab');
    await expect(peer.call('lab', 'refused')).rejects.toMatchObject({ pythonType: 'builtins.PermissionError' });
    await expectLogged(1, peer);
  });

  it('a failing teardown of a handshake guard of an object is logged, and the client is authorized', async () => {
    const { join } = await serve({ providers: [Guarded, Lab] });
    const peer = await join('guarded');
    expect(await peer.call('guarded', 'get')).toBe(0);
    await expectLogged(2, peer);
    expect(logged()[0]).toBe('the teardown of an Observable of a handshake guard of Guarded failed: teardown failed');
  });

  it('a failing teardown of a handshake guard of the server is logged, and the client is authorized', async () => {
    const { join } = await serve({ providers: [Lab] }, { handshakeGuards: [Guarding] });
    await expectLogged(1, await join('lab'));
  });

  it('a failing teardown of a handshake guard that refuses is logged', async () => {
    const { join } = await serve({ providers: [Lab] }, { handshakeGuards: [Refusing] });
    await expect(join('lab')).rejects.toThrow('Forbidden');
    await expectLogged(1);
  });

  it('a failing teardown of a source that an interceptor reads on its own harms nobody', async () => {
    const { join } = await serve({ providers: [Lab] });
    const peer = await join('lab');
    expect(await peer.call('lab', 'read')).toBe('read');
    await expectLogged(1, peer);
  });

  it('a failing teardown loses no error', async () => {
    const { join } = await serve({ providers: [Lab] });
    const peer = await join('lab');
    await expect(peer.call('lab', 'error')).rejects.toMatchObject({ args: ['of the method'] });
    expect(await peer.call('lab', 'atOnce')).toBe(0);
    expect(ended).toEqual([]);
  });

  it.each(['items', 'interceptedItems'])(
    'a failing teardown of a stream that its client closes is logged: %s',
    async (method) => {
      const { join } = await serve({ providers: [Lab] });
      const peer = await join('lab');
      const id = await openStream(peer, 'lab', method);
      expect(await nextItem(peer, id)).toBe(0);
      peer.invoke('Pyro.Daemon', 'close_stream', [id], {}, { flags: FLAGS.oneway });
      await expectLogged(1, peer);
    },
  );

  it('a failing teardown of a stream that ends loses no item', async () => {
    const { join } = await serve({ providers: [Lab] });
    const peer = await join('lab');
    expect(await readStream(peer, await openStream(peer, 'lab', 'fewItems'))).toEqual([0]);
    await expectLogged(1, peer);
  });

  it('a failing teardown of a stream that is too fast is logged', async () => {
    const { join } = await serve({ providers: [Lab] });
    const peer = await join('lab');
    await openStream(peer, 'lab', 'tooMany');
    await expectLogged(1, peer);
  });

  it('a failing teardown of a subscriber of a PyroClient is a warning of the process', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { server } = await serve({ providers: [Lab] });
    const client = new PyroClient({ uri: `PYRO:lab@${server.unwrap<PyroDaemon>().locationStr}` });
    closeAfter(() => client.close());
    for (const method of ['atOnce', 'error']) {
      const told = new Promise<void>((resolve) => {
        client
          .send(method, [])
          .pipe(finalize(fail))
          .subscribe({ complete: resolve, error: () => resolve() });
      });
      await told;
    }
    await eventually(() => warned.mock.calls.length === 2);
    expect(String(warned.mock.calls[0]![0])).toContain('teardown failed');
    expect(ended).toEqual([]);
  });
});
