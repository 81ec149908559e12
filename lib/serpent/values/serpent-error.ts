import { CHARACTERS } from '../text/characters.js';

const { SPACE, DELETE } = CHARACTERS;

/** The stable code of an error. The messages may change. */
export type SerpentErrorCode =
  /** The text is no Python literal, or a literal that is not supported. */
  | 'SYNTAX'
  /** The bytes are not UTF-8, or contain a zero byte. */
  | 'ENCODING'
  /** More nested containers than `maxDepth`. */
  | 'TOO_DEEP'
  /** More bytes than `maxBytes`, or a string that is longer than a JavaScript string can be. */
  | 'TOO_LARGE'
  /** A value that takes more memory than the budget of the read. */
  | 'TOO_COSTLY'
  /** An int with more digits than `maxIntDigits`. */
  | 'TOO_MANY_DIGITS'
  /** A dict key or set member that Python cannot hash or read back. */
  | 'UNHASHABLE'
  /** Dict keys or set members that collide so often that reading on would take too long. */
  | 'CROWDED_KEYS'
  /** A `__proto__` key in natural mode. */
  | 'PROTO_KEY'
  /** A value that contains itself. */
  | 'CYCLE'
  /** A value without a counterpart in Python: function, symbol, promise, invalid Date … */
  | 'UNSUPPORTED'
  /** An option that is out of its range. */
  | 'BAD_OPTION';

/** The error of all functions of this module. Programs branch on `code`, never on the message. */
export class SerpentError extends Error {
  /** Name of the class, also after a bundler has renamed the class. */
  static readonly className: string = 'SerpentError';
  /** The reason, for programs. */
  readonly code: SerpentErrorCode;
  /** When reading: byte offset in the message. */
  readonly offset: number | undefined;
  /** When writing: path in the value, e.g. `value.items[3].callback`. */
  readonly path: string | undefined;

  constructor(message: string, code: SerpentErrorCode, where: { offset?: number; path?: string; cause?: unknown } = {}) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.code = code;
    this.offset = where.offset;
    this.path = where.path;
  }

  /** Always `SerpentError`. */
  override get name(): string {
    return SerpentError.className;
  }
}

/** Text of the error when a reader finds another character than it expects. @param code of the character; -1: the text ends */
export function expectedText(what: string, code: number): string {
  if (code === -1) return `expected ${what}, but the text ends`;
  const found = code > SPACE && code < DELETE ? `"${String.fromCharCode(code)}"` : `character 0x${code.toString(16)}`;
  return `expected ${what}, found ${found}`;
}
