import { ApplicationConfig, NestApplicationContext, NestContainer } from '@nestjs/core';
import { NestMicroservice } from '@nestjs/microservices';
import type { FactoryProvider, Type } from '@nestjs/common';
import { processWide, sharedSymbol } from '../copies/process-wide.js';

/**
 * Nest gives a strategy no access to the global enhancers of its own microservice, nor to the guards and providers that a test overrides.
 * Without this access, guards would be silently lost. So this file observes the two methods of Nest that get both: it notes their
 * arguments, and changes nothing else. The same for `close` of an application: a second call of it never reaches the strategies.
 */
const OBSERVED = sharedSymbol('observed');

/** The replacement of a guard, pipe, interceptor or filter in a test, as `overrideGuard(…)` and its siblings give it. */
export interface EnhancerOverride extends Partial<Pick<FactoryProvider, 'useFactory' | 'inject'>> {
  readonly useValue?: unknown;
  readonly useClass?: Type<object>;
}

/** Overrides by the enhancer that they replace. */
export type EnhancerOverrides = ReadonlyMap<unknown, EnhancerOverride>;

const overridesByContainer = processWide('overrides', () => new WeakMap<object, Map<unknown, EnhancerOverride>>());
const overriddenProviders = processWide('overridden-providers', () => new WeakMap<object, Set<unknown>>());
const configByStrategy = processWide('microservice-configs', () => new WeakMap<object, ApplicationConfig>());

const closeCallbacks = processWide('close-callbacks', () => new WeakMap<object, Set<() => void>>());

const NO_OVERRIDES: EnhancerOverrides = new Map();
const NO_TOKENS: ReadonlySet<unknown> = new Set();

/** The enhancers that a test overrides in a container. */
export function overridesIn(container: NestContainer): EnhancerOverrides {
  return overridesByContainer.get(container) ?? NO_OVERRIDES;
}

/** The tokens of the providers that a test overrides in a container. */
export function overriddenProvidersIn(container: NestContainer): ReadonlySet<unknown> {
  return overriddenProviders.get(container) ?? NO_TOKENS;
}

/** The configuration of the microservice that has the strategy; undefined before its `listen`. */
export function microserviceConfigOf(strategy: object): ApplicationConfig | undefined {
  return configByStrategy.get(strategy);
}

/** Calls `callback` in the code that closes the application of a container, each time it is called. */
export function onCloseCalled(container: NestContainer, callback: () => void): void {
  const callbacks = closeCallbacks.get(container) ?? new Set();
  closeCallbacks.set(container, callbacks.add(callback));
}

/** The private members of a microservice that are read here. */
interface MicroserviceMembers {
  readonly serverInstance?: object;
  readonly applicationConfig?: ApplicationConfig;
}

function observeOverrides(): void {
  const { prototype } = NestContainer;
  if (Object.hasOwn(prototype, OBSERVED)) return;
  // oxlint-disable-next-line typescript/unbound-method -- called with the container as `this`
  const { replace } = prototype;
  prototype.replace = function (this: NestContainer, token: unknown, given: Parameters<typeof replace>[1]): void {
    // Nest's declaration says less than what a testing module passes
    const options = given as EnhancerOverride & { isProvider?: boolean };
    if (options.isProvider) {
      const tokens = overriddenProviders.get(this) ?? new Set();
      overriddenProviders.set(this, tokens.add(token));
    } else {
      const overrides = overridesByContainer.get(this) ?? new Map<unknown, EnhancerOverride>();
      overridesByContainer.set(this, overrides.set(token, options));
    }
    replace.call(this, token, given);
  };
  Object.defineProperty(prototype, OBSERVED, { value: true });
}

function observeMicroservices(): void {
  const { prototype } = NestMicroservice;
  if (Object.hasOwn(prototype, OBSERVED)) return;
  // oxlint-disable-next-line typescript/unbound-method -- called with the microservice as `this`
  const { listen } = prototype;
  prototype.listen = function (this: NestMicroservice): ReturnType<typeof listen> {
    const { serverInstance, applicationConfig } = this as unknown as MicroserviceMembers;
    if (serverInstance && applicationConfig) configByStrategy.set(serverInstance, applicationConfig);
    return listen.call(this);
  };
  Object.defineProperty(prototype, OBSERVED, { value: true });
}

function observeClose(): void {
  const { prototype } = NestApplicationContext;
  if (Object.hasOwn(prototype, OBSERVED)) return;
  // oxlint-disable-next-line typescript/unbound-method -- called with the application as `this`
  const { close } = prototype;
  prototype.close = function (this: NestApplicationContext, signal): ReturnType<typeof close> {
    for (const callback of closeCallbacks.get(this.container) ?? []) callback();
    return close.call(this, signal);
  };
  Object.defineProperty(prototype, OBSERVED, { value: true });
}

observeOverrides();
observeMicroservices();
observeClose();

/** The global enhancers of several configurations together: of the application, and of a microservice with its own configuration. */
export class JoinedConfig extends ApplicationConfig {
  constructor(private readonly configs: Set<ApplicationConfig>) {
    super();
  }

  override getGlobalGuards(): ReturnType<ApplicationConfig['getGlobalGuards']> {
    return this.all((config) => config.getGlobalGuards());
  }
  override getGlobalRequestGuards(): ReturnType<ApplicationConfig['getGlobalRequestGuards']> {
    return this.all((config) => config.getGlobalRequestGuards());
  }
  override getGlobalPipes(): ReturnType<ApplicationConfig['getGlobalPipes']> {
    return this.all((config) => config.getGlobalPipes());
  }
  override getGlobalRequestPipes(): ReturnType<ApplicationConfig['getGlobalRequestPipes']> {
    return this.all((config) => config.getGlobalRequestPipes());
  }
  override getGlobalInterceptors(): ReturnType<ApplicationConfig['getGlobalInterceptors']> {
    return this.all((config) => config.getGlobalInterceptors());
  }
  override getGlobalRequestInterceptors(): ReturnType<ApplicationConfig['getGlobalRequestInterceptors']> {
    return this.all((config) => config.getGlobalRequestInterceptors());
  }
  override getGlobalFilters(): ReturnType<ApplicationConfig['getGlobalFilters']> {
    return this.all((config) => config.getGlobalFilters());
  }
  override getGlobalRequestFilters(): ReturnType<ApplicationConfig['getGlobalRequestFilters']> {
    return this.all((config) => config.getGlobalRequestFilters());
  }
  override getGlobalPreRequestHooks(): ReturnType<ApplicationConfig['getGlobalPreRequestHooks']> {
    return this.all((config) => config.getGlobalPreRequestHooks());
  }

  private all<T>(listOf: (config: ApplicationConfig) => readonly T[]): T[] {
    return [...this.configs].flatMap(listOf);
  }
}
