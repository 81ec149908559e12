import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable, ObservableInput } from 'rxjs';
import { captureContext } from '../../calls/async-context.js';
import { isThenable } from '../../calls/thenable.js';
import type { CallRecord } from './call-record.js';
import { type BegunRest, DeferredRest, InterceptorAnswer, type PipelineRest, type ResultReader } from './deferred-rest.js';

/** The interceptors of a method. Each interceptor wraps the next, and the last interceptor wraps the pipes and the method. */
export class InterceptorChain {
  constructor(
    private readonly interceptors: readonly NestInterceptor[],
    private readonly callMethod: (record: CallRecord) => unknown,
  ) {}

  /** Runs the interceptors and the method. Returns what {@link BegunRest.finish} returns. */
  run(context: ExecutionContext, record: CallRecord): unknown {
    return this.enter(0, context, record).finish(undefined);
  }

  /** Calls the interceptor that has the number. After the last interceptor comes the method, which {@link BegunRest.finish} calls. */
  enter(index: number, context: ExecutionContext, record: CallRecord): BegunRest {
    const interceptor = this.interceptors[index];
    if (interceptor === undefined) return new MethodRun(this.callMethod, record);
    const interception = new Interception(this, index, context, record);
    interception.answer = interceptor.intercept(context, interception);
    return interception;
  }
}

/** The method after the last interceptor. */
class MethodRun implements BegunRest {
  constructor(
    private readonly callMethod: (record: CallRecord) => unknown,
    private readonly record: CallRecord,
  ) {}

  finish(reader: ResultReader | undefined): unknown {
    return reader?.closed ? undefined : this.callMethod(this.record);
  }
}

/** A run of one interceptor. */
class Interception implements CallHandler, PipelineRest, BegunRest {
  /** The value that the interceptor returned. */
  answer: unknown;
  /** The Observable that `handle()` gave last. */
  private given: DeferredRest | undefined;

  constructor(
    private readonly chain: InterceptorChain,
    private readonly index: number,
    private readonly context: ExecutionContext,
    private readonly record: CallRecord,
  ) {}

  /** Called by the interceptor. The rest runs with the stores of the code that calls this: `storage.run(store, () => next.handle())`. */
  handle(): Observable<unknown> {
    this.given = new DeferredRest(this, captureContext(), this.record, true);
    return this.given.observable;
  }

  begin(): BegunRest {
    return this.chain.enter(this.index + 1, this.context, this.record);
  }

  finish(reader: ResultReader | undefined): unknown {
    return this.resultOf(this.answer, reader);
  }

  private resultOf(answer: unknown, reader: ResultReader | undefined): unknown {
    if (isThenable(answer)) return Promise.resolve(answer).then((awaited) => this.resultOf(awaited, reader));
    if (this.given?.isPassedOn(answer)) return this.given.run(reader);
    return new InterceptorAnswer(answer as ObservableInput<unknown>, this.record);
  }
}
