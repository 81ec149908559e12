import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { type Annotations, NO_ANNOTATIONS } from '../../protocol/annotations.js';
import { DEFAULT_HANDSHAKE, DEFAULT_MAX_MESSAGE_BYTES } from '../../protocol/constants.js';
import { checkNumber, checkNumbers, configError, givenOptions, LIMIT_BOUNDS } from '../../options/option-checks.js';
import type { ProxyReference } from '../../protocol/proxy-reference.js';
import type { WireLog } from '../../protocol/message.js';
import type { ClassRegistry } from '../../serializers/contract/class-registry.js';
import { SERIALIZER_IDS, type SerializerName, type ValueMode } from '../../serializers/contract/serializer.js';
import type { ClientTlsOptions } from '../../options/tls.js';
import type { ConnectAddress } from '../../transport/connector.js';
import { environmentDefaults } from './environment-defaults.js';
import type { NameServerAddress } from './name-resolver.js';
import type { ReceivedProxies } from './received-proxies.js';

/** Four ASCII letters to bytes. */
export type AnnotationValues = ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>;

/** Options of a proxy. Times are milliseconds, sizes bytes. Pyro5's `PYRO_*` environment variables change some of the defaults: see docs/configuration.md. */
export interface PyroProxyOptions {
  /** Serializer of everything that is sent. Default `serpent`. */
  serializer?: SerializerName;
  /** What is sent to the daemon when connecting. Default `hello`. */
  handshake?: unknown;
  /** Sees what the daemon answered to `handshake`; throw to refuse the connection. */
  validateHandshake?: (response: unknown) => void | Promise<void>;
  /** Lets `handshake` travel along when the proxy is passed to a peer. Default false. */
  shareHandshake?: boolean;
  /** Most that one call takes, waiting for a connection and repeats included. Default 60,000; 0: no limit. */
  callTimeoutMs?: number;
  /** Most that one attempt to connect takes: name lookup (beyond its `waitMs`), socket, TLS, handshake. Default 10,000. */
  connectTimeoutMs?: number;
  /** A reply that has begun may pause so long. Default 30,000; 0: no limit but that of the call. */
  frameTimeoutMs?: number;
  /** Connections at most. Each is a session of the object of its own and carries one call at a time. Default 1. */
  poolSize?: number;
  /** Calls that wait for a connection, at most. Default 1,000; more fail at once. */
  maxQueuedCalls?: number;
  /** Further attempts when connecting fails, and repeats of calls that are `repeatable`. Default 2. */
  maxRetries?: number;
  /** Wait before the first retry; it doubles each time, and a random part of up to its half is taken off. Default 100. */
  retryDelayMs?: number;
  /** Most that is waited before a retry. Default 5,000. */
  maxRetryDelayMs?: number;
  /** Methods that may safely be carried out twice: they are sent again when the connection broke during the call. Default none. */
  repeatable?: readonly string[];
  /** After so long without traffic the system asks whether the daemon is still there. Default 60,000; 0: never. */
  keepAliveMs?: number;
  /** Connections end when there was no call for so long; the next call opens another. Default 0: never. */
  idleTimeoutMs?: number;
  /** Connect over TLS, with these certificates; `true`: those that Node trusts. Default plain. */
  tls?: boolean | ClientTlsOptions;
  /**
   * Opens the byte stream to an address, instead of TCP or a unix socket: through a tunnel, or within the process. A failure
   * that is no PyroError counts as nobody answering. Not with `tls`.
   */
  openSocket?: (address: ConnectAddress, signal: AbortSignal) => Duplex | Promise<Duplex>;
  /**
   * Use this connected socket or other byte stream, which the daemon at its other end serves alone (its `connectedSocket`): there
   * is no handshake, and no second connection. It ends with the proxy. The URI may be the object id alone.
   */
  connectedSocket?: Duplex;
  /** Compress requests over 100 bytes. Default false. Compressed replies are always read. */
  compression?: boolean;
  /** Largest message either way, also after inflation. Default 256 MiB. */
  maxMessageBytes?: number;
  /** Nested containers in a value. Default 200. */
  maxDepth?: number;
  /** Decimal digits of an int. Default 4,300, as in Python. */
  maxIntDigits?: number;
  /** Write bytes as `b'…'` in serpent. Default false, as in Pyro5. */
  serpentBytesRepr?: boolean;
  /** How results look. Default `natural`. */
  values?: ValueMode;
  /** Classes that travel. Default: those of `registerClass`. */
  classes?: ClassRegistry;
  /** Sent with the handshake and every call. */
  annotations?: AnnotationValues | (() => AnnotationValues);
  /** Gets the annotations of every reply that has some. */
  onAnnotations?: (annotations: ReadonlyMap<string, Buffer>) => void;
  /** A connection was opened: the daemon let us in. */
  onConnected?: () => void;
  /** A connection has ended, and why. */
  onDisconnected?: (error: Error) => void;
  /** Sees every message, handshakes among them: `(message) => console.debug(describeWireMessage(message))`. */
  wireLog?: WireLog;
  /** Where names are looked up. */
  nameServer?: NameServerAddress;
  /** Where proxies that the peer sends may connect to. Default: TCP to the peer's own address, or its unix socket. */
  receivedProxies?: ReceivedProxies;
  /**
   * Serves the objects of yours that are passed in calls, so that they travel as proxies: a `PyroDaemon` of this program. One that
   * is not registered there is so as long as the connection lasts that it was passed over.
   */
  autoproxy?: Autoproxy;
  /** Gives up `PyroProxy.connect` and `$connect()`. Calls, and the connections they open, have signals of their own: `$with({ signal })`. */
  signal?: AbortSignal;
}

