import type { FactoryProvider, InjectionToken, ModuleMetadata } from '@nestjs/common';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { ANYTHING, checkOptions, configError, FUNCTION, type OptionRules, SWITCH, URI } from '../../options/option-checks.js';
import type { PyroUri } from '../../protocol/uri.js';
import { ClientRegistry, MODULE_RULES, type PyroModuleOptions } from '../client/client-registry.js';

/** A remote object, with the options of its client. These options win over the options of `PyroModule.forRoot`. */
export interface PyroFeatureOptions extends PyroModuleOptions {
  /** The object: `PYRO:`, `PYRONAME:` or `PYROMETA:`. */
  uri: PyroUri | string;
  /**
   * Connect when the application starts; the application does not start without the object. Default false: the first call
   * connects, and fails when the object cannot be reached.
   */
  eager?: boolean;
}

/** A remote object to inject: `@Inject(token) camera: RemoteObject<Camera>`. */
export interface PyroFeature extends PyroFeatureOptions {
  /** Injection token of the remote object. */
  token: InjectionToken;
}

/** A remote object whose URI and options are known when the application starts. */
export interface PyroAsyncFeature extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  /** Injection token of the remote object. */
  token: InjectionToken;
  /** Gives the options. Its parameters are the providers that `inject` names. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest's own FactoryProvider
  useFactory: (...dependencies: any[]) => PyroFeatureOptions | Promise<PyroFeatureOptions>;
}

const FEATURE_RULES: OptionRules<PyroFeatureOptions> = { ...MODULE_RULES, uri: URI, eager: SWITCH };

const ASYNC_FEATURE_RULES: OptionRules<PyroAsyncFeature> = {
  imports: ANYTHING,
  inject: ANYTHING,
  token: ANYTHING,
  useFactory: FUNCTION,
};

/** The provider of a remote object. @param caller the method that the program called, for errors */
export function featureProvider(caller: string, feature: PyroAsyncFeature): FactoryProvider<RemoteObject> {
  checkOptions(feature, ASYNC_FEATURE_RULES, `${caller}: `);
  const { token, useFactory, inject = [] } = feature;
  if (token === undefined || useFactory === undefined) {
    const missing = token === undefined ? 'token: CAMERA' : "useFactory: () => ({ uri: 'PYRO:object@host:port' })";
    throw configError(`${caller}: a remote object lacks ${missing}`);
  }
  return {
    provide: token,
    inject: [ClientRegistry, ...inject],
    useFactory: async (registry: ClientRegistry, ...dependencies: unknown[]) => {
      const given = await useFactory(...dependencies);
      const { uri: named } = (given as Partial<PyroFeatureOptions> | null) ?? {};
      checkOptions(given, FEATURE_RULES, `${caller}, ${String(named)}: `);
      const { uri, eager = false, ...options } = given;
      const proxy = registry.provide(uri, options);
      return eager ? proxy.$connect() : proxy;
    },
  };
}
