/**
 * Pyro5 for Nest: serve providers to Pyro5 clients, and inject remote objects.
 *
 * Names of core that most applications with Nest write are here, too; all names of core, with the types of options, are in
 * `nestjs-pyro/core`.
 *
 * @module nestjs-pyro
 * @packageDocumentation
 */

// the server
export { PYRO_TRANSPORT, PyroServer } from './nest/server/pyro-server.js';
export type { PyroServerEvents, PyroServerSnapshot, PyroServerStatus } from './nest/server/server-state.js';
export type { PyroServerOptions } from './nest/server/pyro-server-options.js';
export type { PyroRegisterOptions, RegisteredObject } from './nest/server/runtime-objects.js';
export { PyroServers } from './nest/server/pyro-servers.js';

// decorators of objects and their members, and their options
export { PyroController } from './nest/decorators/pyro-controller.decorator.js';
export type { PyroControllerOptions } from './nest/metadata/controller-metadata.js';
export { PyroKwargs } from './nest/decorators/pyro-kwargs.decorator.js';
export { PyroMethod, type PyroMethodOptions } from './nest/decorators/pyro-method.decorator.js';
export { PyroProperty, type PyroPropertyOptions } from './nest/decorators/pyro-property.decorator.js';
export type { PyroStreamOptions } from './nest/metadata/member-metadata.js';
export type { PyroNaming } from './objects/naming.js';

// hooks of an object's life
export type { OnPyroConnect, OnPyroDisconnect, OnPyroHousekeeping } from './nest/instances/lifecycle-hooks.js';

// calls and handshakes, as methods, guards, pipes, interceptors and filters see them
export { PyroContext } from './nest/context/pyro-context.js';
export { PyroHandshakeContext } from './nest/handshake/pyro-handshake-context.js';
export type { HandshakeGuard } from './nest/metadata/controller-metadata.js';
export { UseHandshakeGuards } from './nest/decorators/use-handshake-guards.decorator.js';
export { PyroException, type PyroExceptionOptions } from './nest/errors/pyro.exception.js';
export { PyroHttpExceptionFilter } from './nest/errors/pyro-http-exception.filter.js';

// remote objects
export { PyroModule } from './nest/module/pyro.module.js';
export type { PyroModuleOptions } from './nest/client/client-registry.js';
export type { PyroAsyncFeature, PyroFeature, PyroFeatureOptions } from './nest/module/pyro-feature.js';
export { PyroClient, type PyroClientEvents, type PyroClientOptions, type PyroClientStatus } from './nest/client/pyro-client.js';
export type { PyroPattern } from './nest/client/pyro-pattern.js';

// health and logs
export { PyroHealthIndicator, type PyroHealthResult } from './nest/health/pyro-health.indicator.js';
export type {
  PyroCheckOptions,
  PyroHealthOptions,
  PyroInjectedHealthOptions,
  PyroNameServerHealthOptions,
  PyroObjectHealthOptions,
  PyroServerHealthOptions,
} from './nest/health/health-options.js';
export { PyroInspectorModule } from './nest/inspector/pyro-inspector.module.js';
export type {
  PyroInspectorAsyncOptions,
  PyroInspectorOptions,
  PyroInspectorPlace,
  PyroInspectorSettings,
} from './nest/inspector/inspector-module-options.js';
export type { InspectorOptions } from './inspector/contract/inspector-options.js';
export type { LogEntry } from './core.js';
export type { PyroWireLog } from './nest/logging/wire-log.js';
export type { PyroFailureLevel } from './nest/logging/failure-level.js';

// of core: connections, and objects that a running server registers
export { expose, type PyroConnection, type PyroDaemon } from './core.js';

// of core: calls of remote objects
export {
  type CallOptions,
  kwargs,
  KeywordArguments,
  PyroProxy,
  type PyroProxyOptions,
  PyroUri,
  type RemoteObject,
  RemoteStream,
  type UntypedRemote,
} from './core.js';

// names
export { PyroNames } from './nest/names/pyro-names.js';
export { PyroNameServerModule } from './nest/names/pyro-name-server.module.js';
export { PyroNameServerHost, type PyroNameServerModuleOptions } from './nest/names/name-server-host.js';

// of core: errors that remote calls throw
export { CommunicationError, ConnectionClosedError, PyroError, PyroRemoteError } from './core.js';

// of core: values that JavaScript has no type for, and the application's classes that travel
export {
  enumMember,
  NdArray,
  PyComplex,
  PyFloat,
  pyFloat,
  PyFrozenSet,
  PyroClass,
  PyTuple,
  pyTuple,
  registerClass,
  registerEnum,
  SerializedBlob,
} from './core.js';
