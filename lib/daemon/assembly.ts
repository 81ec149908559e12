import { ProxyReference, referenceOf } from '../protocol/proxy-reference.js';
import { defaultClassRegistry } from '../serializers/contract/class-registry.js';
import { type Serializer, SERIALIZER_IDS, type ValueMode } from '../serializers/contract/serializer.js';
import { createSerializers } from '../serializers/serializers.js';
import type { ProxyOrigin } from './call/call.js';
import { ConnectionKeeper } from './session/connection-keeper.js';
import type { DaemonConnection } from './session/connection.js';
import type { ResolvedDaemonOptions } from './options/daemon-options.js';
import type { Daemon } from './daemon.js';
import { Dispatcher } from './call/dispatcher.js';
import { Handshake } from './session/handshake.js';
import type { ObjectRegistry } from './object/registry.js';
import { Replies } from './call/replies.js';
import { runHook } from './run-hook.js';
import { StreamRegistry } from './call/streams.js';
import type { Authorization, AuthorizeRequest } from './contract/target.js';

/** What the parts of a daemon ask of it; overridable methods among them, so each is looked up when it is called. */
export interface DaemonHooks {
  annotations: () => ReadonlyMap<string, Buffer>;
  validateHandshake: (request: AuthorizeRequest) => Promise<Authorization> | Authorization;
  clientDisconnect: (connection: DaemonConnection) => Promise<void> | void;
  receiveProxy: (reference: ProxyReference, origin: ProxyOrigin) => unknown;
  fail: (error: unknown) => void;
}

/** Puts the parts of a daemon together. */
export function assembleDaemon(
  daemon: Daemon,
  options: ResolvedDaemonOptions,
  objects: ObjectRegistry,
  hooks: DaemonHooks,
): { streams: StreamRegistry; keeper: ConnectionKeeper } {
  const serializersFor = (values: ValueMode, allowed = options.serializers): ReadonlyMap<number, Serializer> =>
    createSerializers({ ...serializerOptions(daemon, options), values }, allowed);
  const serializers = serializersFor(options.values);
  const natural = serializersFor('natural');
  const marshal = serializersFor('natural', ['marshal']).get(SERIALIZER_IDS.marshal)!;

  const replies = new Replies(options, marshal, hooks.annotations, hooks.fail);
  const streams = new StreamRegistry(
    options,
    async (connection, objectId) => (await connection.admissions.admit(objects.known(objectId), objectId)).principal,
    (error, { connection, objectId, method }) => daemon.reportCallError(error, { connection, objectId, method }),
  );
  const dispatcher = new Dispatcher(daemon, options, serializers, marshal, objects, streams, replies, (state, origin) =>
    hooks.receiveProxy(ProxyReference.fromState(state), origin),
  );
  const handshake = new Handshake(options, natural, objects, replies, hooks.validateHandshake);
  const guarded = (hook: () => unknown): void => runHook(hook, hooks.fail);
  const keeper = new ConnectionKeeper(options, handshake, dispatcher, replies, streams, {
    connected: (connection) => guarded(() => daemon.emit('connection', connection)),
    refused: (error, connection) => guarded(() => daemon.emit('handshakeFailed', error, connection)),
    disconnected: (connection, error) => {
      guarded(() => hooks.clientDisconnect(connection));
      guarded(() => daemon.emit('disconnect', connection, error));
    },
    failed: hooks.fail,
  });
  return { streams, keeper };
}

function serializerOptions(daemon: Daemon, options: ResolvedDaemonOptions): Parameters<typeof createSerializers>[0] {
  const { maxDepth, maxIntDigits, maxMessageBytes: maxBytes, serpentBytesRepr, detailedTraceback } = options;
  const { classes = defaultClassRegistry } = options;
  const encodeObject = (value: object): Record<string, unknown> | undefined => {
    const reference = referenceOf(value) ?? daemon.referenceFor(value);
    return reference && { __class__: 'Pyro5.client.Proxy', state: reference.toState() };
  };
  return { maxDepth, maxIntDigits, maxBytes, serpentBytesRepr, detailedTraceback, classes, encodeObject };
}
