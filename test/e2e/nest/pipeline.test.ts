import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory, Reflector, REQUEST } from '@nestjs/core';
import { type MicroserviceOptions, type NestMicroservice, RpcException } from '@nestjs/microservices';
import { map, type Observable, of, tap, throwError } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { PyroContext, PyroController, type PyroDaemon, PyroMethod, PyroProperty, PyroServer } from '../../../lib/index.js';
import { closeAfter, joinServer, moduleOf, serve } from './fixtures.js';

let log: string[] = [];
beforeEach(() => {
  log = [];
});

const noteGuard = (name: string): new () => CanActivate => {
  class NotingGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const { method } = context.switchToRpc().getContext<PyroContext>();
      log.push(`${name} ${context.getType()} ${context.getClass().name}.${context.getHandler().name} ${method}`);
      return true;
    }
  }
  return NotingGuard;
};
const ClassGuard = noteGuard('class');
const MethodGuard = noteGuard('method');
const AppGuard = noteGuard('app');

class TextInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap((value) => log.push(`interceptor saw ${JSON.stringify(value)}`)),
      map((value: unknown) => (typeof value === 'string' ? `<${value}>` : value)),
    );
  }
}

class NotePipe implements PipeTransform {
  transform(value: unknown, { metatype, data, type }: ArgumentMetadata): unknown {
    log.push(`pipe ${JSON.stringify(value)} ${metatype?.name} ${data} ${type}`);
    return value;
  }
}

class Oops extends Error {}
@Catch(Oops)
class OopsFilter implements ExceptionFilter {
  catch(error: Oops): unknown {
    return throwError(() => new RpcException({ status: 404, message: `filtered ${error.message}` }));
  }
}

const Roles = (role: string): MethodDecorator & ClassDecorator => SetMetadata('role', role);

@Injectable()
class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<string>('role', context.getHandler()) !== 'nobody';
  }
}

@PyroController({ objectId: 'piped', instanceMode: 'session' })
@UseGuards(ClassGuard, RoleGuard)
@UseInterceptors(TextInterceptor)
class Piped {
  private stored = 'value';

  @PyroMethod('wire_name') @UseGuards(MethodGuard) @UsePipes(NotePipe) add(a: number, b: string, ...rest: boolean[]): string {
    return `${a}${b}${rest.length}`;
  }
  @PyroMethod() @Roles('nobody') forbidden(): void {
    log.push('ran');
  }
  @PyroMethod() @UseFilters(OopsFilter) fails(): void {
    throw new Oops('oops');
  }
  @PyroMethod() failsPlainly(): void {
    throw new Oops('oops');
  }
  @PyroMethod() list(): number[] {
    return [1, 2];
  }
  @PyroProperty() get attribute(): string {
    return this.stored;
  }
  set attribute(value: string) {
    this.stored = value;
  }
  @PyroProperty({ guards: [MethodGuard], pipes: [NotePipe], filters: [OopsFilter] }) get guarded(): string {
    throw new Oops('read');
  }
  set guarded(value: string) {
    this.stored = value;
  }
  @PyroProperty() set writeOnly(value: string) {
    this.stored = value;
  }
  @PyroProperty() get readOnly(): string {
    return 'fixed';
  }
}

