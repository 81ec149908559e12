/**
 * Pyro5 without Nest: daemon, client, protocol, serializers.
 *
 * @module nestjs-pyro/core
 * @packageDocumentation
 */

// values that JavaScript has no type for; their codec is `nestjs-pyro/serpent`
export { PyComplex, PyFloat, pyFloat, PyFrozenSet, PyTuple, pyTuple } from './serpent/index.js';

// errors, with Pyro5's names
export {
  CommunicationError,
  ConnectionClosedError,
  DaemonError,
  MessageTooLargeError,
  NamingError,
  ProtocolError,
  PyroError,
  type PyroErrorCode,
  SecurityError,
  SerializeError,
  TimeoutError,
} from './protocol/errors.js';

// addresses, and the protocol's own names and numbers
export type { Annotations, AnnotationValues } from './protocol/messages/annotations.js';
export {
  DAEMON_OBJECT_ID,
  FLAGS,
  INSPECTOR_OBJECT_ID,
  MESSAGE_TYPES,
  NAME_SERVER_OBJECT_ID,
  PROTOCOL_VERSION,
  SERIALIZER_IDS,
} from './protocol/constants.js';
export { ProxyReference } from './protocol/proxy-reference.js';
export { PythonException } from './protocol/python-exception.js';
export { PyroUri } from './protocol/uri.js';
export type { WireLog, WireMessage } from './protocol/messages/message.js';

// serializers, and classes of yours that travel
export { type ClassConverter, ClassRegistry, defaultClassRegistry } from './serializers/contract/class-registry.js';
export {
  type ClassMark,
  type DescribedClassOptions,
  type FieldName,
  PyroClass,
  registerClass,
} from './classes/register-class.js';
export type { ClassOptions, PythonStyle } from './classes/class-description.js';
export type { ClassFields } from './classes/fields/given-fields.js';
export type { EnumObject, FieldType, ScalarType } from './classes/fields/field-types.js';
export type { StandardSchema } from './classes/standard-schema.js';
export { enumMember, registerEnum } from './classes/fields/enums.js';
export { PyroRemoteError } from './serializers/objects/exceptions.js';
export { describeWireMessage } from './serializers/wire-text.js';
export { SerializedBlob } from './serializers/contract/serialized-blob.js';
export type { ArrayEncoding, ArrayOptions, DateMode, SerializerName, ValueMode } from './serializers/contract/serializer.js';

// arrays of NumPy
export type { NdArrayOptions } from './arrays/layout.js';
export { NdArray } from './arrays/nd-array.js';
export type { AxisSlice } from './arrays/axis-slices.js';
export type { DTypeOf, NdData, NdElement, NdRecord, NdTypedArray, NdTypes, NdValue } from './arrays/element-types.js';

// logs
export type { AccessLogOptions } from './logging/access-log.js';
export { LogEntry, type LogFields, type PyroLogger, type PyroLogLevel } from './logging/log-entry.js';

// defaults from the environment
export { readConfig } from './options/environment.js';
export type { PyroConfig } from './options/config-items.js';

// objects to serve: exposed members, and the context of a call
export type { CallContext } from './daemon/contract/call-context.js';
export { currentContext } from './daemon/call/call.js';
export type { Daemon, LeaseOptions, ObjectGuard, ObjectLease, ProxyOrigin, RegisterOptions } from './daemon/contract/daemon.js';
export type { BaseDaemon } from './daemon/base-daemon.js';
export type { PyroConnection } from './daemon/contract/connection.js';
export type { DaemonOptions } from './daemon/options/daemon-options.js';
export type {
  AttributeSnapshot,
  ConnectionSnapshot,
  DaemonSnapshot,
  DaemonState,
  DaemonTotals,
  FailureSnapshot,
  InspectOptions,
  ListedFirst,
  LimitSnapshot,
  MemberSnapshot,
  MethodSnapshot,
  NameSnapshot,
  ObjectSnapshot,
  StreamSnapshot,
  TargetDescription,
} from './daemon/contract/snapshot.js';
export type {
  AttributeSignature,
  FieldSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
  SignatureBook,
  TypeSignature,
} from './daemon/contract/signatures.js';
export type { CallFollower, CallObserver, ObservedCall } from './daemon/contract/observer.js';
export type { MethodParameter } from './objects/parameters/argument-binder.js';
export type { MemberShape, ValueShape } from './objects/value-shape.js';
export { PROXY_LIMITS, type ProxyLimit, type ProxyLimitName } from './client/options/proxy-limits.js';
export type { DaemonProfile } from './daemon/limits/limit-profiles.js';
export type { Limit, LimitName } from './daemon/limits/limit.js';
export { LIMITS } from './daemon/limits/limits.js';
export type { NumberBounds } from './options/option-checks.js';
export type { CallErrorInfo, PyroDaemonEvents } from './daemon/options/daemon-events.js';
export { DaemonObject } from './daemon/daemon-object.js';
export { callback, expose, type Expose, type MarkByName, type MethodMark, oneway } from './daemon/object/expose.js';
export { type Behavior, behavior } from './daemon/object/instances.js';
export type { InstanceMode } from './objects/keyed-instances.js';
export type {
  AnyClass,
  DecoratedPrototype,
  InstanceMemberContext,
  MemberName,
  RemoteAttributeDecorator,
  RemoteMethodDecorator,
} from './objects/decorated-member.js';
export { params } from './objects/parameters/declared-parameters.js';
export { isPrivateName } from './objects/private-names.js';
export type { Authorization, AuthorizeRequest, HandshakeAnswer } from './daemon/contract/authorization.js';
export type { GuardedObject, ObjectMetadata, PyroTarget } from './daemon/contract/target.js';

