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
export type { WireLog, WireMessage } from './protocol/message.js';

export {
  type ClassConverter,
  ClassRegistry,
  defaultClassRegistry,
  registerClass,
} from './serializers/contract/class-registry.js';
export { PyroRemoteError } from './serializers/objects/exceptions.js';
export { describeWireMessage } from './serializers/wire-text.js';
export { SerializedBlob } from './serializers/contract/serialized-blob.js';
export { SERIALIZER_IDS, type SerializerName, type ValueMode } from './serializers/contract/serializer.js';

export { readConfig } from './options/environment.js';
export type { PyroConfig } from './options/config-items.js';
export { type CallContext, currentContext } from './daemon/contract/call-context.js';
export type { PyroConnection } from './daemon/contract/connection.js';
export type { Daemon, ObjectLease, ProxyOrigin, RegisterOptions } from './daemon/contract/daemon.js';
export { BaseDaemon } from './daemon/daemon.js';
export type { CallErrorInfo, PyroDaemonEvents } from './daemon/options/daemon-events.js';
export { DaemonObject } from './daemon/daemon-object.js';
export { callback, expose, oneway } from './daemon/object/expose.js';
export { type Behavior, behavior } from './daemon/object/instances.js';
export type { InstanceMode } from './objects/keyed-instances.js';
export { params } from './objects/declared-parameters.js';
export { isPrivateName } from './objects/private-names.js';
export type { Authorization, AuthorizeRequest } from './daemon/contract/authorization.js';
export type { ObjectMetadata, PyroTarget } from './daemon/contract/target.js';

export { type KeywordArguments, kwargs } from './client/call/outgoing-call.js';
export type { BroadcastAddress, NameServerAddress } from './client/options/name-resolver.js';
export type {
  AnnotationValues,
  Autoproxy,
  AutoproxyLease,
  CallOptions,
  PyroProxyOptions,
} from './client/options/proxy-options.js';
export type { ReceivedProxyOptions } from './client/options/received-proxy-options.js';
export type { ProxySender, ReceivedProxies } from './client/options/received-proxies.js';
export type {
  AttributeName,
  AttributeValue,
  BatchMethods,
  RemoteMethods,
  RemoteResult,
  UntypedRemote,
} from './client/proxy/remote-methods.js';
export type { RemoteMetadata } from './client/connection/remote-metadata.js';
export type { RemoteObject, RemoteProxy } from './client/proxy/remote-proxy.js';
export { RemoteStream } from './client/call/remote-stream.js';
export type { ClientTlsOptions, ServerTlsOptions } from './options/tls.js';
export { withCorrelationId } from './calls/current-call.js';
export { DaemonNames, type DaemonNamesOptions } from './pyro/daemon-names.js';
export { locateNameServer, type NameServerOptions, resolve } from './naming/locate.js';
export { typeMeta } from './naming/metadata-tags.js';
export { type NameFilter, NameServerClient, type NameRegistration, type TagFilter } from './naming/name-server-client.js';
export { PyroDaemon } from './pyro/pyro-daemon.js';
export type { PyroDaemonOptions } from './pyro/pyro-daemon-options.js';
export { PyroProxy, type ReferencedProxyOptions } from './pyro/pyro-proxy.js';
export { type NamedObject, NameRegistrar, type NameRegistrarEvents, type NameRegistrarOptions } from './naming/name-registrar.js';
export { serve } from './pyro/serve.js';
export { type ObjectsToServe, ServedObjects, type ServeOptions } from './pyro/served-objects.js';
