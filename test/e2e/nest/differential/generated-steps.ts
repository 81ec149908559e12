import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  type PipeTransform,
  Scope,
  type Type,
} from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  catchError,
  concat,
  delay,
  EMPTY,
  finalize,
  map,
  merge,
  Observable,
  of,
  race,
  retry,
  startWith,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
} from 'rxjs';

/** The steps of a call, in order. */
export const trace: string[] = [];
/** A store that some interceptors enter. */
export const store = new AsyncLocalStorage<string>();

class DomainError extends Error {}

export const ERRORS = ['plain', 'http', 'rpc', 'domain', 'text'] as const;
type ErrorKind = (typeof ERRORS)[number];

function failure(kind: ErrorKind, message: string): unknown {
  switch (kind) {
    case 'plain':
      return new RangeError(message);
    case 'http':
      return new NotFoundException(message);
    case 'rpc':
      return new RpcException(message);
    case 'domain':
      return new DomainError(message);
    case 'text':
      return message;
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const note = (step: string): void => void trace.push(`${step} [${store.getStore() ?? ''}]`);
/** Notes a step after the method. Observables of methods emit with the stores of the method; in Nest's pipeline they lose the stores. */
const noteBehind = (step: string): void => void trace.push(step);
const contextOf = (context: ExecutionContext): string => {
  const [data, ...others] = context.getArgs<unknown[]>();
  const isRpc = context.switchToRpc().getData() === data && context.switchToRpc().getContext() === others[0];
  return `${context.getType()} ${context.getClass().name}.${context.getHandler().name} ${JSON.stringify(data)} ${others.length} ${isRpc}`;
};

/** The behaviour of an enhancer, its position, and the error that it throws, if any. */
export interface Spec<How extends string> {
  readonly how: How;
  readonly error: ErrorKind;
  readonly isScoped: boolean;
}

export const GUARDS = [
  'true',
  'false',
  'one',
  'nothing',
  'promise of true',
  'promise of false',
  'Observable of true',
  'Observable of false',
  'late Observable of true',
  'promise of an Observable',
  'empty Observable',
  'throws',
  'rejects',
  'Observable of an error',
] as const;

function answerOfGuard(how: (typeof GUARDS)[number], error: () => unknown): unknown {
  switch (how) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'one':
      return 1;
    case 'nothing':
      return undefined;
    case 'promise of true':
      return Promise.resolve(true);
    case 'promise of false':
      return Promise.resolve(false);
    case 'Observable of true':
      return of(false, true);
    case 'Observable of false':
      return of(true, false);
    case 'late Observable of true':
      return of(true).pipe(delay(1));
    case 'promise of an Observable':
      return Promise.resolve(of(true));
    case 'empty Observable':
      return EMPTY;
    case 'throws':
      throw error();
    case 'rejects':
      return Promise.reject(error() as Error);
    case 'Observable of an error':
      return throwError(error);
  }
}

export function guardOf({ how, error, isScoped }: Spec<(typeof GUARDS)[number]>, name: string): Type<CanActivate> {
  @Injectable({ scope: scopeOf(isScoped) })
  class GeneratedGuard implements CanActivate {
    canActivate(context: ExecutionContext): never {
      note(`guard ${name} ${contextOf(context)}`);
      return answerOfGuard(how, () => failure(error, `of guard ${name}`)) as never;
    }
  }
  return GeneratedGuard;
}

export const PIPES = ['same', 'tag', 'promise', 'late promise', 'thenable', 'throws', 'rejects'] as const;

function valueOfPipe(how: (typeof PIPES)[number], value: unknown, tagged: string, error: () => unknown): unknown {
  switch (how) {
    case 'same':
      return value;
    case 'tag':
      return tagged;
    case 'promise':
      return Promise.resolve(tagged);
    case 'late promise':
      return new Promise((resolve) => setTimeout(resolve, 1, tagged));
    case 'thenable':
      return thenableOf(tagged);
    case 'throws':
      throw error();
    case 'rejects':
      return Promise.reject(error() as Error);
  }
}

export function pipeOf({ how, error, isScoped }: Spec<(typeof PIPES)[number]>, name: string): Type<PipeTransform> {
  @Injectable({ scope: scopeOf(isScoped) })
  class GeneratedPipe implements PipeTransform {
    transform(value: unknown, { type, data, metatype }: ArgumentMetadata): unknown {
      note(`pipe ${name} ${JSON.stringify(value)} ${type} ${data} ${metatype?.name}`);
      return valueOfPipe(how, value, `${String(value)}-${name}`, () => failure(error, `of pipe ${name}`));
    }
  }
  return GeneratedPipe;
}

export const INTERCEPTORS = [
  'passes on',
  'taps',
  'maps',
  'passes on later',
  'maps later',
  'answers errors',
  'replaces errors',
  'answers',
  'answers with nothing',
  'throws',
  'rejects',
  'answers with an error',
  'merges',
  'races',
  'calls twice',
  'calls again after an error',
  'enters a store',
  'runs in a store',
  'subscribes by hand',
  'subscribes before',
  'passes the second on',
  'returns a list',
  'returns undefined',
  'takes one',
  'starts with',
  'closes',
  'delays',
] as const;

function intercept(how: (typeof INTERCEPTORS)[number], next: CallHandler, name: string, error: () => unknown): unknown {
  const tapped = (): Observable<unknown> =>
    next.handle().pipe(
      tap({
        next: (value) => noteBehind(`${name} next ${JSON.stringify(value)}`),
        error: (thrown: unknown) => noteBehind(`${name} error ${textOf(thrown)}`),
        complete: () => noteBehind(`${name} complete`),
      }),
      finalize(() => noteBehind(`${name} finalize`)),
    );
  switch (how) {
    case 'passes on':
      return next.handle();
    case 'taps':
      return tapped();
    case 'maps':
      return next.handle().pipe(map((value) => `${JSON.stringify(value)}-${name}`));
    case 'passes on later':
      return Promise.resolve().then(() => next.handle());
    case 'maps later':
      return Promise.resolve().then(() => tapped().pipe(map((value) => `${JSON.stringify(value)}-${name}`)));
    case 'answers errors':
      return next.handle().pipe(catchError((thrown: unknown) => of(`${name} caught ${textOf(thrown)}`)));
    case 'replaces errors':
      return next.handle().pipe(catchError(() => throwError(error)));
    case 'answers':
      return of(`answer of ${name}`);
    case 'answers with nothing':
      return EMPTY;
    case 'throws':
      throw error();
    case 'rejects':
      return Promise.reject(error() as Error);
    case 'answers with an error':
      return throwError(error);
    case 'merges':
      return merge(tapped(), of('merged')).pipe(tap((value) => noteBehind(`${name} merged ${JSON.stringify(value)}`)));
    case 'races':
      return race(tapped(), of(`${name} raced`));
    case 'calls twice':
      return concat(next.handle(), next.handle());
    case 'calls again after an error':
      return next.handle().pipe(retry(1));
    case 'enters a store':
      store.enterWith(name);
      return next.handle();
    case 'runs in a store':
      return store.run(name, () => next.handle());
    case 'subscribes by hand':
      return new Observable((subscriber) => {
        noteBehind(`${name} before`);
        const subscription = next.handle().subscribe(subscriber);
        noteBehind(`${name} after`);
        return () => {
          noteBehind(`${name} teardown`);
          subscription.unsubscribe();
        };
      });
    case 'subscribes before': {
      const handled = next.handle();
      handled.subscribe({
        next: (value) => noteBehind(`${name} early ${JSON.stringify(value)}`),
        error: () => noteBehind(`${name} early error`),
      });
      return handled;
    }
    case 'passes the second on':
      next.handle();
      return next.handle();
    case 'returns a list':
      return ['one', 'two'];
    case 'returns undefined':
      return undefined;
    case 'takes one':
      return tapped().pipe(take(1));
    case 'starts with':
      return tapped().pipe(
        startWith('start'),
        tap((value) => noteBehind(`${name} started ${JSON.stringify(value)}`)),
      );
    case 'closes':
      return tapped().pipe(takeUntil(timer(1)));
    case 'delays':
      return next.handle().pipe(delay(1));
  }
}

export function interceptorOf(
  { how, error, isScoped }: Spec<(typeof INTERCEPTORS)[number]>,
  name: string,
): Type<NestInterceptor> {
  @Injectable({ scope: scopeOf(isScoped) })
  class GeneratedInterceptor implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler): never {
      note(`interceptor ${name} ${contextOf(context)}`);
      return intercept(how, next, name, () => failure(error, `of interceptor ${name}`)) as never;
    }
  }
  return GeneratedInterceptor;
}

