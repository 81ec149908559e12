import { BaseRpcContext, type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';

/** A transport of Nest without a transport: calls the handlers that Nest's own `RpcContextCreator` has made. */
export class ReferenceStrategy extends Server implements CustomTransportStrategy {
  listen(callback: () => void): void {
    callback();
  }

  close(): void {}

  on(): void {}

  unwrap<T>(): T {
    throw new Error('there is nothing below this strategy');
  }

  /** Runs a handler. @returns the last value of its Observable */
  async call(pattern: string, data: unknown[]): Promise<unknown> {
    const handler = this.getHandlerByPattern(pattern)!;
    // as the servers of Nest's own transports
    const result: unknown = await handler(data, new BaseRpcContext([]));
    return lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
  }
}
