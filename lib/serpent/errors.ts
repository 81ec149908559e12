/** What went wrong; stable, unlike the messages. */
export type SerpentErrorCode =
  /** The text is no Python literal, or none that is read here. */
  | 'SYNTAX'
  /** The bytes are not UTF-8, or contain a zero byte. */
  | 'ENCODING'
  /** More nested containers than `maxDepth`. */
  | 'TOO_DEEP'
  /** More bytes than `maxBytes`, or than a JavaScript string holds. */
  | 'TOO_LARGE'
  /** An int with more digits than `maxIntDigits`. */
  | 'TOO_MANY_DIGITS'
  /** A dict key or set member that Python cannot hash or read back. */
  | 'UNHASHABLE'
  /** Dict keys or set members that are numbers and collide so often that reading on would take too long. */
  | 'CROWDED_KEYS'
  /** A `__proto__` key in natural mode. */
  | 'PROTO_KEY'
  /** A value that contains itself. */
  | 'CYCLE'
  /** A value without a counterpart in Python: function, symbol, promise, invalid Date … */
  | 'UNSUPPORTED'
  /** An option that is out of its range. */
  | 'BAD_OPTION';

/** Every error that is raised here. Nobody should branch on its text. */
export class SerpentError extends Error {
  static readonly className: string = 'SerpentError';
  readonly code: SerpentErrorCode;
  /** Reading: where in the message, in bytes from its beginning. */
  readonly offset: number | undefined;
  /** Writing: where in the value, e.g. `value.items[3].callback`. */
  readonly path: string | undefined;

  constructor(message: string, code: SerpentErrorCode, where: { offset?: number; path?: string; cause?: unknown } = {}) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.code = code;
    this.offset = where.offset;
    this.path = where.path;
  }

  override get name(): string {
    return SerpentError.className;
  }
}
