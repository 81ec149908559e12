import {
  ArgumentsHost,
  BadRequestException,
  type CallHandler,
  Catch,
  ConflictException,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  type NestInterceptor,
  NotFoundException,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import { catchError, concat, from, map, type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PyroContext, PyroController, PyroException, PyroMethod } from '../../../../lib/index.js';
import { nextItem, openStream, readStream, serve, serveForAll, WAYS } from '../fixtures.js';
import { log } from './noting.js';

class DomainError extends Error {
  constructor(readonly entity: string) {
    super(`no ${entity}`);
  }
}

@Catch(DomainError)
class DomainFilter implements ExceptionFilter {
  catch(error: DomainError, host: ArgumentsHost): Observable<never> {
    const { method } = host.switchToRpc().getContext<PyroContext>();
    log.push(`filter ${host.getType()} ${method} ${JSON.stringify(host.switchToRpc().getData())}`);
    return throwError(() => new PyroException('builtins.KeyError', [error.entity], { attributes: { hint: 'look elsewhere' } }));
  }
}
@Catch()
class EverythingFilter implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => new ConflictException(`everything: ${(error as Error).message}`));
  }
}
const answering = (answer: () => unknown): ExceptionFilter => {
  @Catch()
  class AnsweringFilter implements ExceptionFilter {
    catch(): unknown {
      return answer();
    }
  }
  return new AnsweringFilter();
};
class Transparent implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: unknown) => value));
  }
}
class Rescuing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: Error) => of(`rescued from ${error.message}`)));
  }
}
class Translating implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(catchError((error: Error) => throwError(() => new NotFoundException(`translated ${error.message}`))));
  }
}

@PyroController('failing', { instanceMode: 'single' })
class Failing {
  @PyroMethod() http(status: number): never {
    throw new HttpException('http', status);
  }
  @PyroMethod() httpBody(): never {
    throw new BadRequestException(['first', 'second']);
  }
  @PyroMethod() rpc(): never {
    throw new RpcException('rpc');
  }
  @PyroMethod() rpcStatus(): never {
    throw new RpcException({ status: 404, message: 'rpc' });
  }
  @PyroMethod() pyro(): never {
    throw new PyroException('sqlite3.OperationalError', ['locked', 5], { attributes: { retry: true } });
  }
  @PyroMethod() async rejected(): Promise<never> {
    throw new RangeError('rejected');
  }
  @PyroMethod() observable(): Observable<never> {
    return throwError(() => new NotFoundException('in the Observable'));
  }
  @PyroMethod() text(): never {
    // oxlint-disable-next-line typescript/only-throw-error -- users may throw anything
    throw 'only text';
  }
  @PyroMethod() @UseFilters(DomainFilter) domain(entity: string): never {
    throw new DomainError(entity);
  }
  @PyroMethod() @UseFilters(DomainFilter) async domainRejected(entity: string): Promise<never> {
    throw new DomainError(entity);
  }
  @PyroMethod() @UseFilters(DomainFilter) domainObservable(entity: string): Observable<never> {
    return throwError(() => new DomainError(entity));
  }
  @PyroMethod() @UseFilters(DomainFilter) @UseInterceptors(Transparent) domainIntercepted(entity: string): never {
    throw new DomainError(entity);
  }
  @PyroMethod() @UseFilters(DomainFilter) passed(): never {
    throw new RangeError('not the filter’s');
  }
  @PyroMethod() @UseFilters(DomainFilter, EverythingFilter) everything(): never {
    throw new RangeError('any');
  }
  @PyroMethod() @UseFilters(new BaseRpcExceptionFilter()) base(): never {
    throw new RpcException({ status: 404, message: 'through Nest’s own' });
  }
  @PyroMethod() @UseInterceptors(Rescuing) rescued(): never {
    throw new Error('trouble');
  }
  @PyroMethod() @UseInterceptors(Translating) translated(): never {
    throw new Error('trouble');
  }
  @PyroMethod() @UseFilters(DomainFilter) *generator(): Generator<number> {
    yield 1;
    throw new DomainError('item');
  }
  @PyroMethod() @UseFilters(DomainFilter) async *asyncGenerator(): AsyncGenerator<number> {
    if (log.length === 0) throw new DomainError('item');
    yield 1;
  }
  @PyroMethod({ stream: true }) @UseFilters(DomainFilter) stream(): Observable<number> {
    return concat(
      of(1),
      throwError(() => new DomainError('item')),
    );
  }
  @PyroMethod() @UseFilters(answering(() => of('last', 'items'))) *continued(): Generator<unknown> {
    yield 'first';
    throw new Error('trouble');
  }
  @PyroMethod() @UseFilters(DomainFilter) *notFiltered(): Generator<number> {
    yield 1;
    throw new RangeError('in the generator');
  }
}

