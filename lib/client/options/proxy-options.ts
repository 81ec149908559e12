import type { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';

import type { ClientTlsOptions } from '../../options/tls.js';
import type { AnnotationValues } from '../../protocol/messages/annotations.js';
import type { ProxyReference } from '../../protocol/proxy-reference.js';
import type { WireLog } from '../../protocol/messages/message.js';
import type { ClassRegistry } from '../../serializers/contract/class-registry.js';
import type { ArrayOptions, DateMode, SerializerName, ValueMode } from '../../serializers/contract/serializer.js';
import type { ConnectAddress } from '../../transport/sockets/connector.js';
import type { NameServerAddress } from './name-resolver.js';
import type { ProxySender, ReceivedProxies } from './received-proxies.js';

/** Options of a proxy. Times are milliseconds, sizes bytes. Pyro5's `PYRO_*` environment variables change some of the defaults: see docs/configuration.md. */
export interface PyroProxyOptions {
  /** Serializer of requests. Default `serpent`. */
  serializer?: SerializerName;
  /** Handshake data, sent to the daemon when connecting. Default `hello`. */
  handshake?: unknown;
  /** Gets the daemon's answer to the handshake, and the daemon's address and certificate. Throw an error, or give false, to refuse the connection. */
  validateHandshake?: (response: unknown, daemon: ConnectedDaemon) => void | Promise<void>;
  /** Sends `handshake` along when the proxy is passed to a peer. Default false. */
  shareHandshake?: boolean;
  /** Longest time for one call, including the wait for a connection and repeats. Default 60,000; 0: no limit. */
  callTimeoutMs?: number;
  /** Longest time for one attempt to connect: name lookup (its `waitMs` is added), socket, TLS, handshake. Default 10,000. */
  connectTimeoutMs?: number;
  /** Longest pause within a reply. Default 30,000; 0: only `callTimeoutMs` limits the reply. */
  frameTimeoutMs?: number;
  /** Largest number of connections. Each is a session of the object, and runs one call at a time. Default 1. */
  poolSize?: number;
  /** Largest number of calls that wait for a connection. Their arguments are read when they are sent. Default 1,000; further calls fail at once. */
  maxQueuedCalls?: number;
  /** Further attempts when nobody answers a connection, and further attempts of `repeatable` calls. Default 2. */
  maxRetries?: number;
  /** Pause before the first retry. It doubles with each retry; a random part of up to its half is subtracted. Default 100. */
  retryDelayMs?: number;
  /** Longest pause before a retry. Default 5,000. */
  maxRetryDelayMs?: number;
  /** Methods that may safely run twice: a call is sent again when its connection broke. Default none. */
  repeatable?: readonly string[];
  /** Idle time after which TCP keep-alive checks whether the daemon still answers. Default 60,000; 0: never. */
  keepAliveMs?: number;
  /**
   * Closes the connections after this time without a call, except those of open item streams. The next call opens a new one. Default 0:
   * never; for the proxies in results of calls 30,000.
   */
  idleTimeoutMs?: number;
  /** Connects over TLS, with these certificates; `true`: with the authorities that Node trusts. Default: no TLS. */
  tls?: boolean | ClientTlsOptions;
  /**
   * Opens the byte stream to an address, in place of TCP or a unix socket: for example through a tunnel, or in memory. After an error that
   * is no PyroError, connecting is retried, as for a daemon that does not answer. Not with `tls`.
   */
  openSocket?: (address: ConnectAddress, signal: AbortSignal) => Duplex | Promise<Duplex>;
  /**
   * A connected socket or other byte stream to use, in place of opening connections. The daemon at the other end serves it as its
   * `connectedSocket`: there is no handshake, and no second connection. It serves one proxy, whose `$release()` closes it. The URI may be the object id alone.
   */
  connectedSocket?: Duplex;
  /** Compresses requests over 100 bytes. Default false. Compressed replies are always accepted. */
  compression?: boolean;
  /** Largest request or reply, also after inflation. Default 256 MiB. */
  maxMessageBytes?: number;
  /**
   * Largest answer to the handshake, also after inflation. Its value may take four times as much memory. Connecting fails over this
   * limit. Default 1 MiB.
   */
  maxHandshakeBytes?: number;
  /**
   * Memory that the value of one reply may take, as estimated while it is read. A call whose reply is over this limit fails with a
   * SerializeError. Default 512 MiB, at most a quarter of the heap limit of the process.
   */
  maxValueBytes?: number;
  /**
   * Objects of one reply that rules of class-validator, class-transformer or a schema check. A call whose reply is over this limit fails
   * with a SerializeError. Default 100,000.
   */
  maxCheckedObjects?: number;
  /** Annotations of one reply. A reply with more ends its connection. Default 100. */
  maxAnnotations?: number;
  /** Bytes of the annotations of one reply together. A reply with more ends its connection. Default 16 MiB. */
  maxAnnotationsBytes?: number;
  /** Largest inflated data of a reply, as a multiple of its compressed size; data up to 16 MiB may have any ratio. Default 100. */
  maxInflationRatio?: number;
  /**
   * Bytes that the compressed replies of all connections of the proxy inflate to at the same time. Replies over this limit wait. Default
   * 256 MiB.
   */
  maxInflatingBytes?: number;
  /** Deepest nesting of containers in a value. Default 200. */
  maxDepth?: number;
  /** Largest number of decimal digits of an int. Default 4,300, as in Python. */
  maxIntDigits?: number;
  /** Host names in proxies that one server has sent, which wait to be looked up. Over this number their calls fail. Default 256. */
  maxHostLookups?: number;
  /** Writes bytes as `b'…'` in serpent. Default false, as in Pyro5. */
  serpentBytesRepr?: boolean;
  /** Representation of Python values in results: `natural` or `faithful`. Default `natural`. */
  values?: ValueMode;
  /** `Date`: texts in the form of Python's `datetime.isoformat()` become Dates, wherever they stand in results. Default `text`. */
  dates?: DateMode;
  /** Options of arrays of NumPy: the form of a written `NdArray`, and whether arrays are read. */
  arrays?: ArrayOptions;
  /** Classes with converters. Default: the classes of `registerClass`. */
  classes?: ClassRegistry;
  /** Annotations that are sent with the handshake and with every call: a Map or a plain object, or a function that gives one at once. */
  annotations?: AnnotationValues | (() => AnnotationValues);
  /** Called with the annotations of every reply that has some. Its error is a warning of the process. */
  onAnnotations?: (annotations: ReadonlyMap<string, Buffer>) => void;
  /** Called after the handshake of every new connection. */
  onConnected?: () => void;
  /** Called when a connection has ended; the error says why. */
  onDisconnected?: (error: Error) => void;
  /** Called with every message, including handshakes: `(message) => console.debug(describeWireMessage(message))`. */
  wireLog?: WireLog;
  /**
   * Makes OpenTelemetry traces and metrics of all calls. True: also if the SDK is set up later; then there are traces, but no metrics.
   * Default: when `@opentelemetry/api` is installed and an SDK was set up before the proxy is made.
   */
  telemetry?: boolean;
  /** Name server that looks up names. A list: the first name server that answers and has the name. */
  nameServer?: NameServerAddress | readonly NameServerAddress[];
  /** Decides where proxies that the peer sends may connect to. Default: over TCP to the peer's own address, or to its unix socket. */
  receivedProxies?: ReceivedProxies;
  /**
   * A `PyroDaemon` of this program. It serves the objects that are passed in calls, which are then sent as proxies. If an object is not
   * registered at the daemon, it is registered until the connection of the call closes. Objects that are registered at a daemon of this
   * process need no `autoproxy`.
   */
  autoproxy?: Autoproxy;
  /** Aborts `PyroProxy.connect` and `$connect()`. It does not abort calls: see `$with({ signal })`. */
  signal?: AbortSignal;
}

/** The daemon at the other end of a new connection. */
export interface ConnectedDaemon extends ProxySender {
  /** The TLS certificate of the daemon. Undefined without TLS. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** Makes references for objects that this program serves, so that they are sent as proxies. */
export interface Autoproxy {
  /** Gives the reference of an object that is served; undefined when it is not. */
  referenceFor(value: object): ProxyReference | undefined;
  /** Serves an object until the lease is released. Undefined: the object exposes nothing, or needs no lease. */
  leaseFor?(value: object): AutoproxyLease | undefined;
}

/** A lease of an object: the object is served until all its leases are released. */
export interface AutoproxyLease {
  /** The object as it travels: URI and exposed members. */
  readonly reference: ProxyReference;
  /** Unregisters the object when this was its last lease. */
  release(): void;
}

/** Options of calls, for `$with`. */
export interface CallOptions {
  /** Longest time for the call. Default: the proxy's `callTimeoutMs`. */
  callTimeoutMs?: number;
  /** Ends the call with the signal's reason. If the call was sent, its connection is closed. */
  signal?: AbortSignal;
  /** Annotations that are sent with the call, together with those of the proxy: a Map or a plain object. */
  annotations?: AnnotationValues;
  /** Called with the annotations of the reply, if it has some. Its error is a warning of the process. */
  onAnnotations?: (annotations: ReadonlyMap<string, Buffer>) => void;
  /** True: the call may safely run twice. Default: true for methods in the proxy's `repeatable`. */
  repeatable?: boolean;
  /** True: does not wait for a reply. False: waits, even if the method is oneway. Default: as the object's metadata says. */
  oneway?: boolean;
}