describe('the pipeline of a method', () => {
  it('runs class and method enhancers, with the call’s context', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    expect(await peer.call('piped', 'wire_name', 1, 'x', true, false)).toBe('<1x2>');
    expect(log).toEqual([
      'class rpc Piped.add wire_name',
      'method rpc Piped.add wire_name',
      'pipe 1 Number 0 body',
      'pipe "x" String 1 body',
      expect.stringMatching(/^pipe true (Boolean|undefined) 2 body$/),
      expect.stringMatching(/^pipe false (Boolean|undefined) 2 body$/),
      'interceptor saw "1x2"',
    ]);
  });

  it('refuses with PermissionError, and does not run what was refused', async () => {
    const { join } = await serve({ providers: [Piped] });
    const failure = await (await join('piped')).fail('piped', 'forbidden');
    expect(failure.pythonType).toBe('builtins.PermissionError');
    expect(failure.args).toEqual(['Forbidden resource']);
    expect(log).not.toContain('ran');
  });

  it('applies filters, and leaves other errors what they are', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    expect((await peer.fail('piped', 'fails')).message).toBe('builtins.LookupError: filtered oops');
    expect((await peer.fail('piped', 'failsPlainly')).message).toBe('builtins.RuntimeError: oops');
  });

  it('gives a list as one value behind an interceptor', async () => {
    const { join } = await serve({ providers: [Piped] });
    expect(await (await join('piped')).call('piped', 'list')).toEqual([1, 2]);
  });

  it('runs app-wide enhancers of both kinds', async () => {
    const { join } = await serve(
      {
        providers: [
          Piped,
          { provide: APP_GUARD, useClass: AppGuard },
          { provide: APP_PIPE, useClass: NotePipe },
          { provide: APP_INTERCEPTOR, useClass: TextInterceptor },
          { provide: APP_FILTER, useClass: OopsFilter },
        ],
      },
      {
        prepare: (app) => {
          app.useGlobalGuards(new (noteGuard('global'))());
        },
      },
    );
    const peer = await join('piped');
    expect(await peer.call('piped', 'wire_name', 1, 'x')).toBe('<<1x0>>');
    const guards = log.filter((line) => line.endsWith('wire_name')).map((line) => line.split(' ')[0]);
    expect(new Set(guards)).toEqual(new Set(['app', 'class', 'global', 'method']));
    expect(guards).toHaveLength(4);
    expect((await peer.fail('piped', 'failsPlainly')).message).toBe('builtins.LookupError: filtered oops');
  });

  it('runs pre-request hooks before everything else', async () => {
    const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf({ providers: [Piped] }), {
      strategy,
      logger: false,
    });
    closeAfter(() => app.close());
    (app as NestMicroservice).registerPreRequestHook((context, next) => {
      log.push(`hook ${context.getType()}`);
      return next();
    });
    await app.listen();
    const peer = await joinServer(strategy, 'piped');
    expect(await peer.call('piped', 'list')).toEqual([1, 2]);
    expect(log[0]).toBe('hook rpc');
    expect((await peer.fail('piped', 'failsPlainly')).message).toBe('builtins.RuntimeError: oops');
  });

  it('leaves app-wide enhancers out when told so', async () => {
    const { join } = await serve({ providers: [Piped, { provide: APP_GUARD, useClass: AppGuard }] }, { inheritAppConfig: false });
    await (await join('piped')).call('piped', 'list');
    expect(log.filter((line) => line.startsWith('app'))).toEqual([]);
  });
});

describe('scoped enhancers', () => {
  @Injectable({ scope: Scope.REQUEST })
  class ScopedGuard implements CanActivate {
    private static made = 0;
    private readonly number = ++ScopedGuard.made;
    constructor(@Inject(REQUEST) private readonly request: PyroContext) {}
    canActivate(context: ExecutionContext): boolean {
      const own = this.request === context.switchToRpc().getContext();
      log.push(`scoped ${own ? 'own call' : 'another call'} ${this.request.method}`);
      return this.number > 0;
    }
  }
  @Injectable({ scope: Scope.TRANSIENT })
  class TransientGuard implements CanActivate {
    private readonly made = 'made';
    canActivate(): boolean {
      log.push(`transient ${this.made}`);
      return true;
    }
  }

  @PyroController('session')
  class SessionObject {
    private count = 0;
    @PyroMethod() next(): number {
      return ++this.count;
    }
  }
  @PyroController({ objectId: 'single', instanceMode: 'single' })
  class SingleObject {
    private count = 0;
    @PyroMethod() next(): number {
      return ++this.count;
    }
  }
  @PyroController({ objectId: 'percall', instanceMode: 'percall' })
  class PerCallObject {
    private count = 0;
    @PyroMethod() next(): number {
      return ++this.count;
    }
  }

  it.each(['controllers', 'providers'] as const)(
    'run once per call on every object among %s, and leave instances alone',
    async (kind) => {
      const { join } = await serve({
        providers: [{ provide: APP_GUARD, useClass: ScopedGuard }],
        ...(kind === 'controllers'
          ? { controllers: [SessionObject, SingleObject, PerCallObject] }
          : { providers: [SessionObject, SingleObject, PerCallObject, { provide: APP_GUARD, useClass: ScopedGuard }] }),
      });
      for (const [object, counts] of [
        ['session', [1, 2]],
        ['single', [1, 2]],
        ['percall', [1, 1]],
      ] as const) {
        log = [];
        const peer = await join(object);
        expect([await peer.call(object, 'next'), await peer.call(object, 'next')]).toEqual(counts);
        expect(log).toEqual(['scoped own call next', 'scoped own call next']);
      }
    },
  );

  it('may be transient', async () => {
    @PyroController({ objectId: 'transient', instanceMode: 'single' })
    @UseGuards(TransientGuard)
    class Guarded {
      @PyroMethod() next(): string {
        return 'ok';
      }
    }
    const { join } = await serve({ providers: [Guarded] });
    expect(await (await join('transient')).call('transient', 'next')).toBe('ok');
    expect(log).toEqual(['transient made']);
  });
});

