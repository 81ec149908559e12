import { recogniseInstances } from '../copies/process-wide.js';

/**
 * The stable code of an error. Programs branch on the code and the class, never on the message.
 *
 * An error has the code of its class, unless it was made with a more specific code.
 */
export type PyroErrorCode =
  /** {@link PyroError}: no other code fits. */
  | 'PYRO'
  /** An option, or a combination of options, cannot work; or the address of a daemon cannot be listened on. */
  | 'CONFIG'
  /** The text of a URI cannot be read, or the URI is of the wrong kind. */
  | 'BAD_URI'
  /** `PyroRemoteError`: a peer raised an exception; `pythonType` says which. */
  | 'REMOTE'
  /** {@link CommunicationError}: the network or the peer is at fault. */
  | 'COMMUNICATION'
  /** A daemon rejects a connection because it is full: `maxConnections` here, `THREADPOOL_SIZE` in Pyro5. */
  | 'DAEMON_FULL'
  /** {@link ConnectionClosedError}: the connection was lost, or could not be opened. */
  | 'CONNECTION_CLOSED'
  /** {@link TimeoutError}: something took longer than its option allows. */
  | 'TIMEOUT'
  /** A TLS handshake failed, or only one side speaks TLS. */
  | 'TLS'
  /** {@link ProtocolError}: the messages of the peer make no sense. */
  | 'PROTOCOL'
  /** A message does not begin with `PYRO`: the peer speaks something else. */
  | 'BAD_TAG'
  /** The peer speaks another version of the protocol than Pyro5. */
  | 'BAD_VERSION'
  /** The magic number of a message header is wrong. */
  | 'BAD_MAGIC'
  /** The type of a message is not expected at this point. */
  | 'BAD_MESSAGE_TYPE'
  /** The annotations of a message cannot be read or written. */
  | 'BAD_ANNOTATIONS'
  /** The data of a message cannot be inflated. */
  | 'BAD_COMPRESSION'
  /** {@link MessageTooLargeError}: a message is over `maxMessageBytes` or `maxHandshakeBytes`. */
  | 'MESSAGE_TOO_LARGE'
  /** {@link SerializeError}: a value cannot be read or written. */
  | 'SERIALIZE'
  /** {@link NamingError}: there is no name server, it refuses, or it does not have the name. */
  | 'NAMING'
  /** {@link DaemonError}: an object is unknown or registered already, or the daemon is in the wrong state. */
  | 'DAEMON'
  /** {@link SecurityError}: a guard or a rule of safety refuses. */
  | 'SECURITY';

/**
 * Root of all errors of this package. The subclasses have the names of Pyro5's error classes.
 *
 * @see Pyro5/errors.py
 */
export class PyroError extends Error {
  static {
    recogniseInstances(this, 'PyroError');
  }

  /** Dotted name of the Python class that a Python peer gets when this error travels. */
  readonly pythonType: string = 'Pyro5.errors.PyroError';
  /** The stable code of the error. Programs branch on the code or the class, never on the message. */
  readonly code: PyroErrorCode;

  constructor(message: string, options?: ErrorOptions & { code?: PyroErrorCode }) {
    super(message, options);
    this.code = options?.code ?? defaultCodes[new.target.pyroName] ?? 'PYRO';
  }

  /** Pyro5's name of the class. Minifiers may change `constructor.name`, but not this. */
  static readonly pyroName: string = 'PyroError';

  /** Pyro5's name of the class. */
  override get name(): string {
    return (this.constructor as typeof PyroError).pyroName;
  }
}

/** The network or the peer failed. The outcome of a pending call is unknown. */
export class CommunicationError extends PyroError {
  static {
    recogniseInstances(this, 'CommunicationError');
  }

  static override readonly pyroName: string = 'CommunicationError';
  override readonly pythonType: string = 'Pyro5.errors.CommunicationError';
  /** For a failed call: false when the request was not sent, so the call was not carried out; true when it may have been carried out. */
  sent: boolean | undefined;

  constructor(message: string, options?: ErrorOptions & { code?: PyroErrorCode; sent?: boolean }) {
    super(message, options);
    this.sent = options?.sent;
  }
}

/** The connection was lost, or could not be opened. */
export class ConnectionClosedError extends CommunicationError {
  static {
    recogniseInstances(this, 'ConnectionClosedError');
  }

  static override readonly pyroName: string = 'ConnectionClosedError';
  override readonly pythonType: string = 'Pyro5.errors.ConnectionClosedError';
}

/** Something took longer than its limit. */
export class TimeoutError extends CommunicationError {
  static {
    recogniseInstances(this, 'TimeoutError');
  }

  static override readonly pyroName: string = 'TimeoutError';
  override readonly pythonType: string = 'Pyro5.errors.TimeoutError';
}

/** The peer sent bytes or messages that break the Pyro5 protocol. */
export class ProtocolError extends CommunicationError {
  static {
    recogniseInstances(this, 'ProtocolError');
  }

  static override readonly pyroName: string = 'ProtocolError';
  override readonly pythonType: string = 'Pyro5.errors.ProtocolError';
}

/** A message is larger than `maxMessageBytes`. */
export class MessageTooLargeError extends ProtocolError {
  static {
    recogniseInstances(this, 'MessageTooLargeError');
  }

  static override readonly pyroName: string = 'MessageTooLargeError';
  override readonly pythonType: string = 'Pyro5.errors.MessageTooLargeError';
}

/** The serializer cannot read or write a value. */
export class SerializeError extends ProtocolError {
  static {
    recogniseInstances(this, 'SerializeError');
  }

  static override readonly pyroName: string = 'SerializeError';
  override readonly pythonType: string = 'Pyro5.errors.SerializeError';
}

/** A name server cannot be found or used, or does not have the name. */
export class NamingError extends PyroError {
  static {
    recogniseInstances(this, 'NamingError');
  }

  static override readonly pyroName: string = 'NamingError';
  override readonly pythonType: string = 'Pyro5.errors.NamingError';
}

/** The daemon refuses: an object is unknown, registered already, or cannot be registered. */
export class DaemonError extends PyroError {
  static {
    recogniseInstances(this, 'DaemonError');
  }

  static override readonly pyroName: string = 'DaemonError';
  override readonly pythonType: string = 'Pyro5.errors.DaemonError';
}

/** A guard or a rule of safety refuses. */
export class SecurityError extends PyroError {
  static {
    recogniseInstances(this, 'SecurityError');
  }

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