describe.each(WAYS)('errors (%s)', (way) => {
  const served = serveForAll(way, { providers: [Failing] });

  it.each<[method: string, args: unknown[], type: string, errorArgs: unknown[]]>([
    ['http', [400], 'builtins.ValueError', ['http']],
    ['http', [401], 'builtins.PermissionError', ['http']],
    ['http', [404], 'builtins.LookupError', ['http']],
    ['http', [409], 'builtins.RuntimeError', ['http']],
    ['httpBody', [], 'builtins.ValueError', ['first', 'second']],
    ['rpc', [], 'builtins.RuntimeError', ['rpc']],
    ['rpcStatus', [], 'builtins.LookupError', ['rpc']],
    ['pyro', [], 'sqlite3.OperationalError', ['locked', 5]],
    ['rejected', [], 'builtins.ValueError', ['rejected']],
    ['observable', [], 'builtins.LookupError', ['in the Observable']],
    ['text', [], 'builtins.RuntimeError', ['only text']],
    ['domain', ['chair'], 'builtins.KeyError', ['chair']],
    ['domainRejected', ['chair'], 'builtins.KeyError', ['chair']],
    ['domainObservable', ['chair'], 'builtins.KeyError', ['chair']],
    ['domainIntercepted', ['chair'], 'builtins.KeyError', ['chair']],
    ['passed', [], 'builtins.ValueError', ['not the filter’s']],
    ['everything', [], 'builtins.RuntimeError', ['everything: any']],
    ['base', [], 'builtins.LookupError', ['through Nest’s own']],
    ['translated', [], 'builtins.LookupError', ['translated trouble']],
  ])('the failed call %s%j is a %s', async (method, args, type, errorArgs) => {
    const failure = await (await served().join('failing')).fail('failing', method, ...args);
    expect([failure.pythonType, failure.args]).toEqual([type, errorArgs]);
    if (method.startsWith('domain')) expect(log).toEqual([`filter rpc ${method} ["chair"]`]);
  });

  it('an interceptor may turn an error into a result', async () => {
    expect(await (await served().join('failing')).call('failing', 'rescued')).toBe('rescued from trouble');
  });

  it.each(['generator', 'asyncGenerator', 'stream'])('filters catch an error inside a stream: %s', async (method) => {
    const peer = await served().join('failing');
    const id = await openStream(peer, 'failing', method);
    if (method !== 'asyncGenerator') expect(await nextItem(peer, id)).toBe(1);
    await expect(nextItem(peer, id)).rejects.toMatchObject({ pythonType: 'builtins.KeyError', args: ['item'] });
    expect(log).toEqual([`filter rpc ${method} []`]);
  });
});

describe('a filter', () => {
  it('an exception filter may replace the rest of a generator by other items', async () => {
    const { join } = await serve({ providers: [Failing] });
    const peer = await join('failing');
    expect(await readStream(peer, await openStream(peer, 'failing', 'continued'))).toEqual(['first', 'last', 'items']);
  });

  it('an exception filter for another error type leaves the error of a generator unchanged', async () => {
    const { join } = await serve({ providers: [Failing] });
    const peer = await join('failing');
    const id = await openStream(peer, 'failing', 'notFiltered');
    expect(await nextItem(peer, id)).toBe(1);
    await expect(nextItem(peer, id)).rejects.toMatchObject({ pythonType: 'builtins.ValueError', args: ['in the generator'] });
  });

  it.each<[string, () => unknown, unknown]>([
    ['an Observable', () => of('answer'), 'answer'],
    ['a promise', () => Promise.resolve('answer'), 'answer'],
    ['a promise of an Observable', () => Promise.resolve(from(['not', 'answer'])), 'answer'],
    ['a text', () => 'answer', 'answer'],
    ['a list', () => ['an', 'answer'], ['an', 'answer']],
    ['an object', () => ({ an: 'answer' }), { an: 'answer' }],
  ])('an exception filter may answer with %s, with and without interceptors', async (_what, answer, expected) => {
    @PyroController('answered', { instanceMode: 'single' })
    @UseFilters(answering(answer))
    class Answered {
      @PyroMethod() plain(): never {
        throw new Error('trouble');
      }
      @PyroMethod() @UseInterceptors(Transparent) intercepted(): never {
        throw new Error('trouble');
      }
    }
    const { join } = await serve({ providers: [Answered] });
    const peer = await join('answered');
    expect(await peer.call('answered', 'plain')).toEqual(expected);
    expect(await peer.call('answered', 'intercepted')).toEqual(expected);
  });

  it('a filter that returns nothing leaves the error unchanged, and a filter that fails replaces the error', async () => {
    @PyroController('left', { instanceMode: 'single' })
    class Left {
      @PyroMethod() @UseFilters(answering(() => undefined)) silent(): never {
        throw new RangeError('the error');
      }
      @PyroMethod()
      @UseFilters(
        answering(() => {
          throw new NotFoundException('the filter’s own');
        }),
      )
      failing(): never {
        throw new RangeError('the error');
      }
    }
    const { join } = await serve({ providers: [Left] });
    const peer = await join('left');
    expect((await peer.fail('left', 'silent')).message).toBe('builtins.ValueError: the error');
    expect((await peer.fail('left', 'failing')).message).toBe('builtins.LookupError: the filter’s own');
  });
});
