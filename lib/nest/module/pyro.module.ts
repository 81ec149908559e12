import { ConfigurableModuleBuilder, type DynamicModule, Global, Module, type ValueProvider } from '@nestjs/common';
import { checkArgument, checkIsObject, checkOptions, listOf, OBJECT, SWITCH } from '../../options/option-checks.js';
import { PyroBinder } from '../binding/pyro-binder.js';
import { ClientRegistry, MODULE_OPTIONS_TOKEN, type PyroModuleOptions } from '../client/client-registry.js';
import { PyroHealthIndicator } from '../health/pyro-health.indicator.js';
import { PyroNames } from '../names/pyro-names.js';
import { PyroServers } from '../server/pyro-servers.js';
import { type PyroAsyncFeature, type PyroFeature, featureProvider } from './pyro-feature.js';

const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<PyroModuleOptions>({
  optionsInjectionToken: MODULE_OPTIONS_TOKEN,
})
  .setClassMethodName('forRoot')
  // the clients are made in other modules
  .setExtras({}, (definition) => ({ ...definition, global: true, exports: [MODULE_OPTIONS_TOKEN] }))
  .build();

/** Providers that exist once in an application, however often PyroModule is imported. */
@Global()
@Module({
  providers: [PyroBinder, PyroServers, ClientRegistry, PyroHealthIndicator, PyroNames],
  exports: [PyroServers, ClientRegistry, PyroHealthIndicator, PyroNames],
})
class PyroCoreModule {}

const FEATURES = listOf(OBJECT, 'a list of objects, each with a token');

/** Providers of remote objects. */
@Module({ imports: [PyroCoreModule] })
class PyroFeatureModule {}

/**
 * Provides remote objects, with defaults for all of them, {@link PyroServers}, to register objects at run time, {@link PyroNames}, to read
 * and watch names, and {@link PyroHealthIndicator}. An application that only serves `@PyroController`s does not need this module.
 *
 * ```ts
 * imports: [
 *   PyroModule.forRoot({ nameServer: { host: 'control' }, callTimeoutMs: 5_000 }),
 *   PyroModule.forFeature([{ token: CAMERA, uri: 'PYRONAME:lab.camera' }]),
 * ]
 * ```
 */
@Module({ imports: [PyroCoreModule] })
export class PyroModule extends ConfigurableModuleClass {
  /** Sets the defaults of all remote objects of the application. Import it once. */
  static override forRoot(options: PyroModuleOptions = {}): DynamicModule {
    checkIsObject(options, 'PyroModule.forRoot: ');
    return withHiddenValues(super.forRoot(options));
  }

  /** Like `forRoot`, with options from a factory or class. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    checkIsObject(options, 'PyroModule.forRootAsync: ');
    return super.forRootAsync(options);
  }

  /**
   * Provides remote objects to the module that imports this one.
   *
   * @param options.isGlobal provides the objects to all modules. Default false
   */
  static forFeature(features: readonly PyroFeature[], options: { isGlobal?: boolean } = {}): DynamicModule {
    checkArgument('PyroModule.forFeature: the list', features, FEATURES);
    const withFactories = features.map(({ token, ...given }) => ({ token, useFactory: () => given }));
    return featureModule('PyroModule.forFeature', withFactories, options);
  }

  /** Like `forFeature`, with URIs and options from factories. */
  static forFeatureAsync(features: readonly PyroAsyncFeature[], options: { isGlobal?: boolean } = {}): DynamicModule {
    checkArgument('PyroModule.forFeatureAsync: the list', features, FEATURES);
    return featureModule('PyroModule.forFeatureAsync', features, options);
  }
}

/** @param caller the method that the program called, for errors */
function featureModule(caller: string, features: readonly PyroAsyncFeature[], options: { isGlobal?: boolean }): DynamicModule {
  checkOptions(options, { isGlobal: SWITCH }, `${caller}: `);
  const providers = features.map((feature) => featureProvider(caller, feature));
  return {
    module: PyroFeatureModule,
    global: options.isGlobal ?? false,
    imports: features.flatMap(({ imports = [] }) => imports),
    providers,
    exports: providers.map(({ provide }) => provide),
  };
}

/** Loggers write the values of a module's providers, and never what a factory gives: the options may have handshake data. */
function withHiddenValues(definition: DynamicModule): DynamicModule {
  const providers = definition.providers?.map((provider) => {
    if (!('useValue' in provider)) return provider;
    const { provide, useValue } = provider as ValueProvider<unknown>;
    return { provide, useFactory: () => useValue };
  });
  return { ...definition, ...(providers && { providers }) };
}
