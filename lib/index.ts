/**
 * Pyro5 for Nest: serve providers to Pyro5 clients. With everything of `nestjs-pyro/core`.
 *
 * @packageDocumentation
 */
export * from './core.js';

export { PyroClient, type PyroClientEvents, type PyroClientOptions, type PyroClientStatus } from './nest/client/pyro-client.js';
export type { PyroPattern } from './nest/client/pyro-pattern.js';
export { PyroContext } from './nest/context/pyro-context.js';
export { PyroController } from './nest/decorators/pyro-controller.decorator.js';
export { PyroKwargs } from './nest/decorators/pyro-kwargs.decorator.js';
export { PyroMethod, type PyroMethodOptions } from './nest/decorators/pyro-method.decorator.js';
export { PyroProperty, type PyroPropertyOptions } from './nest/decorators/pyro-property.decorator.js';
export { UseHandshakeGuards } from './nest/decorators/use-handshake-guards.decorator.js';
export { PyroException, type PyroExceptionOptions } from './nest/errors/pyro.exception.js';
export { PyroHandshakeContext } from './nest/handshake/pyro-handshake-context.js';
export type { OnPyroConnect, OnPyroDisconnect, OnPyroHousekeeping } from './nest/instances/lifecycle-hooks.js';
export type { HandshakeGuard, PyroControllerOptions } from './nest/metadata/controller-metadata.js';
export type { PyroStreamOptions } from './nest/metadata/member-metadata.js';
export type { PyroNaming } from './nest/metadata/wire-names.js';
export {
  PyroHealthIndicator,
  type PyroHealthOptions,
  type PyroHealthResult,
  type PyroObjectHealthOptions,
  type PyroServerHealthOptions,
} from './nest/health/pyro-health.indicator.js';
export type { PyroWireLog } from './nest/logging/wire-log.js';
export type { PyroModuleOptions } from './nest/client/client-registry.js';
export type { PyroAsyncFeature, PyroFeature, PyroFeatureOptions } from './nest/module/pyro-feature.js';
export { PyroServers } from './nest/server/pyro-servers.js';
export { PyroModule } from './nest/module/pyro.module.js';
export { PYRO_TRANSPORT, PyroServer, type PyroServerEvents, type PyroServerStatus } from './nest/server/pyro-server.js';
export type { PyroServerOptions } from './nest/server/pyro-server-options.js';
export type { PyroRegisterOptions, RegisteredObject } from './nest/server/runtime-objects.js';
