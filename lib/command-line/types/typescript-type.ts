import { textLiteral } from './text-literal.js';
import { parsePythonType, type PythonType } from '../../objects/python-type.js';

/** The direction of a value: a result comes from Python, an argument goes to Python. */
export type CallDirection = 'argument' | 'result';

/** The names that types of a file refer to. */
export interface TypeNames {
  /** The TypeScript name of a type of the Python program; undefined when the program does not tell the type. */
  own(name: string): string | undefined;
  /** Notes that the file imports a name of nestjs-pyro. */
  imported(name: string): string;
  /** True for the text of an alias: an alias may name itself as the values of a dict, but not within `Record`. */
  readonly isAlias?: boolean;
}

/** Python's types, and the TypeScript types of their values: docs/values.md. */
const PLAIN: Readonly<Record<string, string | { result: string; argument: string } | undefined>> = {
  int: { result: 'number', argument: 'number | bigint' },
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
const TEXTS = new Set(['str', 'LiteralString']);
const SETS = new Set(['set', 'Set', 'frozenset', 'FrozenSet', 'AbstractSet', 'MutableSet']);
const ITERATORS = new Set(['Iterator', 'Generator', 'AsyncIterator', 'AsyncGenerator']);
const ITERABLES = new Set(['Iterable', 'AsyncIterable']);
/** Types that only annotate their first argument. */
const WRAPPERS = new Set(['Annotated', 'Final', 'ClassVar', 'Required', 'NotRequired', 'ReadOnly', 'Awaitable', 'Coroutine']);

/** The type of the values of a Python type. `unknown` for types that this program does not know. */
export function typescriptType(text: string | undefined, direction: CallDirection, names: TypeNames): string {
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

/**
 * The types that an alias of this text stands for: itself, or the members of a union. The compiler needs them to know the alias. It does
 * not need those inside of lists, dicts and other containers.
 */
export function namesStoodFor(text: string): string[] {
  const names: string[] = [];
  const open = [parsePythonType(text)];
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (type.kind === 'union') for (const member of type.members) open.push(member);
    if (type.kind !== 'name') continue;
    names.push(type.name);
    for (const each of wrapped(type)) open.push(each);
  }
  return names;
}

function typeOf(type: PythonType, direction: CallDirection, names: TypeNames): string {
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

function named(type: PythonType & { kind: 'name' }, direction: CallDirection, names: TypeNames): string {
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
  if (DICTS.has(name)) return dictOf(args, argument, names);
  if (SETS.has(name)) return `Set<${argument(0)}>`;
  const [inner] = wrapped(type);
  return inner === undefined ? 'unknown' : typeOf(inner, direction, names);
}

/** The type of which a {@link WRAPPERS wrapper} says something. */
function wrapped({ name, args }: PythonType & { kind: 'name' }): PythonType[] {
  return WRAPPERS.has(name) ? args.slice(name === 'Coroutine' ? 2 : 0).slice(0, 1) : [];
}

function dictOf(args: readonly PythonType[], argument: (index: number) => string, names: TypeNames): string {
  if (args.length === 0) return 'Record<string, unknown>';
  const [key, value] = [argument(0), argument(1)];
  if (!isText(args[0]!, names)) return `Map<${key}, ${value}>`;
  if (!names.isAlias) return `Record<${key}, ${value}>`;
  return key === 'string' ? `{ [key: string]: ${value} }` : `{ [key in ${key}]: ${value} }`;
}

/** True for `str` and for texts of a Literal: dicts with other keys are no plain objects. */
function isText(type: PythonType, names: TypeNames): boolean {
  if (type.kind === 'union') return type.members.every((member) => isText(member, names));
  if (type.kind === 'literal') return typeof type.value === 'string';
  return type.kind === 'name' && TEXTS.has(type.name) && names.own(type.name) === undefined;
}

function argumentOf(
  { args }: { args: readonly PythonType[] },
  index: number,
  direction: CallDirection,
  names: TypeNames,
): string {
  return args[index] === undefined ? 'unknown' : typeOf(args[index], direction, names);
}

function tupleOf(args: readonly PythonType[], direction: CallDirection, names: TypeNames): string {
  const items = args.map((item) => (item.kind === 'ellipsis' ? '…' : typeOf(item, direction, names)));
  if (items.length === 0) return arrayOf('unknown', direction);
  if (items[1] === '…') return arrayOf(items[0]!, direction);
  // an empty tuple: tuple[()]
  const only = args[0]!;
  const text = `[${only.kind === 'list' ? '' : items.join(', ')}]`;
  return direction === 'argument' ? `readonly ${text}` : text;
}

/** The type of a list. Python's programs take and give lists, so an argument may be a list that cannot be changed. */
export function arrayOf(item: string, direction: CallDirection): string {
  const array = isUnion(item) || item.startsWith('readonly ') ? `(${item})[]` : `${item}[]`;
  return direction === 'argument' ? `readonly ${array}` : array;
}

/** True for `A | B`, and not for `Set<A | B>`. */
function isUnion(type: string): boolean {
  let bare = type.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, '');
  for (let before = ''; before !== bare;) {
    before = bare;
    bare = bare.replace(/<[^<>]*>|\[[^[\]]*\]|\{[^{}]*\}/g, '');
  }
  return bare.includes('|');
}

/** A union of types. */
export function unionOf(members: readonly string[]): string {
  // a type in brackets or a text may have a `|` of its own
  const parts = members.flatMap((member) => (/['"[({<]/.test(member) ? [member] : member.split(' | ')));
  return parts.includes('unknown') ? 'unknown' : [...new Set(parts)].join(' | ') || 'never';
}
