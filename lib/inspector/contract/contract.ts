import type { AttributeSnapshot, DaemonSnapshot, MethodSnapshot } from '../../daemon/contract/snapshot.js';
import type { MethodParameter } from '../../objects/parameters/argument-binder.js';

/** The state that the page shows: an event of its feed. Only values that JSON has. */
export interface InspectorState {
  /** As in `Date.prototype.toISOString`. */
  at: string;
  /** True when the page may call methods, read and write attributes. */
  allowCalls: boolean;
  servers: InspectedServer[];
}

/** Needs of a program that calls the objects of a server, besides their URIs. The values are not told: they are secrets and files. */
export interface ClientNeeds {
  /** Handshake data that the inspector has, and a page need not give. */
  handshake: boolean;
  tls: boolean;
  /** A certificate of the client. */
  certificate: boolean;
}

/** A daemon that the inspector shows. */
export interface InspectedServer {
  /** Identifies the server on its page. */
  id: string;
  /** Null before the daemon listens. */
  location: string | null;
  /** The reason why the daemon did not answer, or the field of its snapshot that cannot be read; null when it answered. */
  error: string | null;
  /** Time of the answer to a ping. Null when the daemon is part of this process. */
  pingMs: number | null;
  /** At most `maxListed`. */
  objects: InspectedObject[];
  /** Number of all objects. */
  objectCount: number;
  /** Needs of programs that call its objects. */
  needs: ClientNeeds;
  /** Null when the daemon does not tell it: a daemon of Python, or a daemon without the option `inspector`. */
  snapshot: Omit<DaemonSnapshot, 'objects'> | null;
  /** Durations of the calls since a page watches, by the id of the object, of `objects` that were called. Null when they are not known. */
  durations: Record<string, CallDurations> | null;
  /** The same of all objects together, of those that have gone too. */
  totalDurations: CallDurations | null;
}

/** The durations of some calls. */
export interface CallDurations {
  /** Calls that have ended, or have opened a stream. */
  calls: number;
  /** The sum of their durations. */
  totalMs: number;
}

/** An object of a daemon. A member is null when the daemon does not tell it. */
export interface InspectedObject {
  objectId: string;
  /** Null when no URI can have the id, as an id of Python with a space. No program can call such an object. */
  uri: string | null;
  /** Names at name servers. */
  names: string[];
  className: string | null;
  instanceMode: string | null;
  isGuarded: boolean | null;
  isLeased: boolean | null;
  calls: number | null;
  failures: number | null;
  /** Null when the daemon refuses to tell them. */
  members: InspectedMember[] | null;
}

export type InspectedMember = InspectedMethod | InspectedAttribute;

/** A method. Types and docs are texts that the daemon tells by `get_signatures`; absent where it does not. */
export interface InspectedMethod extends Omit<MethodSnapshot, 'parameters'> {
  /** Null when they are unknown. */
  parameters: InspectedParameter[] | null;
  /** Type of the result. */
  returns?: string;
  doc?: string;
}

/** A parameter. `keyword`: it can only be given by its name. */
export interface InspectedParameter extends Omit<MethodParameter, 'kind'> {
  kind: MethodParameter['kind'] | 'keyword';
  doc?: string;
}

/** An attribute, with type and doc where the daemon tells them by `get_signatures`. */
export interface InspectedAttribute extends AttributeSnapshot {
  doc?: string;
}

/** A call that the page asks for. Arguments are texts, which are read as on the command line. */
export interface PageCall {
  /** Tells the pages apart: calls of one page to one object use the same connections. */
  session: string;
  /** Id of the server. */
  server: string;
  objectId: string;
  kind: 'method' | 'get' | 'set';
  /** Name of the method or attribute. */
  member: string;
  args: string[];
  kwargs: Record<string, string>;
  /** Arguments are literals of Python, not JSON. */
  isLiteral: boolean;
  /** Handshake data: JSON, or a text. Null: the default. */
  handshake: string | null;
}

/** The outcome of a call. */
export type CallAnswer =
  | { kind: 'result'; value: ShownValue; ms: number }
  | { kind: 'stream'; streamId: string; ms: number }
  | { kind: 'error'; error: ShownError; ms: number };

/** A value as the page shows it. */
export interface ShownValue {
  /** JSON. */
  text: string;
  /** True when the text is only the beginning of the value. */
  isCut: boolean;
}

/** An error of a call. */
export interface ShownError {
  /** Python class of the error, or the name of an error of this side. */
  type: string;
  message: string;
  /** Lines of the traceback of the other side; empty when there is none. */
  remoteTraceback: string[];
  /** Lines of the stack of this side. */
  localTraceback: string[];
}

/** Asks for further items of a stream, or closes it. */
export interface StreamRequest {
  streamId: string;
  /** Most items. 0 closes the stream. */
  count: number;
}

/** Some items of a stream. */
export interface StreamAnswer {
  items: ShownValue[];
  /** True when no item follows. */
  isEnded: boolean;
  /** The error that ended the stream. */
  error: ShownError | null;
}
