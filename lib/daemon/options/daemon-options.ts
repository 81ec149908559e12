import type { Duplex } from 'node:stream';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../../protocol/constants.js';
import type { WireLog } from '../../protocol/message.js';
import type { ClassRegistry } from '../../serializers/contract/class-registry.js';
import type { SerializerName, ValueMode } from '../../serializers/contract/serializer.js';
import type { ServerTlsOptions } from '../../options/tls.js';
import type { PyroConnection } from '../contract/connection.js';
import type { Daemon } from '../contract/daemon.js';
import type { Authorization, AuthorizeRequest } from '../contract/authorization.js';

/**
 * Options of a daemon. Times are milliseconds, sizes bytes; 0 switches a timeout off.
 *
 * Pyro5's `PYRO_*` environment variables change some of the defaults: docs/configuration.md lists them.
 */
export interface DaemonOptions {
  /** Interface to listen on. Default `localhost`. */
  host?: string;
  /** Default 0: the system chooses a free one. */
  port?: number;
  /** Path of a unix domain socket, instead of `host` and `port`. */
  unixSocket?: string;
  /** Host that URIs name instead of `host`, for clients beyond a NAT or a container's border. Default, and an empty text: none. */
  natHost?: string;
  /** Port that URIs name with `natHost`. Default 0: same as the port listened on. */
  natPort?: number;
  /** False: listen nowhere, and serve what `serve(socket)` is given. Default true. */
  listen?: boolean;
  /** Serve this connected socket alone: no listener, no handshake. */
  connectedSocket?: Duplex;
  /** Let clients in over TLS only; TCP only. Default plain. */
  tls?: ServerTlsOptions | false;
  /** Serializers that clients may use. Default all. */
  serializers?: SerializerName[];
  /** Largest message either way, also after inflation. Default 256 MiB. */
  maxMessageBytes?: number;
  /** Largest CONNECT message, also after inflation: what a client may send before it is let in. Default 1 MiB. */
  maxHandshakeBytes?: number;
  /** Default 10,000. A client over it is told so and closed. */
  maxConnections?: number;
  /** From connect to the end of the handshake, guards included. Default 10,000. */
  handshakeTimeoutMs?: number;
  /** A message that has begun may pause so long. Default 30,000. */
  frameTimeoutMs?: number;
  /** A connection without requests is closed after so long. Default 0: never. */
  idleTimeoutMs?: number;
  /** A call over it is answered with `builtins.TimeoutError`. Default 0: never. */
  callTimeoutMs?: number;
  /** Requests of one connection that wait or run at once before reading stops. Default 64. */
  maxQueuedRequests?: number;
  /** Compress replies over 100 bytes. Default false. Compressed requests are always read. */
  compression?: boolean;
  /** Send `_pyroTraceback` lines with errors. Default true, but false under `NODE_ENV=production`. */
  detailedTraceback?: boolean;
  /** Write bytes as `b'…'` in serpent. Default false, as in Pyro5. */
  serpentBytesRepr?: boolean;
  /** How received values look. Default `natural`. */
  values?: ValueMode;
  /** Nested containers in a value, at most 1,000. Default 200. */
  maxDepth?: number;
  /** Decimal digits of an int. Default 4,300, as in Python. */
  maxIntDigits?: number;
  /** Serve iterators as item streams. Default true; false: a method that returns one fails. */
  streaming?: boolean;
  /** A stream is closed so long after it was opened. Default 0: never. */
  streamLifetimeMs?: number;
  /** A stream outlives its connection so long. Default 30,000; 0: it ends with the connection. */
  streamLingerMs?: number;
  /** Open streams in all. Default 10,000. */
  maxStreams?: number;
  /** Open streams of one connection. Default 100. */
  maxStreamsPerConnection?: number;
  /** Default 2,000. */
  housekeepingIntervalMs?: number;
  /** Classes that travel. Default: those of `registerClass`. */
  classes?: ClassRegistry;
  /** Added to every reply; see {@link Daemon.annotations}. */
  annotations?: () => ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>;
  /** Lets a connection in or throws; see {@link Daemon.validateHandshake}. */
  validateHandshake?: (request: AuthorizeRequest) => Promise<Authorization> | Authorization;
  /** Sees every message, handshakes among them: `(message) => console.debug(describeWireMessage(message))`. */
  wireLog?: WireLog;
  /** A connection has ended; see {@link Daemon.clientDisconnect}. */
  clientDisconnect?: (connection: PyroConnection) => Promise<void> | void;
  /** Called every `housekeepingIntervalMs`; see {@link Daemon.housekeeping}. */
  housekeeping?: () => Promise<void> | void;
  /** Class of the object `Pyro.Daemon`, made with the daemon. Default `DaemonObject`; yours extends it. */
  daemonObject?: new (daemon: Daemon) => object;
}

/** Options with every limit filled in. */
export type ResolvedDaemonOptions = DaemonOptions &
  Required<Pick<DaemonOptions, keyof typeof DEFAULT_LIMITS | 'detailedTraceback'>>;

/** Limits and switches that hold unless an option says otherwise. */
export const DEFAULT_LIMITS = {
  maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
  maxHandshakeBytes: 1024 * 1024,
  maxConnections: 10_000,
  handshakeTimeoutMs: 10_000,
  frameTimeoutMs: 30_000,
  idleTimeoutMs: 0,
  callTimeoutMs: 0,
  maxQueuedRequests: 64,
  compression: false,
  serpentBytesRepr: false,
  values: 'natural' as ValueMode,
  maxDepth: 200,
  maxIntDigits: 4_300,
  streaming: true,
  streamLifetimeMs: 0,
  streamLingerMs: 30_000,
  maxStreams: 10_000,
  maxStreamsPerConnection: 100,
  housekeepingIntervalMs: 2_000,
};
