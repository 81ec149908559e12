import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { finalize, type Observable, throwError } from 'rxjs';
import { beforeEach } from 'vitest';

/** The steps of the enhancers of a test, in order. */
export const log: string[] = [];
beforeEach(() => {
  log.length = 0;
});

/** Enhancers that log their runs under a name. */
export const notingGuard = (name: string): Type<CanActivate> =>
  class NotingGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      log.push(`${name} guard ${context.getType()} ${context.getClass().name}.${context.getHandler().name}`);
      return true;
    }
  };

export const notingPipe = (name: string): Type<PipeTransform> =>
  class NotingPipe implements PipeTransform {
    transform(value: unknown, { type }: ArgumentMetadata): unknown {
      log.push(`${name} pipe ${type}`);
      return value;
    }
  };

export const notingInterceptor = (name: string): Type<NestInterceptor> =>
  class NotingInterceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      log.push(`${name} interceptor begins`);
      return next.handle().pipe(finalize(() => log.push(`${name} interceptor ends`)));
    }
  };

/** A filter that replaces the error by one with the filter's name. */
export const notingFilter = (name: string, caught: Type<Error>): Type<ExceptionFilter> => {
  @Catch(caught)
  class NotingFilter implements ExceptionFilter {
    catch(error: Error): Observable<never> {
      log.push(`${name} filter ${error.message}`);
      return throwError(() => new RpcException({ status: 404, message: `${name} filter` }));
    }
  }
  return NotingFilter;
};
