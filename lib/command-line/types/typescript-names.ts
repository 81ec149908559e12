import { textLiteral } from './text-literal.js';

/** Words that are no names of variables. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function ' +
    'if implements import in instanceof interface let new null package private protected public return static super switch this throw true try ' +
    'typeof var void while with yield'
  ).split(' '),
);
/**
 * Types of TypeScript and of this package, and keywords that may stand before a type. An interface with one of these names would hide the
 * type or keyword.
 */
const TAKEN_TYPES = new Set(
  (
    'Array AsyncIterable Buffer Date KeywordArguments Map NdArray PyComplex Record Set Uint8Array abstract any asserts bigint boolean infer ' +
    'intrinsic is keyof never number object readonly string symbol undefined unique unknown'
  ).split(' '),
);
/**
 * A character of a name. Of the letters beyond ASCII only blocks to which Unicode has added nothing for long: Node knows a newer Unicode
 * than the compiler.
 */
const PART = /[\w$]|(?=[\u0080-\u07ff\u3040-\u30ff\u4e00-\u9fef\uac00-\ud7a3])\p{ID_Continue}/u;
const NO_PARTS = new RegExp(String.raw`(?:(?!${PART.source})[^])`, 'gu');

/** True for a name that an interface or type of a generated file can have. */
export function isTypeName(name: string): boolean {
  return name === identifierOf(name) && !RESERVED.has(name) && !TAKEN_TYPES.has(name);
}

/** The names of types, or of the parameters of a function, in a generated file. */
export class NamesInUse {
  private readonly names: Set<string>;
  /** The next number after a name: a peer may have given many types the same name. */
  private readonly numbers = new Map<string, number>();

  constructor(names: Iterable<string> = []) {
    this.names = new Set(names);
  }

  /** Takes a name for a type that is similar to the given name, and not in use. */
  typeName(given: string): string {
    const base = identifierOf(given);
    const name = RESERVED.has(base) ? `${base}_` : base;
    return this.take(this.names.has(name) || TAKEN_TYPES.has(name) ? this.numbered(base, '') : name);
  }

  /** Takes a name for a parameter that is similar to the given name, and not in use. */
  parameterName(given: string): string {
    const base = identifierOf(given);
    const name = RESERVED.has(base) || this.names.has(base) ? `${base}_` : base;
    return this.take(this.names.has(name) ? this.numbered(base, '_') : name);
  }

  private numbered(base: string, sign: string): string {
    let number = this.numbers.get(base) ?? 2;
    while (this.names.has(base + sign + number)) number++;
    this.numbers.set(base, number + 1);
    return base + sign + number;
  }

  private take(name: string): string {
    this.names.add(name);
    return name;
  }
}

/** The name of a member in an interface. A method `new` is quoted, because `new(): T` declares a constructor. */
export function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'new' ? name : textLiteral(name);
}

function identifierOf(text: string): string {
  return text.replace(NO_PARTS, '_').replace(/^(?![\p{ID_Start}$_])/u, '_');
}
