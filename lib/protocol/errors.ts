/**
 * Pyro5's error classes under one root. `code` is the contract; messages are for people.
 *
 * @see Pyro5/errors.py
 */
export type PyroErrorCode =
  | 'PYRO'
  | 'COMMUNICATION'
  | 'CONNECTION_CLOSED'
  | 'TIMEOUT'
  | 'PROTOCOL'
  | 'BAD_TAG'
  | 'BAD_VERSION'
  | 'BAD_MAGIC'
  | 'BAD_MESSAGE_TYPE'
  | 'BAD_ANNOTATIONS'
  | 'BAD_COMPRESSION'
  | 'MESSAGE_TOO_LARGE'
  | 'SERIALIZE'
  | 'BAD_URI'
  | 'NAMING'
  | 'DAEMON'
  | 'SECURITY'
  | 'TLS'
  | 'CONFIG'
  | 'REMOTE';

/** Root of every error that is ours. A subclass says its Pyro5 counterpart in {@link pythonType}. */
export class PyroError extends Error {
  /** Dotted Python class that a Python peer gets when this error travels. */
  readonly pythonType: string = 'Pyro5.errors.PyroError';
  readonly code: PyroErrorCode;

  constructor(message: string, options?: ErrorOptions & { code?: PyroErrorCode }) {
    super(message, options);
    this.code = options?.code ?? defaultCodes[new.target.pyroName] ?? 'PYRO';
  }

  /** Pyro5's name of the class; minifiers may change `constructor.name`, not this. */
  static readonly pyroName: string = 'PyroError';

  override get name(): string {
    return (this.constructor as typeof PyroError).pyroName;
  }
}

/** Something went wrong on the network; the outcome of a pending call is unknown. */
export class CommunicationError extends PyroError {
  static override readonly pyroName: string = 'CommunicationError';
  override readonly pythonType: string = 'Pyro5.errors.CommunicationError';
  /** Of a failed call: false when its request was never sent, so that it was surely not carried out; true: it may have been. */
  sent: boolean | undefined;

  constructor(message: string, options?: ErrorOptions & { code?: PyroErrorCode; sent?: boolean }) {
    super(message, options);
    this.sent = options?.sent;
  }
}

/** The connection went away. */
export class ConnectionClosedError extends CommunicationError {
  static override readonly pyroName: string = 'ConnectionClosedError';
  override readonly pythonType: string = 'Pyro5.errors.ConnectionClosedError';
}

/** Something took longer than its limit. */
export class TimeoutError extends CommunicationError {
  static override readonly pyroName: string = 'TimeoutError';
  override readonly pythonType: string = 'Pyro5.errors.TimeoutError';
}

/** The peer sent something that is not the Pyro5 protocol. */
export class ProtocolError extends CommunicationError {
  static override readonly pyroName: string = 'ProtocolError';
  override readonly pythonType: string = 'Pyro5.errors.ProtocolError';
}

/** A message is larger than `maxMessageBytes`. */
export class MessageTooLargeError extends ProtocolError {
  static override readonly pyroName: string = 'MessageTooLargeError';
  override readonly pythonType: string = 'Pyro5.errors.MessageTooLargeError';
}

/** A value cannot be read or written by the serializer. */
export class SerializeError extends ProtocolError {
  static override readonly pyroName: string = 'SerializeError';
  override readonly pythonType: string = 'Pyro5.errors.SerializeError';
}

/** A name server or an object name is at fault. */
export class NamingError extends PyroError {
  static override readonly pyroName: string = 'NamingError';
  override readonly pythonType: string = 'Pyro5.errors.NamingError';
}

/** The daemon refuses: unknown object, double registration, wrong instance mode. */
export class DaemonError extends PyroError {
  static override readonly pyroName: string = 'DaemonError';
  override readonly pythonType: string = 'Pyro5.errors.DaemonError';
}

/** A rule of safety was broken. */
export class SecurityError extends PyroError {
  static override readonly pyroName: string = 'SecurityError';
  override readonly pythonType: string = 'Pyro5.errors.SecurityError';
}

const defaultCodes: Record<string, PyroErrorCode> = {
  CommunicationError: 'COMMUNICATION',
  ConnectionClosedError: 'CONNECTION_CLOSED',
  TimeoutError: 'TIMEOUT',
  ProtocolError: 'PROTOCOL',
  MessageTooLargeError: 'MESSAGE_TOO_LARGE',
  SerializeError: 'SERIALIZE',
  NamingError: 'NAMING',
  DaemonError: 'DAEMON',
  SecurityError: 'SECURITY',
};
