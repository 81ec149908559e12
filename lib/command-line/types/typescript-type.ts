import { parsePythonType, type PythonType } from './python-type.js';

/** The direction of a value: a result comes from Python, an argument goes to Python. */
export type Direction = 'argument' | 'result';

/** The names that types of a file refer to. */
export interface TypeNames {
  /** The TypeScript name of a type of the Python program; undefined when the program does not tell the type. */
  own(name: string): string | undefined;
  /** Notes that the file imports a name of nestjs-pyro. */
  imported(name: string): string;
}

/** Python's types, and the TypeScript types of their values: docs/values.md. */
const PLAIN: Readonly<Record<string, string | { result: string; argument: string } | undefined>> = {
  int: 'number',
  float: 'number',
  bool: 'boolean',
  str: 'string',
  LiteralString: 'string',
  bytes: { result: 'Buffer', argument: 'Uint8Array' },
  bytearray: { result: 'Buffer', argument: 'Uint8Array' },
  datetime: { result: 'string', argument: 'string | Date' },
  date: 'string',
  time: 'string',
  timedelta: 'number',
  Decimal: 'string',
  UUID: 'string',
  Never: 'never',
  NoReturn: 'never',
};

const LISTS = new Set(['list', 'List', 'Sequence', 'MutableSequence', 'Collection', 'Iterable', 'deque', 'Deque']);
const DICTS = new Set(['dict', 'Dict', 'Mapping', 'MutableMapping', 'OrderedDict', 'defaultdict', 'DefaultDict']);
const SETS = new Set(['set', 'Set', 'frozenset', 'FrozenSet', 'AbstractSet', 'MutableSet']);
const ITERATORS = new Set(['Iterator', 'Generator', 'AsyncIterator', 'AsyncGenerator']);
const ITERABLES = new Set(['Iterable', 'AsyncIterable']);
/** Types that only annotate their first argument. */
const WRAPPERS = new Set(['Annotated', 'Final', 'ClassVar', 'Required', 'NotRequired', 'ReadOnly', 'Awaitable', 'Coroutine']);

/** The type of the values of a Python type. `unknown` for types that this program does not know. */
export function typescriptType(text: string | undefined, direction: Direction, names: TypeNames): string {
  return text === undefined ? 'unknown' : typeOf(parsePythonType(text), direction, names);
}

/** The type of a method's result: a stream for an iterator, and `void` for None. */
export function typescriptResult(text: string | undefined, isStream: boolean, names: TypeNames): string {
  const type = text === undefined ? undefined : parsePythonType(text);
  if (type?.kind === 'none') return 'void';
  const isIterator = type?.kind === 'name' && (ITERATORS.has(type.name) || (isStream && ITERABLES.has(type.name)));
  if (isIterator) return `AsyncIterable<${argumentOf(type, 0, 'result', names)}>`;
  return isStream ? 'AsyncIterable<unknown>' : typescriptType(text, 'result', names);
}

function typeOf(type: PythonType, direction: Direction, names: TypeNames): string {
  switch (type.kind) {
    case 'none':
      return 'null';
    case 'literal':
      return typeof type.value === 'string' ? textLiteral(type.value) : String(type.value);
    case 'union':
      return unionOf(type.members.map((member) => typeOf(member, direction, names)));
    case 'name':
      return named(type, direction, names);
    default:
      return 'unknown';
  }
}

function named(type: PythonType & { kind: 'name' }, direction: Direction, names: TypeNames): string {
  const { name, args } = type;
  const own = names.own(name);
  if (own !== undefined) return own;
  const argument = (index: number): string => argumentOf(type, index, direction, names);
  const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (plain !== undefined) return typeof plain === 'string' ? plain : plain[direction];
  if (name === 'complex') return names.imported('PyComplex');
  if (name === 'ndarray' || name === 'NDArray') return names.imported('NdArray');
  if (LISTS.has(name)) return arrayOf(argument(0), direction);
  if (name === 'tuple' || name === 'Tuple') return tupleOf(args, direction, names);
  if (DICTS.has(name))
    return args[0]?.kind === 'name' && args[0].name !== 'str' ? `Map<${argument(0)}, ${argument(1)}>` : dictOf(args, argument);
  if (SETS.has(name)) return `Set<${argument(0)}>`;
  if (WRAPPERS.has(name)) return args.length > 0 ? argument(name === 'Coroutine' ? 2 : 0) : 'unknown';
  return 'unknown';
}

function dictOf(args: readonly PythonType[], argument: (index: number) => string): string {
  return args.length === 0 ? 'Record<string, unknown>' : `Record<${argument(0)}, ${argument(1)}>`;
}

function argumentOf({ args }: { args: readonly PythonType[] }, index: number, direction: Direction, names: TypeNames): string {
  return args[index] === undefined ? 'unknown' : typeOf(args[index], direction, names);
}

function tupleOf(args: readonly PythonType[], direction: Direction, names: TypeNames): string {
  const items = args.map((item) => (item.kind === 'ellipsis' ? '…' : typeOf(item, direction, names)));
  if (items.length === 0) return arrayOf('unknown', direction);
  if (items[1] === '…') return arrayOf(items[0]!, direction);
  // an empty tuple: tuple[()]
  const only = args[0]!;
  const text = `[${only.kind === 'list' ? '' : items.join(', ')}]`;
  return direction === 'argument' ? `readonly ${text}` : text;
}

/** The type of a list. Python's programs take and give lists, so an argument may be a list that cannot be changed. */
export function arrayOf(item: string, direction: Direction): string {
  const array = isUnion(item) || item.startsWith('readonly ') ? `(${item})[]` : `${item}[]`;
  return direction === 'argument' ? `readonly ${array}` : array;
}

/** True for `A | B`, and not for `Set<A | B>`. */
function isUnion(type: string): boolean {
  let bare = type.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, '');
  for (let before = ''; before !== bare;) {
    before = bare;
    bare = bare.replace(/<[^<>]*>|\[[^[\]]*\]/g, '');
  }
  return bare.includes('|');
}

function unionOf(members: readonly string[]): string {
  return members.includes('unknown') ? 'unknown' : [...new Set(members)].join(' | ') || 'never';
}

/** A text literal of TypeScript, with the quotes that need fewer escapes. */
export function textLiteral(text: string): string {
  const json = JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  return text.includes("'") && !text.includes('"')
    ? json
    : `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
