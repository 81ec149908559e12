import type { ContextId } from '@nestjs/core';
import { servedCallOrNone } from '../../daemon/call/call.js';
import { type InstanceWrapper, REQUEST_CONTEXT_ID } from '../nest-internals.js';

/** The contexts of one request, by the object that each was made for. A connection is the request of all its session objects. */
class ContextsOfRequest {
  readonly byObject = new Map<InstanceWrapper, ContextId>();
  isHidden = false;

  /** The context of the object that serves the running call; the first context, when none serves. */
  get present(): ContextId | undefined {
    if (this.isHidden) return undefined;
    const target = servedCallOrNone()?.request.target as { definition?: { wrapper: InstanceWrapper } } | undefined;
    const wrapper = target?.definition?.wrapper;
    const own = wrapper && this.byObject.get(wrapper);
    return own ?? this.byObject.values().next().value;
  }
}

const noted = new WeakMap<object, ContextsOfRequest>();

/** Notes a context on its request, as Nest does, for `ContextIdFactory.getByRequest(request)`. */
export function noteContext(request: object, wrapper: InstanceWrapper, contextId: ContextId): void {
  let contexts = noted.get(request);
  if (contexts === undefined) {
    const made = new ContextsOfRequest();
    contexts = made;
    noted.set(request, made);
    Object.defineProperty(request, REQUEST_CONTEXT_ID, { get: () => made.present });
  }
  contexts.byObject.set(wrapper, contextId);
}

/** The object keeps no context for the request any more. */
export function forgetContext(request: object, wrapper: InstanceWrapper): void {
  noted.get(request)?.byObject.delete(wrapper);
}

/** Runs `make` while the request has no context, so that a new one is made. */
export function withoutContext<T>(request: object, make: () => T): T {
  const contexts = noted.get(request);
  if (contexts === undefined) return make();
  contexts.isHidden = true;
  try {
    return make();
  } finally {
    contexts.isHidden = false;
  }
}
