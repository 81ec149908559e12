import { type ContextId, ContextIdFactory, createContextId } from '@nestjs/core';
import { dependenciesOf, enhancersOf, type InstanceWrapper } from '../nest-internals.js';

/** Makes `value` what `@Inject(REQUEST)` gives in a context. */
export type RegisterRequest = (value: unknown, contextId: ContextId) => void;

/** Makes the contexts of Nest's injector that instances of one object, and its enhancers, live in. */
export class ObjectContexts {
  private usesDurable: boolean | undefined;

  constructor(
    private readonly wrapper: InstanceWrapper,
    private readonly registerRequest: RegisterRequest,
  ) {}

  /**
   * @param request what `@Inject(REQUEST)` gives in it. Where the object or an enhancer needs something durable, the
   *   application's ContextIdStrategy is asked which tenant it belongs to
   */
  create(request: object): ContextId {
    this.usesDurable ??= isAnyDurable(this.wrapper);
    const contextId = this.usesDurable ? ContextIdFactory.getByRequest(request, []) : createContextId();
    const { payload } = contextId as { payload?: object };
    this.registerRequest(payload ? Object.assign(request, payload) : request, contextId);
    return contextId;
  }
}

function isAnyDurable(root: InstanceWrapper): boolean {
  const seen = new Set<InstanceWrapper>();
  const visit = (wrapper: InstanceWrapper): boolean => {
    if (seen.has(wrapper)) return false;
    seen.add(wrapper);
    return wrapper.isDependencyTreeDurable() || [...dependenciesOf(wrapper), ...enhancersOf(wrapper)].some(visit);
  };
  return visit(root);
}