export const FILTERS = [
  'answers',
  'answers twice',
  'answers with nothing',
  'answers with an error',
  'throws',
  'takes nothing',
] as const;
export const CAUGHT = ['all', 'plain', 'http', 'rpc', 'domain'] as const;

const CAUGHT_TYPES: Record<(typeof CAUGHT)[number], Type[]> = {
  all: [],
  plain: [RangeError],
  http: [NotFoundException],
  rpc: [RpcException],
  domain: [DomainError],
};

export interface FilterSpec extends Spec<(typeof FILTERS)[number]> {
  readonly caught: (typeof CAUGHT)[number];
}

export function filterOf({ how, error, isScoped, caught }: FilterSpec, name: string): Type<ExceptionFilter> {
  @Injectable({ scope: scopeOf(isScoped) })
  @Catch(...CAUGHT_TYPES[caught])
  class GeneratedFilter implements ExceptionFilter {
    catch(thrown: unknown, host: ExecutionContext): Observable<unknown> | undefined {
      const where = `${host.getType()} ${String(host.getClass())} ${String(host.getHandler())}`;
      noteBehind(
        `filter ${name} ${textOf(thrown)} ${thrown instanceof RpcException} ${where} ${JSON.stringify(host.switchToRpc().getData())}`,
      );
      switch (how) {
        case 'answers':
          return of(`answer of ${name}`);
        case 'answers twice':
          return of('first', `second answer of ${name}`);
        case 'answers with nothing':
          return EMPTY;
        case 'answers with an error':
          return throwError(() => failure(error, `of filter ${name}`));
        case 'throws':
          throw failure(error, `of filter ${name}`);
        case 'takes nothing':
          return undefined;
      }
    }
  }
  return GeneratedFilter;
}

