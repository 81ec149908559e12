import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RpcException } from '@nestjs/microservices';
import { map, type Observable, tap, throwError } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { PyroContext, PyroController, type PyroDaemon, PyroMethod, PyroProperty } from '../../../lib/index.js';
import { serve } from './fixtures.js';

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
  it('class and method enhancers run with the context of the call', async () => {
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

  it('a guard refuses a method with PermissionError, and the method does not run', async () => {
    const { join } = await serve({ providers: [Piped] });
    const failure = await (await join('piped')).fail('piped', 'forbidden');
    expect(failure.pythonType).toBe('builtins.PermissionError');
    expect(failure.args).toEqual(['Forbidden resource']);
    expect(log).not.toContain('ran');
  });

  it('filters translate the errors that they catch, and leave others unchanged', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    expect((await peer.fail('piped', 'fails')).message).toBe('builtins.LookupError: filtered oops');
    expect((await peer.fail('piped', 'failsPlainly')).message).toBe('builtins.RuntimeError: oops');
  });

  it('an interceptor receives a list as one value', async () => {
    const { join } = await serve({ providers: [Piped] });
    expect(await (await join('piped')).call('piped', 'list')).toEqual([1, 2]);
  });
});

describe('remote attributes', () => {
  const get = (name: string): [string, string, string] => ['piped', '__getattr__', name];
  const set = (name: string, value: unknown): [string, string, string, unknown] => ['piped', '__setattr__', name, value];

  it('class enhancers run on reads and writes of attributes', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    await peer.call(...set('attribute', 'new'));
    expect(await peer.call(...get('attribute'))).toBe('<new>');
    expect(log.filter((line) => line.startsWith('class'))).toEqual([
      'class rpc Piped.set attribute __setattr__',
      'class rpc Piped.get attribute __getattr__',
    ]);
  });

  it('enhancers of an attribute run on its reads and writes', async () => {
    const { join } = await serve({ providers: [Piped] });
    const peer = await join('piped');
    await peer.call(...set('guarded', 'x'));
    expect(log).toContain('method rpc Piped.set guarded __setattr__');
    expect(log).toContain('pipe "x" String 0 body');
    expect((await peer.fail(...get('guarded'))).message).toBe('builtins.LookupError: filtered read');
  });

  it('the error of an attribute says that the attribute can only be read, or only be written', async () => {
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

  it('PyroContext.current() is set during a call and during its stream', async () => {
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