describe('remote attributes', () => {
  const get = (name: string): [string, string, string] => ['piped', '__getattr__', name];
  const set = (name: string, value: unknown): [string, string, string, unknown] => ['piped', '__setattr__', name, value];

  it('run class enhancers on reads and writes', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    await peer.call(...set('attribute', 'new'));
    expect(await peer.call(...get('attribute'))).toBe('<new>');
    expect(log.filter((line) => line.startsWith('class'))).toEqual([
      'class rpc Piped.set attribute __setattr__',
      'class rpc Piped.get attribute __getattr__',
    ]);
  });

  it('run their own enhancers', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    await peer.call(...set('guarded', 'x'));
    expect(log).toContain('method rpc Piped.set guarded __setattr__');
    expect(log).toContain('pipe "x" String 0 body');
    expect((await peer.fail(...get('guarded'))).message).toBe('builtins.LookupError: filtered read');
  });

  it('tell what can only be read or written', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    expect((await peer.fail(...get('writeOnly'))).pythonType).toBe('builtins.AttributeError');
    expect((await peer.fail(...set('readOnly', 1))).pythonType).toBe('builtins.AttributeError');
    expect((await peer.fail(...get('stored'))).pythonType).toBe('builtins.AttributeError');
  });
});

describe('PyroContext', () => {
  @PyroController({ objectId: 'current', instanceMode: 'single' })
  class Current {
    @PyroMethod() async method(): Promise<unknown> {
      await Promise.resolve();
      const context = PyroContext.current()!;
      context.responseAnnotations.set('TEST', Buffer.from('back'));
      return [
        context.method,
        context.objectId,
        context.correlationId.length,
        context.connection.remoteAddress.split(':')[0],
        context.oneway,
      ];
    }
    @PyroMethod() *stream(): Generator<unknown> {
      yield PyroContext.current()?.method;
    }
  }

  it('is there during the call and during its stream', async () => {
    const { join, server } = await serve({ providers: [Current] });
    const peer = await join('current');
    peer.invoke('current', 'method');
    const frame = await peer.next();
    const { valueOf } = await import('../../../lib/testing/index.js');
    expect(valueOf(frame)).toEqual(['method', 'current', 36, '127.0.0.1', false]);
    expect(frame.annotations.get('TEST')?.toString()).toBe('back');
    expect(PyroContext.current()).toBeUndefined();
    expect(server.unwrap<PyroDaemon>().connections).toHaveLength(1);
    const { openStream, readStream } = await import('./fixtures.js');
    expect(await readStream(peer, await openStream(peer, 'current', 'stream'))).toEqual(['stream']);
  });
});

describe('an interceptor that answers in the method’s place', () => {
  class Cached implements NestInterceptor {
    intercept(): ReturnType<NestInterceptor['intercept']> {
      return of('cached');
    }
  }
  @PyroController({ objectId: 'cached', instanceMode: 'single' })
  class CachedObject {
    @PyroMethod() @UseInterceptors(Cached) method(): string {
      return 'fresh';
    }
  }
  it('is listened to', async () => {
    const { join } = await serve({ providers: [CachedObject] });
    expect(await (await join('cached')).call('cached', 'method')).toBe('cached');
  });
});
