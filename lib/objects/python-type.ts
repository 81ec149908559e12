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
/** A name, a number, a text or a sign; or the rest of a text that has something else. */
const TOKEN =
  /[\p{ID_Start}_][\p{ID_Continue}]*(?:\s*\.\s*[\p{ID_Start}_][\p{ID_Continue}]*)*|-?\d+|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\.\.\.|[[\](),|]|\S[^]*/gu;
const SIGNS: ReadonlySet<string> = new Set(['...', '[', ']', '(', ')', ',', '|']);
const NUMBER = /^-?\d+$/;
const TEXT = /^(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")$/u;
const NAME_START = /^[\p{ID_Start}_]/u;

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

/** Matches all tokens at once: 0.1 s for 1 MB of types. A match for each token took 1 s. */
function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  for (const part of text.match(TOKEN) ?? []) {
    const kind = kindOf(part);
    if (kind === undefined) return undefined;
    tokens.push({ kind, text: part });
  }
  return tokens;
}

function kindOf(part: string): Token['kind'] | undefined {
  if (SIGNS.has(part)) return 'sign';
  if (NAME_START.test(part)) return 'name';
  if (NUMBER.test(part)) return 'number';
  return TEXT.test(part) ? 'text' : undefined;
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
    // Python prints a type that is defined later so
    if (name === 'ForwardRef' && this.takes('(')) return this.readItems(')', () => this.readUnion())[0] ?? UNKNOWN;
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

/** The text of a type, as Python prints types: `list[int]`, `str | None`, `Literal['go']`. */
export function textOfPythonType(type: PythonType): string {
  switch (type.kind) {
    case 'name':
      return type.args.length === 0 ? type.name : `${type.name}[${type.args.map(textOfPythonType).join(', ')}]`;
    case 'union':
      return type.members.map(textOfPythonType).join(' | ');
    case 'literal':
      return `Literal[${JSON.stringify(type.value)}]`;
    case 'list':
      return `[${type.items.map(textOfPythonType).join(', ')}]`;
    case 'none':
      return 'None';
    case 'ellipsis':
      return '...';
    case 'unknown':
      return 'Any';
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