export const METHODS = [
  'returns',
  'returns a list',
  'returns nothing',
  'promises',
  'promises later',
  'returns a thenable',
  'returns an Observable',
  'returns a late Observable',
  'promises an Observable',
  'throws',
  'rejects',
  'returns an Observable that fails',
] as const;

export function runMethod({ how, error }: Spec<(typeof METHODS)[number]>, name: string, args: unknown[]): unknown {
  note(`method ${name} ${JSON.stringify(args)}`);
  const result = `${name} ${JSON.stringify(args)}`;
  const thrown = (): unknown => failure(error, `of method ${name}`);
  switch (how) {
    case 'returns':
      return result;
    case 'returns a list':
      return [result, 1];
    case 'returns nothing':
      return undefined;
    case 'promises':
      return Promise.resolve(result);
    case 'promises later':
      return new Promise((resolve) => setTimeout(resolve, 1, result));
    case 'returns a thenable':
      return thenableOf(result);
    case 'returns an Observable':
      return of('first', result).pipe(finalize(() => noteBehind(`method ${name} finalize`)));
    case 'returns a late Observable':
      return of('first', result).pipe(delay(1));
    case 'promises an Observable':
      return Promise.resolve(of('first', result));
    case 'throws':
      throw thrown();
    case 'rejects':
      return Promise.reject(thrown() as Error);
    case 'returns an Observable that fails':
      return concat(of('first'), throwError(thrown));
  }
}

/** Pre-request hooks wrap all that follows, as interceptors do. */
export const HOOKS = [
  'passes on',
  'taps',
  'maps',
  'answers errors',
  'answers',
  'throws',
  'calls again after an error',
  'enters a store',
] as const satisfies readonly (typeof INTERCEPTORS)[number][];

export function runHook(
  how: (typeof HOOKS)[number],
  name: string,
  context: ExecutionContext,
  next: () => Observable<unknown>,
): Observable<unknown> {
  note(`hook ${name} ${contextOf(context)}`);
  return intercept(how, { handle: next }, name, () => failure('domain', `of hook ${name}`)) as Observable<unknown>;
}

export const FACTORIES = ['value', 'promise', 'throws', 'rejects'] as const;

export function customParameter(
  { how, error }: Spec<(typeof FACTORIES)[number]>,
  name: string,
): (...pipes: Type<PipeTransform>[]) => ParameterDecorator {
  return createParamDecorator((_data: unknown, context: ExecutionContext) => {
    note(`parameter ${name} ${contextOf(context)}`);
    switch (how) {
      case 'value':
        return name;
      case 'promise':
        return Promise.resolve(name);
      case 'throws':
        throw failure(error, `of parameter ${name}`);
      case 'rejects':
        return Promise.reject(failure(error, `of parameter ${name}`) as Error);
    }
  }) as (...pipes: Type<PipeTransform>[]) => ParameterDecorator;
}

const scopeOf = (isScoped: boolean): Scope => (isScoped ? Scope.REQUEST : Scope.DEFAULT);

// oxlint-disable-next-line unicorn/no-thenable -- pipes and methods may return thenables that are no promises
const thenableOf = (value: string): object => ({ then: (use: (value: string) => void) => use(value) });
