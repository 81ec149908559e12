import {
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST } from '@nestjs/core';
import { Payload, RpcException } from '@nestjs/microservices';
import { type Observable, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PyroContext, PyroController, PyroMethod } from '../../../../lib/index.js';
import { serveBy, WAYS } from '../fixtures.js';
import { log } from './noting.js';

let made = 0;

/** Request-scoped: the enhancers of one call share an instance. */
@Injectable({ scope: Scope.REQUEST })
class CallNotes {
  private readonly number = ++made;
  constructor(@Inject(REQUEST) private readonly request: unknown) {}
  note(what: string): void {
    const isCall = this.request instanceof PyroContext && this.request === PyroContext.current();
    log.push(`${what} of call ${this.number}, REQUEST is ${isCall ? 'the call' : 'something else'}`);
  }
}

// a request-scoped dependency makes the enhancers request-scoped, which is the usual case
@Injectable()
class ScopedGuard implements CanActivate {
  constructor(private readonly notes: CallNotes) {}
  canActivate(): boolean {
    this.notes.note('guard');
    return true;
  }
}
@Injectable()
class ScopedInterceptor implements NestInterceptor {
  constructor(private readonly notes: CallNotes) {}
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    this.notes.note('interceptor');
    return next.handle().pipe(tap({ complete: () => this.notes.note('end') }));
  }
}
@Injectable()
class ScopedPipe implements PipeTransform {
  constructor(private readonly notes: CallNotes) {}
  transform(value: unknown): unknown {
    this.notes.note('pipe');
    return value;
  }
}
@Injectable()
@Catch(RangeError)
class ScopedFilter implements ExceptionFilter {
  constructor(private readonly notes: CallNotes) {}
  catch(error: RangeError): Observable<never> {
    this.notes.note('filter');
    return throwError(() => new RpcException({ status: 404, message: error.message }));
  }
}

const MODES = ['session', 'single', 'percall'] as const;

/** Makes an object of each instance mode, with the enhancers on its class, its methods, its parameters, or nowhere. */
function objectsWith(level: 'class' | 'method' | 'parameter' | 'app'): Type[] {
  const on = (where: string, decorator: ClassDecorator & MethodDecorator): ClassDecorator & MethodDecorator =>
    (where === level ? decorator : () => undefined) as ClassDecorator & MethodDecorator;
  const enhancersOn = (where: string): (ClassDecorator & MethodDecorator)[] => [
    on(where, UseGuards(ScopedGuard)),
    on(where, UseInterceptors(ScopedInterceptor)),
    on(where, UsePipes(ScopedPipe)),
    on(where, UseFilters(ScopedFilter)),
  ];
  const all =
    (where: string): ClassDecorator & MethodDecorator =>
    (...target: unknown[]) => {
      for (const decorate of enhancersOn(where)) (decorate as (...on: unknown[]) => void)(...target);
    };
  return MODES.map((instanceMode) => {
    @PyroController(instanceMode, { instanceMode })
    @all('class')
    class Scoped {
      private count = 0;
      @PyroMethod() @all('method') next(@Payload('0', ...(level === 'parameter' ? [ScopedPipe] : [])) step: number): number {
        return (this.count += step);
      }
      @PyroMethod() @all('method') fails(): never {
        throw new RangeError('thrown');
      }
    }
    return Scoped;
  });
}

const appEnhancers = [
  { provide: APP_GUARD, useClass: ScopedGuard, scope: Scope.REQUEST },
  { provide: APP_INTERCEPTOR, useClass: ScopedInterceptor, scope: Scope.REQUEST },
  { provide: APP_PIPE, useClass: ScopedPipe, scope: Scope.REQUEST },
  { provide: APP_FILTER, useClass: ScopedFilter, scope: Scope.REQUEST },
];

describe.each(WAYS)('request-scoped enhancers (%s)', (way) => {
  describe.each(['class', 'method', 'parameter', 'app'] as const)('of the %s', (level) => {
    it.each(['controllers', 'providers'] as const)('request-scoped enhancers are made anew for each call (%s)', async (kind) => {
      const providers = [CallNotes, ...(level === 'app' ? appEnhancers : [])];
      const objects = objectsWith(level);
      const { join } = await serveBy(
        way,
        kind === 'controllers' ? { controllers: objects, providers } : { providers: [...providers, ...objects] },
      );
      for (const mode of MODES) {
        const peer = await join(mode);
        made = 0;
        log.length = 0;
        expect([await peer.call(mode, 'next', 1), await peer.call(mode, 'next', 1)]).toEqual(
          mode === 'percall' ? [1, 1] : [1, 2],
        );
        const steps = level === 'parameter' ? ['pipe'] : ['guard', 'interceptor', 'pipe', 'end'];
        expect(log).toEqual([1, 2].flatMap((call) => steps.map((step) => `${step} of call ${call}, REQUEST is the call`)));
        if (level === 'parameter') continue;
        log.length = 0;
        expect((await peer.fail(mode, 'fails')).message).toBe('builtins.LookupError: thrown');
        expect(log).toEqual(['guard', 'interceptor', 'filter'].map((step) => `${step} of call 3, REQUEST is the call`));
      }
    });
  });
});

describe.each(WAYS)('transient enhancers (%s)', (way) => {
  it('each object has its own instance of a transient enhancer', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientGuard implements CanActivate {
      private count = 0;
      canActivate(): boolean {
        log.push(`run ${++this.count}`);
        return true;
      }
    }
    const objects = MODES.map((instanceMode) => {
      @PyroController(instanceMode, { instanceMode })
      @UseGuards(TransientGuard)
      class Guarded {
        @PyroMethod() method(): string {
          return 'ok';
        }
      }
      return Guarded;
    });
    const { join } = await serveBy(way, { providers: objects });
    for (const mode of MODES) expect(await (await join(mode)).call(mode, 'method')).toBe('ok');
    expect(log).toEqual(['run 1', 'run 1', 'run 1']);
  });
});
