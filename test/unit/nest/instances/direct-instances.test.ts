import { type CanActivate, forwardRef, Inject, Injectable, Module, Optional, Scope, type Type, UseGuards } from '@nestjs/common';
import {
  createContextId,
  ExternalContextCreator,
  INQUIRER,
  ModuleRef,
  ModulesContainer,
  NestFactory,
  REQUEST,
} from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { DirectInstances } from '../../../../lib/nest/instances/direct-instances.js';
import {
  containerOf,
  ContextualLoader,
  ENTRY_PROVIDER_WATERMARK,
  type InstanceWrapper,
} from '../../../../lib/nest/nest-internals.js';

const PerCall = Injectable({ scope: Scope.REQUEST });
const SYMBOL = Symbol('by symbol');

@Injectable()
class Singleton {}
@Injectable()
class OtherSingleton {
  constructor(readonly singleton: Singleton) {}
}
@Injectable({ scope: Scope.REQUEST })
class RequestScoped {}
@Injectable({ scope: Scope.TRANSIENT })
class Transient {}
@Injectable()
class ThroughRequestScoped {
  constructor(readonly dependency: RequestScoped) {}
}
class Missing {}

@Injectable()
class OpenGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}
@Injectable({ scope: Scope.REQUEST })
class ScopedGuard extends OpenGuard {}

@PerCall
class Alone {}
@PerCall
class ByType {
  constructor(
    readonly one: Singleton,
    readonly other: OtherSingleton,
  ) {}
}
@PerCall
class ByToken {
  constructor(
    @Inject('VALUE') readonly value: unknown,
    @Inject('PROMISED') readonly promised: unknown,
    @Inject('ALIAS') readonly alias: unknown,
    @Inject(SYMBOL) readonly symbol: unknown,
    readonly modules: ModuleRef,
  ) {}
}
@PerCall
class ByProperty {
  @Inject() readonly one!: Singleton;
  @Inject('VALUE') readonly [SYMBOL]!: unknown;
  // Nest leaves a property as it is where the value is null
  @Inject('NULL') readonly initialised: unknown = 'initialised';
}
@PerCall
class Inheriting extends ByType {
  @Inject('VALUE') readonly value: unknown;
}
@PerCall
class Redeclaring extends ByType {
  constructor(
    other: OtherSingleton,
    readonly third: Singleton,
  ) {
    super(third, other);
  }
}
@PerCall
class WithOptional {
  constructor(@Optional() readonly one: Singleton) {}
}
@PerCall
@UseGuards(OpenGuard)
@Reflect.metadata(ENTRY_PROVIDER_WATERMARK, true)
class Guarded {}

@PerCall
class OnRequest {
  constructor(@Inject(REQUEST) readonly request: unknown) {}
}
@PerCall
class OnInquirer {
  constructor(@Inject(INQUIRER) readonly inquirer: unknown) {}
}
@PerCall
class OnInquirerProperty {
  @Inject(INQUIRER) readonly inquirer: unknown;
}
@PerCall
class OnRequestScoped {
  constructor(
    readonly one: Singleton,
    readonly dependency: RequestScoped,
  ) {}
}
@PerCall
class OnRequestScopedProperty {
  @Inject() readonly dependency!: ThroughRequestScoped;
}
@PerCall
class OnTransient {
  constructor(readonly dependency: Transient) {}
}
@PerCall
class WithoutOptional {
  constructor(
    @Optional() readonly missing: Missing | undefined,
    readonly one: Singleton,
  ) {}
}
@PerCall
class WithoutOptionalProperty {
  @Optional() @Inject('MISSING') readonly missing: unknown;
}
@PerCall
class OnForwardReference {
  constructor(@Inject(forwardRef(() => Singleton)) readonly one: Singleton) {}
}
@PerCall
@UseGuards(ScopedGuard)
@Reflect.metadata(ENTRY_PROVIDER_WATERMARK, true)
class GuardedByRequest {}
@Injectable({ scope: Scope.REQUEST, durable: true })
class OfTenant {}

const PROVIDERS = [
  Singleton,
  OtherSingleton,
  RequestScoped,
  Transient,
  ThroughRequestScoped,
  OpenGuard,
  ScopedGuard,
  { provide: 'VALUE', useValue: { value: true } },
  { provide: 'NULL', useValue: null },
  { provide: 'PROMISED', useFactory: async () => Promise.resolve({ promised: true }) },
  { provide: 'ALIAS', useExisting: OtherSingleton },
  { provide: SYMBOL, useFactory: (value: unknown) => ({ value }), inject: ['VALUE'] },
];

/** A module with the class as a provider, of which Nest has made an instance. */
async function madeByNest(type: Type, options: Parameters<typeof NestFactory.createApplicationContext>[1] = {}) {
  @Module({ providers: [type, ...PROVIDERS] })
  class Root {}
  const app = await NestFactory.createApplicationContext(Root, { logger: false, ...options });
  const root = [...app.get(ModulesContainer).values()].find(({ metatype }) => metatype === Root)!;
  const wrapper = root.providers.get(type) as InstanceWrapper;
  const loader = new ContextualLoader(containerOf(app.get(ExternalContextCreator)));
  return { wrapper, loader, instance: (await loader.load(wrapper, createContextId())) as Record<PropertyKey, unknown> };
}

describe('direct instances', () => {
  it.each([Alone, ByType, ByToken, ByProperty, Inheriting, Redeclaring, WithOptional, Guarded] as Type[])(
    'direct instances are like those that Nest makes: $name',
    async (type) => {
      const { wrapper, loader, instance } = await madeByNest(type);
      const direct = DirectInstances.of(wrapper, loader)!.make() as Record<PropertyKey, unknown>;
      expect(direct).not.toBe(instance);
      expect(Object.getPrototypeOf(direct)).toBe(type.prototype);
      expect(Reflect.ownKeys(direct)).toEqual(Reflect.ownKeys(instance));
      for (const key of Reflect.ownKeys(instance)) expect(direct[key]).toBe(instance[key]);
    },
  );

  it.each([
    OnRequest,
    OnInquirer,
    OnInquirerProperty,
    OnRequestScoped,
    OnRequestScopedProperty,
    OnTransient,
    WithoutOptional,
    WithoutOptionalProperty,
    OnForwardReference,
    GuardedByRequest,
    OfTenant,
  ] as Type[])('instances are left to Nest where something belongs to the call: $name', async (type) => {
    const { wrapper, loader } = await madeByNest(type);
    expect(DirectInstances.of(wrapper, loader)).toBeUndefined();
  });

  it('instances are left to Nest where Nest decorates each instance', async () => {
    const { wrapper, loader } = await madeByNest(Alone, { instrument: { instanceDecorator: (instance) => instance } });
    expect(DirectInstances.of(wrapper, loader)).toBeUndefined();
  });
});