/** What makes proxies of objects that this program serves. */
export interface Autoproxy {
  /** Undefined: the object is not served. */
  referenceFor(value: object): ProxyReference | undefined;
  /** Serves an object until the lease is released. Undefined: it exposes nothing, or is served without a lease. */
  leaseFor?(value: object): AutoproxyLease | undefined;
}

/** An object is served as long as somebody holds a lease of it. */
export interface AutoproxyLease {
  readonly reference: ProxyReference;
  release(): void;
}

/** Options of single calls, see `$with`. */
export interface CallOptions {
  /** Most that the call takes. Default that of the proxy. */
  callTimeoutMs?: number;
  /** Ends the call with the signal's reason. A call that was sent takes its connection along. */
  signal?: AbortSignal;
  /** Sent with the call, in addition to those of the proxy. */
  annotations?: AnnotationValues;
  /** Gets the annotations of the reply, when it has some. */
  onAnnotations?: (annotations: ReadonlyMap<string, Buffer>) => void;
  /** The call may safely be carried out twice. Default: what the proxy's `repeatable` says. */
  repeatable?: boolean;
  /** Wait for no reply, or (false) for one. Default: what the object's metadata says. */
  oneway?: boolean;
}

/** Options with every limit filled in. */
export type ResolvedProxyOptions = PyroProxyOptions & Required<Pick<PyroProxyOptions, keyof typeof DEFAULTS>>;

const DEFAULTS = {
  serializer: 'serpent' as SerializerName,
  handshake: DEFAULT_HANDSHAKE as unknown,
  shareHandshake: false,
  callTimeoutMs: 60_000,
  connectTimeoutMs: 10_000,
  frameTimeoutMs: 30_000,
  poolSize: 1,
  maxQueuedCalls: 1_000,
  maxRetries: 2,
  retryDelayMs: 100,
  maxRetryDelayMs: 5_000,
  keepAliveMs: 60_000,
  idleTimeoutMs: 0,
  compression: false,
  maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
  maxDepth: 200,
  maxIntDigits: 4_300,
  serpentBytesRepr: false,
  values: 'natural' as ValueMode,
};

const BOUNDS = { ...LIMIT_BOUNDS, connectTimeoutMs: { least: 1 }, poolSize: { least: 1, most: 10_000 } };

/**
 * Fills in defaults and refuses what cannot work.
 *
 * @throws {PyroError} `CONFIG`, naming option, value and what it may be
 */
export function resolveProxyOptions(options: PyroProxyOptions): ResolvedProxyOptions {
  const given = givenOptions(options);
  const resolved: ResolvedProxyOptions = { ...DEFAULTS, ...environmentDefaults(given), ...given };
  checkNumbers(resolved, DEFAULTS, BOUNDS);
  if (resolved.openSocket && resolved.tls)
    throw configError('tls cannot be had over openSocket; let openSocket open a TLS socket');
  if (resolved.connectedSocket && (resolved.openSocket ?? (resolved.tls || resolved.poolSize > 1 || undefined)))
    throw configError('connectedSocket excludes openSocket, tls and a poolSize over 1');
  if (!Object.hasOwn(SERIALIZER_IDS, resolved.serializer)) {
    throw configError(
      `serializer is ${JSON.stringify(resolved.serializer)}; it must be ${Object.keys(SERIALIZER_IDS).join(', ')}`,
    );
  }
  return resolved;
}

/** @throws {PyroError} `CONFIG`, when an option of a call cannot work */
export function checkCallOptions(options: CallOptions): CallOptions {
  if (options.callTimeoutMs !== undefined) checkNumber('callTimeoutMs', options.callTimeoutMs);
  // many calls may share a signal, and each takes its listener back: no leak to warn of
  if (options.signal) setMaxListeners(0, options.signal);
  return options;
}

/** Both together; what is given for the call wins. */
export function annotationsOf(proxy: PyroProxyOptions['annotations'], call?: AnnotationValues): Annotations {
  if (proxy === undefined && call === undefined) return NO_ANNOTATIONS;
  const all = new Map<string, Buffer>();
  for (const values of [typeof proxy === 'function' ? proxy() : proxy, call]) {
    if (values === undefined) continue;
    const entries = values instanceof Map ? (values as Map<string, Uint8Array>) : Object.entries(values as object);
    for (const [id, data] of entries as Iterable<[string, Uint8Array]>) {
      all.set(id, data instanceof Uint8Array ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : data);
    }
  }
  return all;
}
