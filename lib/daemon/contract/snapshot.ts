import type { InstanceMode } from '../../objects/keyed-instances.js';
import type { MethodParameter } from '../../objects/parameters/argument-binder.js';
import type { LimitName } from '../limits/limit.js';

/**
 * The state of a daemon at one moment, as `daemon.inspect()` gives it: only values that JSON has. Texts that peers chose are cut, and
 * their unprintable characters are escaped. Handshake data, arguments and results are never part of it.
 */
export interface DaemonSnapshot {
  /** When the snapshot was taken, as in `Date.prototype.toISOString`. */
  at: string;
  /** The daemon is `new` before it listens, and `draining` while it waits for running calls. */
  state: DaemonState;
  /** Location of the daemon; null before it listens. */
  location: string | null;
  /** The NAT address that URIs name; null without NAT. */
  natLocation: string | null;
  /** Time since the daemon began to listen; 0 before. */
  uptimeMs: number;
  /** Numbers of the daemon, with those that only grow. */
  totals: DaemonTotals;
  /** Registered objects, `Pyro.Daemon` included; at most `maxListed`: those that {@link InspectOptions.first} names, then those with most calls. */
  objects: ObjectSnapshot[];
  /** Connections that passed their handshake, the oldest first; at most `maxListed`. */
  connections: ConnectionSnapshot[];
  /** Open item streams, the oldest first; at most `maxListed`. */
  streams: StreamSnapshot[];
  /** The limits, with the part of each that is used. */
  limits: LimitSnapshot[];
  /**
   * Names of the objects at name servers; at most `maxListed`: those that {@link InspectOptions.first} names, then those that are not
   * registered, then those of the listed objects.
   */
  names: NameSnapshot[];
  /** The latest failures, the newest first; at most 100 are kept. */
  failures: FailureSnapshot[];
}

/**
 * - `new`: does not listen yet.
 * - `listening`: accepts connections and calls.
 * - `draining`: accepts no more connections and calls; running calls end.
 * - `closed`: every connection is closed, or is being closed.
 */
export type DaemonState = 'new' | 'listening' | 'draining' | 'closed';

/** Numbers of a daemon. A number that grows counts from the creation of the daemon. */
export interface DaemonTotals {
  /** Connections that passed their handshake. Grows. */
  connectionsOpened: number;
  /** Connections that are open now. */
  connectionsOpen: number;
  /** Connections whose handshake was refused or failed. Grows. */
  connectionsRefused: number;
  /** Calls that were run. Each entry of a batch is a call, and each item of a stream is a call of `Pyro.Daemon`. Grows. */
  calls: number;
  /** Calls that failed or were refused. Grows. */
  failedCalls: number;
  /** Requests that run or wait now. */
  requestsInProgress: number;
  /** Item streams that are open now, lingering ones included. */
  streamsOpen: number;
  /** Closed item streams whose iterators still run. An iterator that waits for ever keeps the arguments of its call. */
  streamsEnding: number;
  /** Objects that are registered now, `Pyro.Daemon` included. */
  objects: number;
  /** Leases of objects that are held now. */
  leases: number;
  /** Names that are registered now. A name at two name servers counts twice, here and below. */
  namesRegistered: number;
  /** Names that another program has now. */
  namesTaken: number;
  /** Names that are not registered yet, or not any more, as far as the program knows: their name server does not answer. */
  namesWaiting: number;
  /** Bytes that came from clients. Grows. Streams that are no sockets are not counted. */
  receivedBytes: number;
  /** Bytes that were sent to clients. Grows. Streams that are no sockets are not counted. */
  sentBytes: number;
}

/** An object and its members, as its target describes them. */
export interface TargetDescription {
  /** Name of the class; null when it has none. */
  className: string | null;
  /** Null for a target of another kind. */
  instanceMode: InstanceMode | null;
  /** Exposed methods and attributes. */
  members: MemberSnapshot[];
}

/** A registered object. */
export interface ObjectSnapshot extends TargetDescription {
  /** Id of the object. */
  objectId: string;
  /** True when handshake guards decide who may use the object. */
  isGuarded: boolean;
  /** True when the object is registered until its leases are released. */
  isLeased: boolean;
  /** Calls of the object that were run since it was registered. */
  calls: number;
  /** Calls of the object that failed or were refused, and items of its streams. */
  failures: number;
}

/** An exposed member. */
export type MemberSnapshot = MethodSnapshot | AttributeSnapshot;

/** An exposed method. */
export interface MethodSnapshot {
  /** Tells a method from an attribute. */
  kind: 'method';
  /** Wire name. */
  name: string;
  /** True when clients do not wait for a reply. */
  isOneway: boolean;
  /** True when the method is known to return a stream: a generator, or a method of Nest with the option `stream`. */
  isStream: boolean;
  /** Null when they cannot be read from the source of the method. */
  parameters: MethodParameter[] | null;
}

