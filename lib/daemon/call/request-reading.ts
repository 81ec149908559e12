import type { CallTarget } from '../../serializers/contract/call-shape.js';
import type { ReadContext } from '../../serializers/contract/serializer.js';
import type { ProxyOrigin } from '../contract/daemon.js';
import { type CallServices, receiveProxy } from './call-services.js';

/** Reads the values of one request. */
export class RequestReading implements ReadContext {
  /** Object and method of a call that could not be read, as far as they were read. */
  target: Partial<CallTarget> = NOT_READ;

  constructor(
    private readonly services: CallServices,
    private readonly origin: ProxyOrigin,
  ) {}

  /** Turns a proxy that came with the request into a value. */
  decodeProxy(state: readonly unknown[]): unknown {
    return receiveProxy(this.services, state, this.origin);
  }

  onUnread(target: CallTarget): void {
    this.target = target;
  }
}

const NOT_READ: Partial<CallTarget> = {};
