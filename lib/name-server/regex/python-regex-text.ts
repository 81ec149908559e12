import { NamingError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';

/** The parts of an expression that a pattern recognises. */
export const TAKEN = {
  character: /./suy,
  repetition: /[*+?]|\{(?!\})(?<least>\d*)(?<range>,(?<most>\d*))?\}/y,
  comment: /\(\?#[^)]*\)/y,
  flags: /\?(?<on>[aiLmsux]*)(?:-(?<off>[imsx]+))?(?<close>[:)])/y,
  name: /\?P<(?<name>[^>]*)>/y,
  octal: /0[0-7]{0,2}|[1-7][0-7]{2}/y,
  octalInSet: /[0-7]{1,3}/y,
  backreference: /(?![1-7][0-7]{2})[1-9]/y,
  hex: /x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}/y,
};

const CONTROLS: Record<string, string> = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const MAX_OCTAL = 0o377;
const MAX_CODE_POINT = 0x10_ff_ff;

/** The text that a pattern has found, and its groups. */
export interface RegexMatch extends Readonly<Record<string, string | undefined>> {
  readonly all: string;
}

/** A regular expression of Python's `re` that is read from its beginning to its end. */
export class RegexText {
  /** Where the next character is read. */
  at = 0;

  constructor(private readonly regex: string) {}

  get isAtEnd(): boolean {
    return this.at >= this.regex.length;
  }

  /** The next code unit; an empty text at the end. */
  get next(): string {
    return this.regex[this.at] ?? '';
  }

  isNext(text: string): boolean {
    return this.regex.startsWith(text, this.at);
  }

  /** Reads a text if it is the next. */
  takeText(text: string): boolean {
    const isNext = this.isNext(text);
    if (isNext) this.at += text.length;
    return isNext;
  }

  /** Reads what a pattern of {@link TAKEN} finds here. */
  take(pattern: RegExp): RegexMatch | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.regex);
    if (!found) return undefined;
    this.at = pattern.lastIndex;
    return { ...(found.groups as Record<string, string | undefined>), all: found[0] };
  }

  /** Reads an escaped character after its backslash. @param octal a pattern of {@link TAKEN} for its number */
  escapedCharacter(octal: RegExp): string {
    const number = this.take(octal)?.all;
    if (number !== undefined) {
      const code = Number.parseInt(number, 8);
      if (code > MAX_OCTAL) throw this.error('octal escape value outside of range 0-0o377');
      return String.fromCodePoint(code);
    }
    const hex = this.take(TAKEN.hex)?.all;
    if (hex !== undefined) {
      const code = Number.parseInt(hex.slice(1), 16);
      if (code > MAX_CODE_POINT) throw this.error('bad escape');
      return String.fromCodePoint(code);
    }
    const character = this.take(TAKEN.character)?.all;
    if (character === undefined) throw this.error('bad escape (end of pattern)');
    if (character === 'N') throw this.notTaken(String.raw`\N`, 'write the character, or its number');
    if (CONTROLS[character] !== undefined) return CONTROLS[character];
    if (/[a-z0-9]/i.test(character)) throw this.error(`bad escape \\${character}`);
    return character;
  }

  /** The error of an expression that Python takes, and the name server does not. */
  notTaken(what: string, remedy: string): NamingError {
    return this.error(`the name server does not take ${what}; ${remedy}`);
  }

  error(text: string): NamingError {
    return refusal(new NamingError(`invalid regex: ${text} at position ${Array.from(this.regex.slice(0, this.at)).length}`));
  }
}

export function codeOf(character: string): number {
  return character.codePointAt(0)!;
}