/** An exposed attribute. Type, rules and shape are those of the values that clients set, where decorators tell them. */
export interface AttributeSnapshot extends Pick<MethodParameter, 'type' | 'rules' | 'shape'> {
  /** Tells an attribute from a method. */
  kind: 'attribute';
  /** Wire name. */
  name: string;
  /** True when clients can read the attribute. */
  isReadable: boolean;
  /** True when clients can set the attribute. */
  isWritable: boolean;
}

/** A connection of a client. */
export interface ConnectionSnapshot {
  /** Number of the connection within its daemon, counted from 1. */
  id: number;
  /** `address:port` of the client, or `local`. */
  remoteAddress: string;
  /** True when the connection is encrypted. */
  isTls: boolean;
  /** The principal that the hook or the guards of the daemon set, else the first that an object's guards set; null: there is none. */
  principal: string | null;
  /** The principals that the guards of objects set; at most 10, the oldest first. */
  principals: {
    /** Id of the object. */
    objectId: string;
    /** A text that names the principal, as in {@link ConnectionSnapshot.principal}. */
    principal: string;
  }[];
  /** Number of the principals that the guards of objects set. */
  principalCount: number;
  /** Time since the client was accepted. */
  ageMs: number;
  /** Calls over this connection that were run. */
  calls: number;
  /** Calls over this connection that failed or were refused. */
  failures: number;
  /** Requests that run or wait now. */
  requestsInProgress: number;
  /** Item streams that the connection has opened and that are open now. */
  streams: number;
  /** Null for a stream that is no socket. */
  receivedBytes: number | null;
  /** Null for a stream that is no socket. */
  sentBytes: number | null;
  /** Bytes of replies that the client has not read yet. */
  unsentBytes: number;
}

/** An open item stream. */
export interface StreamSnapshot {
  /** Id of the object. */
  objectId: string;
  /** Wire name of the method that returned the stream. */
  method: string;
  /** Number of the connection that opened the stream. */
  openedBy: number;
  /** Number of the connection that read the stream last; null while the stream lingers. */
  readBy: number | null;
  /** Time since the stream was opened. */
  ageMs: number;
  /** Items that were sent. */
  items: number;
}

/** A limit of the daemon, and how near it is. */
export interface LimitSnapshot {
  /** The option. */
  name: LimitName;
  /** Its value. For a time, 0 is no limit. */
  value: number;
  /** Unit of `value` and `used`: `bytes`, `ms`, `connections` … */
  unit: string;
  /**
   * The present use. For a limit for each connection or address, the largest use of a connection or address. Null for a limit of one
   * message or value.
   */
  used: number | null;
  /** True when at least nine tenths of the limit are in use. */
  isNear: boolean;
  /**
   * The remote address that uses most, or the number of the connection as a text. Null if the limit holds for the whole daemon, or nothing
   * is used.
   */
  usedBy: string | null;
  /** Number of times that the limit was reached since the daemon was made. */
  reached: number;
}

/** A name of an object at one name server. */
export interface NameSnapshot {
  /** The name. */
  name: string;
  /** Id of the object. */
  objectId: string;
  /** `host:port` of the name server; null before it was found. */
  nameServer: string | null;
  /**
   * - `registered`: the name server has the name, with the URI of the object.
   * - `taken`: another program has the name.
   * - `waiting`: the name is not registered yet, or was missing at the last check, or the name server did not answer then.
   */
  state: 'registered' | 'taken' | 'waiting';
  /** False after the name server did not answer, or refused one of the names, at the last check. */
  isAvailable: boolean;
}

/** Something that failed. */
export interface FailureSnapshot {
  /** As in `Date.prototype.toISOString`. */
  at: string;
  /** `call`: a call failed or was refused. `handshake`: a client was refused. `daemon`: the daemon's own work failed. */
  kind: 'call' | 'handshake' | 'daemon';
  /**
   * Python class of the error, as the client sees it. Of a refused handshake: of the reason on the server; the client sees a
   * `CommunicationError` with the text of the reason.
   */
  errorType: string;
  /** Text of the error, cut. */
  message: string;
  /** Id of the object; null when none was asked for. */
  objectId: string | null;
  /** Wire name of the method; null when none was called. */
  method: string | null;
  /** Address of the client. */
  remoteAddress: string | null;
  /** UUID of the call; null outside of calls. */
  correlationId: string | null;
}

/** Options of `inspect`. */
export interface InspectOptions {
  /** Most objects, most connections, most streams and most names in the snapshot. The totals count all. Default 1,000. */
  maxListed?: number;
  /** The objects and names to list first when there are more than `maxListed`. */
  first?: ListedFirst;
}

/** Objects that a snapshot lists before others, and names. */
export interface ListedFirst {
  /** The object with this id, and its names. */
  objectId?: string;
  /** Objects whose id, class, names or members have all words of this text, in upper or lower case. */
  filter?: string;
}
