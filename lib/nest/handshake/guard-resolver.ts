import { type CanActivate, Scope, type Type } from '@nestjs/common';
import { type ContextId, createContextId, ModuleRef } from '@nestjs/core';
import type { PyroConnection } from '../context/pyro-context.js';
import type { HandshakeGuard } from '../metadata/controller-metadata.js';
import { InvalidClassScopeException, type Module, SCOPE_OPTIONS_METADATA, UnknownElementException } from '../nest-internals.js';

/** Gives the guard for one handshake. */
type GuardSource = (contextId: ContextId) => Promise<CanActivate>;

/**
 * Finds handshake guards among Nest's providers, first in the object's own module. Makes guards that no module provides, with
 * dependencies from that module. Each guard has one instance, unless it is request-scoped or transient.
 */
export class GuardResolver {
  private readonly sources: GuardSource[] = [];
  private scoped = false;

  private constructor(private readonly ref: ModuleRef) {}

  /** @throws {Error} when Nest cannot make a guard */
  static async create(guards: readonly HandshakeGuard[], module: Module): Promise<GuardResolver> {
    const ref = module.getProviderByKey<ModuleRef>(ModuleRef).instance;
    const resolver = new GuardResolver(ref);
    for (const guard of guards) resolver.sources.push(await resolver.sourceOf(guard));
    return resolver;
  }

  /** The guards for one handshake, in their order. */
  async resolve(connection: PyroConnection): Promise<CanActivate[]> {
    const contextId = createContextId();
    if (this.scoped) this.ref.registerRequestByContextId(connection, contextId);
    return Promise.all(this.sources.map((source) => source(contextId)));
  }

  private async sourceOf(guard: HandshakeGuard): Promise<GuardSource> {
    if (typeof guard !== 'function') return async () => guard;
    for (const strict of [true, false]) {
      try {
        const instance = this.ref.get(guard, { strict });
        return async () => instance;
      } catch (error) {
        if (error instanceof UnknownElementException) continue;
        if (!(error instanceof InvalidClassScopeException)) throw error;
        this.scoped = true;
        return (contextId) => this.ref.resolve(guard, contextId, { strict });
      }
    }
    return this.sourceOfUnprovided(guard);
  }

  private async sourceOfUnprovided(guard: Type<CanActivate>): Promise<GuardSource> {
    const { scope = Scope.DEFAULT } = (Reflect.getMetadata(SCOPE_OPTIONS_METADATA, guard) ?? {}) as { scope?: Scope };
    if (scope === Scope.DEFAULT) {
      try {
        const instance = await this.ref.create(guard);
        return async () => instance;
      } catch (error) {
        // a dependency may be request-scoped: then each handshake has a guard of its own
        await this.ref.create(guard, createContextId()).catch(() => {
          throw error;
        });
      }
    }
    this.scoped = true;
    return (contextId) => this.ref.create(guard, contextId);
  }
}