// calls of remote objects
export { kwargs, KeywordArguments } from './client/call/outgoing-call.js';
export type { BroadcastAddress, NameServerAddress } from './client/options/name-resolver.js';
export type {
  Autoproxy,
  AutoproxyLease,
  CallOptions,
  ConnectedDaemon,
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
export type { PoolUse } from './client/connection/pool-parts.js';
export type { RemoteMetadata } from './client/connection/remote-metadata.js';
export type { RemoteObject, RemoteProxy } from './client/proxy/remote-proxy.js';
export { RemoteStream } from './client/call/remote-stream.js';
export type { ClientTlsOptions, ServerTlsOptions } from './options/tls.js';
export type { ConnectAddress } from './transport/sockets/connector.js';
export { withCorrelationId } from './calls/current-call.js';

// names
export { DaemonNames, type DaemonNamesOptions } from './pyro/daemon-names.js';
export { locateNameServer, type NameServerOptions, resolve } from './naming/locate.js';
export { typeMeta } from './naming/metadata-tags.js';
export { NameServerClient } from './naming/name-server-client.js';
export type { NameEvent, NameFilter, NameRegistration, TagFilter } from './naming/name-records.js';
export type { NameWatchLimits } from './naming/name-limits.js';
export type { NameWaitOptions, NameWatchOptions } from './naming/name-watch.js';
export type { NamedObject } from './naming/registrar/named-object.js';
export { NameRegistrar, type NameRegistrarOptions } from './naming/registrar/name-registrar.js';
export type { NameState } from './naming/registrar/server-registrar.js';
export type { NameRegistrarEvents } from './naming/registrar/registrar-events.js';

// daemon and proxy
export { PyroDaemon } from './pyro/pyro-daemon.js';
export type { InspectorAccess } from './pyro/inspector-object.js';
export type { PyroDaemonOptions } from './pyro/pyro-daemon-options.js';
export { PyroProxy, type ReferencedProxyOptions } from './pyro/pyro-proxy.js';
export { serve } from './pyro/serve.js';
export { type ObjectsToServe, ServedObjects, type ServeOptions } from './pyro/served-objects.js';

// a name server in this program
export {
  PyroNameServer,
  type PyroNameServerEvents,
  type PyroNameServerOptions,
  startNameServer,
} from './name-server/name-server.js';
export type { BroadcastResponderAddress } from './name-server/broadcast-responder.js';
export type { NameAction, NamePolicy, NameRequest, NameRule } from './name-server/names/name-policy.js';
export type { NameLimits } from './name-server/names/name-rules.js';
export type {
  NameChange,
  NameLease,
  NamePutOptions,
  NameRecord,
  NameRemoveOptions,
  NameSelection,
  NameSetMetadataAnswer,
  NameSetMetadataOptions,
  NameStore,
} from './name-server/store/name-store.js';
export type { RedisNameStoreOptions } from './name-server/store/redis/redis-options.js';
export { redisNameStore } from './name-server/store/redis/redis-store.js';
export type { IoredisClient, NodeRedisClient, RedisClient } from './name-server/store/redis/redis-connection.js';
