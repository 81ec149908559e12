import type { Type } from '@nestjs/common';
import { type ContextualLoader, dependenciesOf, hasStaticEnhancers, type InstanceWrapper } from '../nest-internals.js';

/**
 * Makes instances of a class into which Nest injects only singletons: by `new`, without a context of Nest's injector.
 *
 * A context costs 20 µs of a percall object's call. The instances are the same: only a class without a dependency on the call or the
 * session is made this way.
 */
export class DirectInstances {
  private constructor(
    private readonly type: Type<object>,
    private readonly params: readonly InstanceWrapper[],
    private readonly properties: readonly { key: string; wrapper: InstanceWrapper }[],
  ) {}

  /**
   * Call this after Nest has made an instance of the wrapper: the wrapper knows its dependencies from then on.
   *
   * @returns undefined when Nest has to make each instance. This is so when a dependency is request-scoped, transient, optional and
   * missing, the inquirer, or behind a `forwardRef`. It is also so when a factory makes the instances, when they belong to tenants, or when
   * request-scoped enhancers may share the instance
   */
  static of(wrapper: InstanceWrapper, loader: ContextualLoader): DirectInstances | undefined {
    if (wrapper.isNotMetatype || wrapper.forwardRef || wrapper.isDependencyTreeDurable()) return undefined;
    if (!loader.onlyConstructs || !loader.knowsDependencies(wrapper) || !hasStaticEnhancers(wrapper)) return undefined;
    if (!dependenciesOf(wrapper).every((dependency) => dependency.isDependencyTreeStatic() && !dependency.isTransient))
      return undefined;
    const properties = (wrapper.getPropertiesMetadata() ?? []).map(({ key, wrapper: dependency }) => ({
      key: key as string,
      wrapper: dependency,
    }));
    return new DirectInstances(wrapper.metatype as Type<object>, wrapper.getCtorMetadata() ?? [], properties);
  }

  /** Makes an instance, as Nest's injector does. @throws the error of the constructor */
  make(): object {
    const instance = new this.type(...this.params.map((param) => param.instance as unknown));
    for (const { key, wrapper } of this.properties) {
      const value = wrapper.instance as unknown;
      if (value !== undefined && value !== null) (instance as Record<string, unknown>)[key] = value;
    }
    return instance;
  }
}
