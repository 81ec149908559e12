import type { FactoryProvider, InjectionToken, ModuleMetadata } from '@nestjs/common';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { checkOptions, SWITCH } from '../../options/option-checks.js';
import type { PyroUri } from '../../protocol/uri.js';
import { ClientRegistry, type PyroModuleOptions } from '../client/client-registry.js';

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

/** The provider of a remote object. */
export function featureProvider({ token, useFactory, inject = [] }: PyroAsyncFeature): FactoryProvider<RemoteObject> {
  return {
    provide: token,
    inject: [ClientRegistry, ...inject],
    useFactory: async (registry: ClientRegistry, ...dependencies: unknown[]) => {
      const { uri, eager = false, ...options } = await useFactory(...dependencies);
      checkOptions({ eager }, { eager: SWITCH }, `PyroModule.forFeature, ${String(uri)}: `);
      const proxy = registry.provide(uri, options);
      return eager ? proxy.$connect() : proxy;
    },
  };
}
