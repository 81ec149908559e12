import { inspect } from 'node:util';

/** The fields of a log entry. A field that is not known is absent. Texts of peers are cut, with unprintable characters escaped. */
export interface LogFields {
  /** Name of the event. */
  event?:
    | 'call'
    | 'call failed'
    | 'handshake failed'
    | 'connected'
    | 'disconnected'
    | 'listening'
    | 'closed'
    | 'error'
    | 'warning'
    | 'name registered'
    | 'name removed'
    | 'name taken'
    | 'name server available'
    | 'name server unavailable'
    | 'wire'
    | undefined;
  /** Id of the object. */
  object?: string | undefined;
  /** Wire name of the method; `__getattr__` and `__setattr__` for attributes. */
  method?: string | undefined;
  /** A UUID; of an item of a stream: of the call that returned the stream. */
  correlationId?: string | undefined;
  /** Address of the client. */
  peer?: string | undefined;
  /** Number of the connection. */
  connection?: number | undefined;
  /** The principal of a call: its key, or else its name. */
  principal?: string | undefined;
  /** Duration of the call; if the call returned a stream, until the stream was open. Of an item that failed: of the item. */
  durationMs?: number | undefined;
  /** Time from the opening of a stream to its end. */
  streamMs?: number | undefined;
  /**
   * Python class of the error, as the client sees it. Of a refused handshake: of the reason on the server; the client sees a
   * `CommunicationError` with the text of the reason.
   */
  errorType?: string | undefined;
  /** The arguments as a text, if the option `accessLog` asks for them. */
  arguments?: string | undefined;
  /** A name that a server registers at a name server. */
  name?: string | undefined;
  /** Address of a name server. */
  nameServer?: string | undefined;
  /** A code of a warning. */
  code?: string | undefined;
  /** The stack of the error, and the stacks of its causes. */
  stack?: string | undefined;
}

/**
 * A line of a log with fields.
 *
 * Loggers that write JSON find the fields as members: pino and nestjs-pino on top, Nest's `ConsoleLogger` below `message`. Loggers that
 * write text find the text: `String(entry)` and `util.inspect(entry)` are the message and the stack.
 */
export class LogEntry implements Readonly<LogFields> {
  /** The line without its stack. */
  readonly msg: string;
  declare readonly event?: LogFields['event'];
  declare readonly object?: LogFields['object'];
  declare readonly method?: LogFields['method'];
  declare readonly correlationId?: LogFields['correlationId'];
  declare readonly peer?: LogFields['peer'];
  declare readonly connection?: LogFields['connection'];
  declare readonly principal?: LogFields['principal'];
  declare readonly durationMs?: LogFields['durationMs'];
  declare readonly streamMs?: LogFields['streamMs'];
  declare readonly errorType?: LogFields['errorType'];
  declare readonly arguments?: LogFields['arguments'];
  declare readonly name?: LogFields['name'];
  declare readonly nameServer?: LogFields['nameServer'];
  declare readonly code?: LogFields['code'];
  declare readonly stack?: LogFields['stack'];

  constructor(msg: string, fields: LogFields) {
    this.msg = msg;
    Object.assign(this, fields);
  }

  /** The same as {@link msg}, for loggers that read `message`. */
  get message(): string {
    return this.msg;
  }

  /** The line as a text, with the stack below it when there is one. */
  toString(): string {
    // lines of a stack are indented, so that none looks like a line of the log
    return this.stack === undefined ? this.msg : `${this.msg}\n  ${this.stack.replace(/\n(?! )/g, '\n  ')}`;
  }

  /** The text that `console.log` writes: the same as {@link toString}. */
  [inspect.custom](): string {
    return this.toString();
  }
}

/** Writes an entry to a log. Never throws: {@link sinkOf} makes it. */
export type LogSink<Level extends string> = (level: Level, entry: LogEntry) => void;

/** Levels of a {@link PyroLogger}. */
export type PyroLogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * A log, such as `console` or a logger of pino.
 *
 * An error that a method throws, or with which its promise rejects, is a warning of the process: at most 20 in 60 s. Nobody waits for the
 * promise.
 */
export type PyroLogger = Record<PyroLogLevel, (entry: LogEntry) => void>;
