/**
 * Pyro5 without Nest: daemon, client, protocol, serializers.
 *
 * @packageDocumentation
 */
export * from './serpent/index.js';

export * from './protocol/errors.js';
export { DAEMON_OBJECT_ID, FLAGS, MESSAGE_TYPES, NAME_SERVER_OBJECT_ID, PROTOCOL_VERSION } from './protocol/constants.js';
export { ProxyReference } from './protocol/proxy-reference.js';
export { PythonException } from './protocol/python-exception.js';
export { PyroUri } from './protocol/uri.js';
export type { WireLog, WireMessage } from './protocol/wire-message.js';

export { type ClassConverter, ClassRegistry, defaultClassRegistry, registerClass } from './serializers/class-registry.js';
export { PyroRemoteError } from './serializers/exceptions.js';
export { describeWireMessage } from './serializers/wire-text.js';
export { SerializedBlob } from './serializers/serialized-blob.js';
export { SERIALIZER_IDS, type SerializerName, type ValueMode } from './serializers/serializer.js';

export { readConfig } from './config/environment.js';
export type { PyroConfig } from './config/items.js';
export { type CallContext, currentContext } from './daemon/call-context.js';
export type { ProxyOrigin } from './daemon/call.js';
export type { RegisterOptions } from './daemon/registrations.js';
export { DaemonConnection as PyroConnection } from './daemon/daemon-connection.js';
export type { CallErrorInfo, PyroDaemonEvents } from './daemon/daemon-events.js';
export { DaemonObject } from './daemon/daemon-object.js';
export { callback, expose, oneway } from './daemon/expose.js';
export { type Behavior, behavior, type InstanceMode } from './daemon/instances.js';
export type { ObjectLease } from './daemon/object-leases.js';
export { params } from './daemon/params.js';
export { isPrivateName } from './daemon/private-names.js';
export type { Authorization, AuthorizeRequest, ObjectMetadata, PyroTarget } from './daemon/target.js';

export { type KeywordArguments, kwargs } from './client/keyword-arguments.js';
export type { BroadcastAddress, NameServerAddress } from './client/name-resolver.js';
export type { AnnotationValues, Autoproxy, AutoproxyLease, CallOptions, PyroProxyOptions } from './client/proxy-options.js';
export type { ReceivedProxyOptions } from './client/received-proxy-options.js';
export type { ProxySender, ReceivedProxies } from './client/received-proxies.js';
export type { RemoteMethods, RemoteObject, RemoteResult, UntypedRemote } from './client/remote-object.js';
export { RemoteStream } from './client/remote-stream.js';
export type { ClientTlsOptions } from './transport/connector.js';
export { withCorrelationId } from './transport/current-call.js';
export type { ServerTlsOptions } from './transport/secure-server.js';
export { DaemonNames, type RegistrationOptions } from './naming/daemon-names.js';
export { locateNameServer, type NameServerOptions, resolve } from './naming/locate.js';
export { typeMeta } from './naming/type-meta.js';
export { type NameFilter, NameServer, type Registration, type TagFilter } from './naming/name-server.js';
export { PyroDaemon, type PyroDaemonOptions } from './naming/pyro-daemon.js';
export { PyroProxy, type ReferencedProxyOptions } from './naming/pyro-proxy.js';
export {
  type NamedObject,
  RegistrationKeeper,
  type RegistrationKeeperEvents,
  type RegistrationKeeperOptions,
} from './naming/registration-keeper.js';
export { serve } from './naming/serve.js';
export { type ObjectsToServe, ServedObjects, type ServeOptions } from './naming/served-objects.js';
