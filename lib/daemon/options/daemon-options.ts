import type { Duplex } from 'node:stream';
import type { AnnotationValues } from '../../protocol/messages/annotations.js';
import type { WireLog } from '../../protocol/messages/message.js';
import type { ClassRegistry } from '../../serializers/contract/class-registry.js';
import type { ArrayOptions, DateMode, SerializerName, ValueMode } from '../../serializers/contract/serializer.js';
import type { ServerTlsOptions } from '../../options/tls.js';
import type { PyroConnection } from '../contract/connection.js';
import type { Daemon } from '../contract/daemon.js';
import type { SignatureBook } from '../contract/signatures.js';
import type { DaemonProfile } from '../limits/limit-profiles.js';
import type { LimitName } from '../limits/limit.js';
import type { AuthorizeRequest, HandshakeAnswer } from '../contract/authorization.js';

/**
 * Options of a daemon. Times are milliseconds, sizes bytes; 0 switches a timeout off.
 *
 * Pyro5's `PYRO_*` environment variables change some of the defaults: docs/configuration.md lists them.
 */
export interface DaemonOptions {
  /** Interface to listen on. Default `localhost`. */
  host?: string;
  /** Port to listen on. Default 0: the system chooses a free port. */
  port?: number;
  /** Path of a unix domain socket, instead of `host` and `port`. */
  unixSocket?: string;
  /** Host that URIs name instead of `host`, for clients behind a NAT or outside of a container. Default, and an empty text: none. */
  natHost?: string;
  /** Port that URIs name with `natHost`. Default 0: the port that the daemon listens on. */
  natPort?: number;
  /** False: do not listen; serve only the sockets given to `serve(socket)`. Default true. */
  listen?: boolean;
  /** Serve only this connected socket, without listening and without a handshake. */
  connectedSocket?: Duplex;
  /** Accept only TLS connections, on a TCP port. Default: plain connections. */
  tls?: ServerTlsOptions | false;
  /** Serializers that clients may use. Default all. */
  serializers?: SerializerName[];
  /**
   * Defaults of the limits: `lab` for a network whose machines are trusted, `exposed` for a network that anybody can reach; see
   * docs/limits.md. Limits in code win over these defaults. If code gives `lab`, the daemon does not warn that it has neither
   * guards nor TLS. Default: `lab`, with the warning.
   */
  profile?: DaemonProfile;
  /** Largest message either way, also after inflation. Default 256 MiB. */
  maxMessageBytes?: number;
  /**
   * Largest CONNECT message, also after inflation: the most that a client may send before its handshake has ended. Its value may take
   * four times as much memory. Default 64 KiB.
   */
  maxHandshakeBytes?: number;
  /**
   * Memory that the arguments of one request may take, as estimated while they are read. A request over this limit is answered with
   * `builtins.ValueError`. Default 512 MiB, at most a quarter of the heap limit of the process.
   */
  maxValueBytes?: number;
  /**
   * Objects of one request that rules of class-validator, class-transformer or a schema check, those in arguments that Nest's pipes
   * validate included. To check one takes some 10 µs. A request over this limit is answered with `builtins.ValueError`. Default 100,000.
   */
  maxCheckedObjects?: number;
  /**
   * Memory that the arguments of all running requests, the results of running batches and the data of all running handshakes may take
   * together, with 1 KiB for each request. The last eighth is for connections that hold at most 64 KiB. One connection may hold half, or a
   * value of `maxValueBytes` where that is more, and so may one remote address. A request over this limit is answered with
   * `Pyro5.errors.PyroError`, a batch ends with this error, a handshake is refused. Default: a quarter of the heap limit of the process.
   */
  maxInFlightValueBytes?: number;
  /** Annotations of one message. A message with more ends its connection. Default 100. */
  maxAnnotations?: number;
  /** Bytes of the annotations of one message together. A message with more ends its connection. Default 16 MiB. */
  maxAnnotationsBytes?: number;
  /**
   * Largest inflated data of a message, as a multiple of its compressed size; data up to 16 MiB may have any ratio. A message over this
   * limit is answered with `Pyro5.errors.MessageTooLargeError`, and its connection is closed. Default 100.
   */
  maxInflationRatio?: number;
  /** Bytes that the compressed messages of all connections inflate to at the same time. Messages over this limit wait. Default 256 MiB. */
  maxInflatingBytes?: number;
  /**
   * Keeps handshake data and annotations of any size with the connection. Without this option, data and annotations over 2 KiB of memory
   * are dropped after the handshake. Then `connection.handshake` is undefined, and so is the data for handshake guards of further objects.
   * Kept data of more than 2 KiB counts under `maxInFlightValueBytes`. Default false.
   */
  keepHandshake?: boolean;
  /** Open connections. A client over this number is told so and disconnected. Default 10,000. */
  maxConnections?: number;
  /** Open connections of one remote address (of one IPv6 network of 64 bits). A client over this number is told so. Default 5,000. */
  maxConnectionsPerAddress?: number;
  /**
   * Handshakes of one remote address that are under way, with those whose client has gone while a guard still runs. A client over this
   * number is told so. Default 500.
   */
  maxHandshakesPerAddress?: number;
  /**
   * Failed handshakes of one remote address in a minute. From a quarter of them on, refusals are delayed; over this number the address
   * is refused, and told when to try again. Connections that guards of a further object refuse are counted by themselves: over this
   * number no guards of further objects are asked. Default 120.
   */
  maxFailedHandshakes?: number;
  /** True: limits per address also hold for addresses of this machine (127.0.0.1, ::1). Default false. */
  limitLoopback?: boolean;
  /**
   * Connections that are gone while a call of theirs, or their handshake, still runs. Those of one remote address count up to
   * `maxAbandonedConnectionsPerAddress`. Over this number new clients are told that the daemon is full. Default 1,000.
   */
  maxAbandonedConnections?: number;
  /**
   * Connections of one remote address that are gone while a call of theirs, or their handshake, still runs. Over this number new clients
   * of the address are told so. Calls of clients that have gone are carried out all the same. Default 500.
   */
  maxAbandonedConnectionsPerAddress?: number;
  /**
   * Longest time from accept to the end of the handshake, guards included; and of the guards of a further object that an open
   * connection uses. Default 10,000.
   */
  handshakeTimeoutMs?: number;
  /** Longest pause inside a message. Default 30,000. */
  frameTimeoutMs?: number;
  /** Longest time that a message may take to arrive in all. Default 600,000. */
  messageTimeoutMs?: number;
  /** Longest time in which a client takes no byte of the replies that wait for it. Default 60,000. */
  writeTimeoutMs?: number;
  /** Bytes of replies that wait for clients to read them, of all connections. Over this number the slowest reader is disconnected. Default 1 GiB. */
  maxUnsentBytes?: number;
  /** Bytes of requests that arrive or wait, of all connections. Over this number large requests wait, and their connections are not read. A single larger request is refused. Default 512 MiB. */
  maxUnservedBytes?: number;
  /** Time without requests after which a connection is closed. Default 0: never. */
  idleTimeoutMs?: number;
  /**
   * Longest time of a call. A longer call is answered with `builtins.TimeoutError`, and goes on while later requests are served. Default
   * 0: no limit.
   */
  callTimeoutMs?: number;
  /** Calls of one connection over `callTimeoutMs`, or given up by an interceptor, that still run. Over this number the connection is closed. Default 64. */
  maxLateCalls?: number;
  /**
   * Requests of one connection that wait or run at the same time, without those that `maxLateCalls` counts. The daemon reads no more until
   * one has ended. Default 64.
   */
  maxQueuedRequests?: number;
  /** Compress replies over 100 bytes. Compressed requests are always accepted. Default false. */
  compression?: boolean;
  /** Send `_pyroTraceback` lines with errors. Default true, but false under `NODE_ENV=production`. */
  detailedTraceback?: boolean;
  /** Write bytes as `b'…'` in serpent. Default false, as in Pyro5. */
  serpentBytesRepr?: boolean;
  /** Representation of received values: `natural` or `faithful`. Default `natural`. */
  values?: ValueMode;
  /** `Date`: texts in the form of Python's `datetime.isoformat()` become Dates, wherever they stand in arguments. Default `text`. */
  dates?: DateMode;
  /** Options of arrays of NumPy: the form of a written `NdArray`, and whether arrays are read. */
  arrays?: ArrayOptions;
  /** Depth of nested containers in a value, at most 1,000. Default 200. */
  maxDepth?: number;
  /** Decimal digits of an int. Default 4,300, as in Python. */
  maxIntDigits?: number;
  /** Serve iterators as item streams. If false, a method that returns an iterator fails. Default true. */
  streaming?: boolean;
  /** Longest life of a stream. Default 0: no limit. */
  streamLifetimeMs?: number;
  /** Time that a stream stays open after its connection has ended, for a client that connects again. 0: not at all. Default 30,000. */
  streamLingerMs?: number;
  /** Open streams of the daemon. Default 10,000. */
  maxStreams?: number;
  /** Open streams of the connections of one remote address. Default 5,000. */
  maxStreamsPerAddress?: number;
  /** Open streams of one connection. Default 100. */
  maxStreamsPerConnection?: number;
  /** Requests of all connections that wait for items of one stream. A request over this number fails. Default 64. */
  maxPullsPerStream?: number;
  /** Host names in proxies of one remote address that wait to be looked up. Over this number calls of such proxies fail. Default 256. */
  maxHostLookups?: number;
  /** Time between two housekeeping runs. Default 2,000. */
  housekeepingIntervalMs?: number;
  /** Classes whose instances can be sent and received. Default: the classes of `registerClass`. */
  classes?: ClassRegistry;
  /** Annotations of every reply: a function that gives a Map or a plain object of bytes at once. See {@link Daemon.annotations}. */
  annotations?: () => AnnotationValues;
  /** Decides whether a connection may be used; throws to refuse it. See {@link Daemon.validateHandshake}. */
  validateHandshake?: (request: AuthorizeRequest) => Promise<HandshakeAnswer> | HandshakeAnswer;
  /** Called with every message, handshakes included: `(message) => console.debug(describeWireMessage(message))`. */
  wireLog?: WireLog;
  /** Called when a connection has ended; see {@link Daemon.clientDisconnect}. */
  clientDisconnect?: (connection: PyroConnection) => Promise<void> | void;
  /** Called every `housekeepingIntervalMs`; see {@link Daemon.housekeeping}. */
  housekeeping?: () => Promise<void> | void;
  /**
   * Types and docs that `get_signatures` tells clients: the path of the file that `nestjs-pyro pyi --signatures` writes, or its content.
   * Default: names of members and parameters only.
   */
  signatures?: string | SignatureBook;
  /** Class of the object `Pyro.Daemon`; extends `DaemonObject`. Its constructor gets the daemon. Default `DaemonObject`. */
  daemonObject?: new (daemon: Daemon) => object;
}

/** Options in which every limit has a value. */
export type ResolvedDaemonOptions = DaemonOptions &
  Required<Pick<DaemonOptions, LimitName | keyof typeof DEFAULT_SWITCHES | 'housekeepingIntervalMs' | 'detailedTraceback'>>;

/** Defaults of the options that are no limits. */
export const DEFAULT_SWITCHES = {
  keepHandshake: false,
  compression: false,
  serpentBytesRepr: false,
  values: 'natural' as ValueMode,
  dates: 'text' as DateMode,
  streaming: true,
  limitLoopback: false,
};

export const DEFAULT_HOUSEKEEPING_INTERVAL_MS = 2_000;
