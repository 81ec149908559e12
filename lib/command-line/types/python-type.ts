/** A Python type, read from its text. */
export type PythonType =
  | { kind: 'name'; name: string; args: PythonType[] }
  | { kind: 'union'; members: PythonType[] }
  | { kind: 'literal'; value: string | number | boolean }
  /** `[int, str]` within `Callable[[int, str], None]`. */
  | { kind: 'list'; items: PythonType[] }
  | { kind: 'none' }
  | { kind: 'ellipsis' }
  | { kind: 'unknown' };

const UNKNOWN: PythonType = { kind: 'unknown' };
const MAX_CHARS = 10_000;
const MAX_DEPTH = 50;
const TOKEN =
  /\s*(?:(?<name>[\p{ID_Start}_][\p{ID_Continue}]*(?:\s*\.\s*[\p{ID_Start}_][\p{ID_Continue}]*)*)|(?<number>-?\d+)|(?<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?<sign>\.\.\.|[[\](),|]))/uy;

interface Token {
  kind: 'name' | 'number' | 'text' | 'sign';
  text: string;
}

/** Reads the text of a Python type. A text that is no type, or too large, is `unknown`: it may come from a peer. */
export function parsePythonType(text: string, depth = 0): PythonType {
  const tokens = text.length > MAX_CHARS || depth > MAX_DEPTH ? undefined : tokensOf(text);
  if (tokens === undefined) return UNKNOWN;
  try {
    return new TypeReader(tokens, depth).readAll();
  } catch (error) {
    if (error instanceof NoTypeError) return UNKNOWN;
    throw error;
  }
}

class NoTypeError extends Error {}

function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const { groups = {} } = TOKEN.exec(text) ?? {};
    const found = Object.entries(groups).find(([, value]) => value !== undefined);
    if (found === undefined) return undefined;
    tokens.push({ kind: found[0] as Token['kind'], text: found[1]! });
  }
  return tokens;
}

/** Reads the tokens of one text. */
class TypeReader {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private depth: number,
  ) {}

  readAll(): PythonType {
    const type = this.readUnion();
    if (this.at < this.tokens.length) throw new NoTypeError();
    return type;
  }

  private readUnion(): PythonType {
    if (++this.depth > MAX_DEPTH) throw new NoTypeError();
    const members = [this.readOne()];
    while (this.takes('|')) members.push(this.readOne());
    this.depth--;
    return members.length === 1 ? members[0]! : { kind: 'union', members };
  }

  private readOne(): PythonType {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new NoTypeError();
    const { kind, text } = token;
    if (kind === 'name') return this.readNamed(text);
    // the text of a type that is defined later
    if (kind === 'text') return parsePythonType(unquoted(text), this.depth + 1);
    if (text === '...') return { kind: 'ellipsis' };
    if (text === '[') return { kind: 'list', items: this.readItems(']', () => this.readUnion()) };
    if (text !== '(') throw new NoTypeError();
    const items = this.readItems(')', () => this.readUnion());
    return items.length === 1 ? items[0]! : { kind: 'list', items };
  }

  private readNamed(text: string): PythonType {
    const name = text.split('.').at(-1)!.trim();
    if (name === 'None' || name === 'NoneType') return { kind: 'none' };
    if (!this.takes('[')) return { kind: 'name', name, args: [] };
    if (name === 'Literal') return { kind: 'union', members: this.readItems(']', () => this.readLiteral()) };
    const args = this.readItems(']', () => this.readUnion());
    if (name === 'Optional') return { kind: 'union', members: [...args, { kind: 'none' }] };
    if (name === 'Union') return { kind: 'union', members: args };
    return { kind: 'name', name, args };
  }

  private readItems(end: string, read: () => PythonType): PythonType[] {
    const items: PythonType[] = [];
    while (!this.takes(end)) {
      items.push(read());
      if (this.takes(',')) continue;
      if (!this.takes(end)) throw new NoTypeError();
      break;
    }
    return items;
  }

  private readLiteral(): PythonType {
    const { kind, text } = this.tokens[this.at++] ?? { kind: 'sign', text: '' };
    if (kind === 'text') return { kind: 'literal', value: unquoted(text) };
    if (kind === 'number') return { kind: 'literal', value: Number(text) };
    if (text === 'True' || text === 'False') return { kind: 'literal', value: text === 'True' };
    if (text === 'None') return { kind: 'none' };
    // a member of an enum, or bytes, which have their prefix before them
    if (this.tokens[this.at]?.kind === 'text') this.at++;
    return UNKNOWN;
  }

  private takes(sign: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.at++;
    return true;
  }
}

const ESCAPES: Readonly<Record<string, string | undefined>> = { n: '\n', r: '\r', t: '\t', '\n': '' };

/** The content of a text literal of Python without its quotes, in which `\` escapes a character. */
export function unquoted(literal: string, quotes = 1): string {
  return unescaped(literal.slice(quotes, -quotes));
}

function unescaped(text: string): string {
  return text.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|([^]))/g, (_, hex?: string, code?: string, character?: string) =>
    character === undefined ? String.fromCharCode(parseInt(hex ?? code!, 16)) : (ESCAPES[character] ?? character),
  );
}
