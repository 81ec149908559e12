import { SERIALIZER_IDS } from '../../lib/protocol/constants.js';
import type { SerializerName } from '../../lib/serializers/contract/serializer.js';

/** A value as it stands on the wire, in more forms than serializers write. */
export type WireTree =
  | { is: 'none' | 'int' | 'float' | 'word' | 'complex' }
  /** A seldom form of a value, by its number among {@link FORMS}. */
  | { is: 'form'; form: number }
  /** A string of `length` characters: ASCII, with letters beyond ASCII, with escapes, or like an array index. */
  | { is: 'text' | 'wide' | 'escaped' | 'index'; length: number }
  /** A string of `length` halves of surrogate pairs, or of control characters. */
  | { is: 'halves' | 'controls'; length: number }
  | { is: 'bytes' | 'bigint'; length: number }
  | { is: 'list' | 'tuple' | 'set'; items: WireTree[] }
  | { is: 'dict'; entries: [WireTree, WireTree][] }
  /** A set of `count` texts of `length` characters, or a dict with such keys. The texts differ at their end. */
  | { is: 'crowd'; of: 'set' | 'dict'; count: number; length: number }
  | { is: 'exception' | 'uri' }
  /** A string with this text. */
  | { is: 'given'; text: string }
  /** An exception with these args, and with a traceback of so many lines of control characters, each of `length`. */
  | { is: 'failure'; items: WireTree[]; lines: number; length: number }
  /** The dict of an array of NumPy, with a list of `count` elements. */
  | { is: 'array'; dtype: string; count: number }
  /** The dict of an array of NumPy with its bytes: `shape` has up to 64 lengths. As a scalar it is refused. */
  | { is: 'dimensions'; dtype: string; itemBytes: number; shape: number[]; isScalar: boolean }
  /** A proxy with the names of `methods` methods, at most 15. */
  | { is: 'proxy'; methods: number }
  /** An instance of a registered class with three members: of any type, or lists that are read item by item. */
  | { is: 'instance'; of: InstanceClass; items: WireTree[] }
  /** Marshal: a value that can be referred to. */
  | { is: 'flagged'; value: WireTree }
  /** Marshal: a list with the parts of a class dict, and with `times` class dicts that refer to the parts. */
  | { is: 'shared'; value: ClassTree; times: number };

/** A value of a class, whose dict may share its parts with others. */
export type ClassTree = WireTree & { is: 'failure' | 'instance' };

export type InstanceClass = 'bench.Members' | 'bench.Lists';
/** The members of instances. */
export const MEMBERS = ['a', 'b', 'c'] as const;

/** The set or the dict of a crowd. */
export function expanded({ of, count, length }: WireTree & { is: 'crowd' }): WireTree {
  const texts = Array.from({ length: count }, (_, index): WireTree => ({
    is: 'given',
    text: String(index).padStart(length, 'x'),
  }));
  return of === 'set' ? { is: 'set', items: texts } : { is: 'dict', entries: texts.map((text) => [text, { is: 'none' }]) };
}

export const SERIALIZER_NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

/** The members of a class dict. */
export function membersOf(tree: ClassTree): [WireTree, WireTree][] {
  const given = (text: string): WireTree => ({ is: 'given', text });
  const list = (items: WireTree[]): WireTree => ({ is: 'list', items });
  if (tree.is === 'instance')
    return [
      [given('__class__'), given(tree.of)],
      ...tree.items.map((item, at): [WireTree, WireTree] => [given(MEMBERS[at]!), item]),
    ];
  const lines = Array.from({ length: tree.lines }, (): WireTree => ({ is: 'controls', length: tree.length }));
  return [
    [given('__class__'), given('builtins.ValueError')],
    [given('__exception__'), { is: 'word' }],
    [given('args'), list(tree.items)],
    [given('attributes'), { is: 'dict', entries: [[given('_pyroTraceback'), list(lines)]] }],
  ];
}

/** The serializers that have each kind of value. */
const SAID_BY: Partial<Record<WireTree['is'], readonly SerializerName[]>> = {
  bytes: ['serpent', 'marshal', 'msgpack'],
  complex: ['serpent', 'marshal', 'msgpack'],
  set: ['serpent', 'marshal'],
  flagged: ['marshal'],
  shared: ['marshal'],
  // msgpack has no halves
  halves: ['serpent', 'marshal', 'json'],
};

/** False when the serializer has no such value. */
export function isSayable(tree: WireTree, name: SerializerName): boolean {
  if (!(SAID_BY[tree.is]?.includes(name) ?? true)) return false;
  if (tree.is === 'crowd') return tree.of === 'dict' || isSayable({ is: 'set', items: [] }, name);
  if (tree.is === 'flagged' || tree.is === 'shared') return isSayable(tree.value, name);
  if ('items' in tree) return tree.items.every((item) => isSayable(item, name));
  if (!('entries' in tree)) return true;
  return tree.entries.every(([key, value]) => (name !== 'json' || isText(key)) && isSayable(key, name) && isSayable(value, name));
}

/** True when a value of a class, or an array, is among the parts. */
export function hasClassDicts(tree: WireTree): boolean {
  if (tree.is === 'flagged') return hasClassDicts(tree.value);
  if (tree.is === 'instance' || tree.is === 'failure' || tree.is === 'shared') return true;
  if ('items' in tree) return tree.items.some(hasClassDicts);
  if ('entries' in tree) return tree.entries.some(([, value]) => hasClassDicts(value));
  return tree.is === 'exception' || tree.is === 'uri' || tree.is === 'proxy' || tree.is === 'array' || tree.is === 'dimensions';
}

/** True when references of marshal stand for values: each is counted, and there once. */
export function hasShared(tree: WireTree): boolean {
  return hasPart(tree, 'shared');
}

/** True when the estimate counts more than the value: the lists of an array, which a program may make later. */
export function countsLists(tree: WireTree): boolean {
  return hasPart(tree, 'dimensions');
}

function hasPart(tree: WireTree, is: WireTree['is']): boolean {
  if (tree.is === is) return true;
  if (tree.is === 'flagged') return hasPart(tree.value, is);
  if ('items' in tree) return tree.items.some((item) => hasPart(item, is));
  return 'entries' in tree && tree.entries.some(([key, value]) => hasPart(key, is) || hasPart(value, is));
}

const isText = ({ is }: WireTree): boolean =>
  is === 'text' || is === 'wide' || is === 'escaped' || is === 'index' || is === 'halves' || is === 'controls';
