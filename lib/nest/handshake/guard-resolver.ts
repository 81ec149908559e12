import { type CanActivate, type InjectionToken, Scope, type Type } from '@nestjs/common';
import { type ContextId, createContextId, ModuleRef } from '@nestjs/core';
import type { PyroConnection } from '../../daemon/contract/connection.js';
import type { HandshakeGuard } from '../metadata/controller-metadata.js';
import {
  InvalidClassScopeException,
  type Module,
  type NestContainer,
  SCOPE_OPTIONS_METADATA,
  UnknownElementException,
} from '../nest-internals.js';
import { type EnhancerOverride, overridesIn } from '../nest-observers.js';
import { unprovidedGuard } from './unprovided-guards.js';

/** Gives the guard, or a dependency of the guard, for one handshake. */
type GuardSource<T> = (contextId: ContextId) => Promise<T>;

/**
 * Finds handshake guards among Nest's providers, first in the object's own module. Makes guards that no module provides, with
 * dependencies from that module, and with the lifecycle hooks of its providers. Each guard has one instance, unless it is request-scoped or
 * transient. A test may override guards, as all guards of Nest: `overrideGuard(TokenGuard)`.
 */
export class GuardResolver {
  private readonly sources: GuardSource<CanActivate>[] = [];
  private scoped = false;

  private constructor(
    private readonly ref: ModuleRef,
    private readonly module: Module,
    private readonly container: NestContainer,
  ) {}

  /** @throws {Error} when Nest cannot make a guard */
  static async create(guards: readonly HandshakeGuard[], module: Module, container: NestContainer): Promise<GuardResolver> {
    const ref = module.getProviderByKey<ModuleRef>(ModuleRef).instance;
    const resolver = new GuardResolver(ref, module, container);
    for (const guard of guards) resolver.sources.push(await resolver.sourceOf(guard));
    return resolver;
  }

  /** The guards for one handshake, in their order. */
  async resolve(connection: PyroConnection): Promise<CanActivate[]> {
    const contextId = createContextId();
    if (this.scoped) this.ref.registerRequestByContextId(connection, contextId);
    return Promise.all(this.sources.map((source) => source(contextId)));
  }

  private async sourceOf(guard: HandshakeGuard): Promise<GuardSource<CanActivate>> {
    const override = overridesIn(this.container).get(guard);
    if (override !== undefined) return this.sourceOfOverride(override);
    if (typeof guard !== 'function') return async () => guard;
    return this.sourceOfProvided<CanActivate>(guard) ?? this.sourceOfUnprovided(guard);
  }

  private async sourceOfOverride({
    useValue,
    useClass,
    useFactory,
    inject = [],
  }: EnhancerOverride): Promise<GuardSource<CanActivate>> {
    if (useClass) return this.sourceOfUnprovided(useClass as Type<CanActivate>);
    if (!useFactory) return async () => useValue as CanActivate;
    const dependencies = inject.map((dependency) => this.sourceOfDependency(dependency));
    return async (contextId) =>
      (await useFactory(...(await Promise.all(dependencies.map((source) => source(contextId)))))) as CanActivate;
  }

  /** @throws {Error} when no module provides the dependency, unless it is optional */
  private sourceOfDependency(dependency: NonNullable<EnhancerOverride['inject']>[number]): GuardSource<unknown> {
    const isObject = typeof dependency === 'object' && 'token' in dependency;
    const token = isObject ? dependency.token : dependency;
    const source = this.sourceOfProvided(token);
    if (source) return source;
    if (isObject && dependency.optional) return async () => undefined;
    throw new Error(
      `overrideGuard: no module provides ${typeof token === 'function' ? token.name : String(token)}, which its factory injects`,
    );
  }

  private sourceOfProvided<T>(token: InjectionToken<T>): GuardSource<T> | undefined {
    for (const strict of [true, false]) {
      try {
        const instance = this.ref.get<T, T>(token as never, { strict });
        return async () => instance;
      } catch (error) {
        if (error instanceof UnknownElementException) continue;
        if (!(error instanceof InvalidClassScopeException)) throw error;
        this.scoped = true;
        return (contextId) => this.ref.resolve<T, T>(token as never, contextId, { strict });
      }
    }
    return undefined;
  }

  private async sourceOfUnprovided(guard: Type<CanActivate>): Promise<GuardSource<CanActivate>> {
    const { scope = Scope.DEFAULT } = (Reflect.getMetadata(SCOPE_OPTIONS_METADATA, guard) ?? {}) as { scope?: Scope };
    if (scope === Scope.DEFAULT) {
      const { ref, module, container } = this;
      const instance = await unprovidedGuard(guard, { ref, module, container });
      if (instance !== undefined) return async () => instance;
    }
    this.scoped = true;
    return (contextId) => this.ref.create(guard, contextId);
  }
}
