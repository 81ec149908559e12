import { type ContextId, ContextIdFactory, createContextId } from '@nestjs/core';
import { dependenciesOf, enhancersOf, type InstanceWrapper } from '../nest-internals.js';
import { forgetContext, noteContext, withoutContext } from './noted-contexts.js';

/** Registers the value that `@Inject(REQUEST)` gives in a context. */
export type RegisterRequest = (value: unknown, contextId: ContextId) => void;

/** Makes the contexts of Nest's injector for the instances and enhancers of one object. */
export class ObjectContexts {
  private usesDurable: boolean | undefined;

  constructor(
    private readonly wrapper: InstanceWrapper,
    private readonly registerRequest: RegisterRequest,
  ) {}

  /**
   * Makes a context. Where the object or an enhancer has a durable dependency, the application's ContextIdStrategy chooses the
   * context of the tenant. The payload of the strategy is `@Inject(REQUEST)` of an object all of whose dependencies are durable, as in Nest;
   * of other objects, the payload's members are added to the request.
   *
   * @param request the value of `@Inject(REQUEST)` in the context. Its own getters, such as `principal`, keep their values
   */
  create(request: object): ContextId {
    this.usesDurable ??= isAnyDurable(this.wrapper);
    const contextId = this.usesDurable
      ? withoutContext(request, () => ContextIdFactory.getByRequest(request, []))
      : createContextId();
    noteContext(request, this.wrapper, contextId);
    const { payload } = contextId as { payload?: object };
    const isTenants = payload !== undefined && this.wrapper.isDependencyTreeDurable();
    if (payload !== undefined && !isTenants) addMembers(request, payload);
    this.registerRequest(isTenants ? payload : request, contextId);
    return contextId;
  }

  /** The object keeps no context for the request any more. */
  forget(request: object): void {
    forgetContext(request, this.wrapper);
  }
}

/** Adds the members of a payload, as `Object.assign` does, except those that would take the place of a getter. */
function addMembers(request: object, payload: object): void {
  for (const [name, value] of Object.entries(payload)) Reflect.set(request, name, value);
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
