import fc from 'fast-check';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { bitsOf, float, type PythonValue, str } from './python-value.js';

type Leaf = fc.Arbitrary<PythonValue>;

const none: Leaf = fc.constant(['none']);
const bool: Leaf = fc.boolean().map((value) => ['bool', value]);
const int: Leaf = fc
  .oneof(
    fc.bigInt({ min: -200n, max: 300n }),
    fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
    fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
    ...[15n, 30n, 31n, 32n, 53n, 63n, 64n].map((power) =>
      fc.constantFrom(-(2n ** power) - 1n, -(2n ** power), 2n ** power - 1n, 2n ** power),
    ),
  )
  .map((value) => ['int', String(value)]);
const anyFloat: Leaf = fc
  .oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e16, 1e-5, 5e-324, 2 ** 53, 1e22))
  .map(float);
const realFloat = anyFloat.filter((value) => value[1] !== 'nan');
const complex: Leaf = fc
  .tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }))
  .map(([real, imag]) => ['complex', bitsOf(real + 0), bitsOf(imag + 0)]);
const bytes: Leaf = fc.uint8Array({ maxLength: 40 }).map((value) => ['bytes', Buffer.from(value).toString('hex')]);
const names = fc.constantFrom('', 'a', 'name', '7', '-1', 'constructor', 'toString', 'data', 'encoding', 'länge', 'x'.repeat(70));
const text: Leaf = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.constantFrom('\0\t\n\r"\'\\/\u2028\ufeff\u007f', '\u{1f600}'),
    names,
  )
  .filter((value) => value !== '__proto__' && value !== '__class__')
  .map((value) => str(Buffer.from(value).toString()));
const anyText: Leaf = fc.oneof(
  text,
  fc.string({ unit: fc.constantFrom('\ud83d', 'a', '\udc00', 'é'), maxLength: 4 }).map(halves),
);

/** Text without two surrogate halves in a row, which would be one character here and two in Python. */
function halves(value: string): PythonValue {
  return str(value.replace(/[\ud800-\udbff]+(?=[\udc00-\udfff])/g, ''));
}

interface Kinds {
  leaf: Leaf;
  key: Leaf;
  /** Members of sets. */
  member: Leaf;
  /** Sets of at most one member in serializers without sets: chance would decide the order of the list. */
  maxMembers: number;
  /** Two keys with the same result cannot be in one dict. Default: Python decides. */
  keyText?: (key: PythonValue) => string;
}

const scalars = fc.oneof(none, bool, int, realFloat, text);

function frozen(leaf: Leaf, sets: boolean): Leaf {
  const tuple = fc.array(leaf, { maxLength: 3 }).map((items): PythonValue => ['tuple', items]);
  const inner = fc.oneof({ arbitrary: leaf, weight: 4 }, tuple);
  const nested = fc.array(inner, { maxLength: 3 }).map((items): PythonValue => ['tuple', items]);
  if (!sets) return fc.oneof({ arbitrary: leaf, weight: 6 }, nested);
  return fc.oneof(
    { arbitrary: leaf, weight: 6 },
    nested,
    fc.array(leaf, { maxLength: 3 }).map((items): PythonValue => ['frozenset', items]),
  );
}

/** The values that each serializer of Python can write and read again. */
const KINDS: Record<SerializerName, Kinds> = {
  serpent: {
    leaf: fc.oneof(none, bool, int, anyFloat, complex, bytes, anyText),
    // serpent can neither sort None among keys nor write bytes as a key
    key: frozen(fc.oneof(bool, int, realFloat, text), false),
    member: frozen(fc.oneof(bool, int, realFloat, text), false),
    maxMembers: 5,
  },
  marshal: {
    leaf: fc.oneof(none, bool, int, anyFloat, complex, bytes, anyText),
    key: frozen(fc.oneof(scalars, bytes, anyText), true),
    member: frozen(fc.oneof(scalars, bytes, anyText), true),
    maxMembers: 5,
  },
  json: {
    leaf: fc.oneof(none, bool, int, anyFloat, text),
    key: fc.oneof({ arbitrary: text, weight: 4 }, none, bool, int, anyFloat),
    member: scalars,
    maxMembers: 1,
    // every key becomes text: 1 and '1' would become the same key, which is refused here
    keyText: ([, value]) => String(value ?? null),
  },
  msgpack: {
    leaf: fc.oneof(none, bool, int, anyFloat, complex, bytes, text),
    key: fc.oneof({ arbitrary: text, weight: 4 }, bytes),
    member: fc.oneof(scalars, bytes),
    maxMembers: 1,
  },
};

/** Values that the serializer can carry, without the keys `__class__` and `__proto__`, which have their own tests. */
export function arbitraryValue(serializer: SerializerName): fc.Arbitrary<PythonValue> {
  const { leaf, key, member, maxMembers, keyText } = KINDS[serializer];
  const named = fc.oneof({ arbitrary: names.map(str), weight: 3 }, text);
  return fc.letrec<{ value: PythonValue }>((tie) => {
    const items = fc.array(tie('value'), { maxLength: 5 });
    const dict = (keys: Leaf) =>
      (keyText
        ? fc.uniqueArray(fc.tuple(keys, tie('value')), { maxLength: 5, selector: ([entryKey]) => keyText(entryKey) })
        : fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 })
      ).map((entries): PythonValue => ['dict', entries]);
    const containers = [
      items.map((list): PythonValue => ['list', list]),
      items.map((list): PythonValue => ['tuple', list]),
      dict(named),
      dict(key),
      fc.array(member, { maxLength: maxMembers }).map((list): PythonValue => ['set', list]),
    ];
    return {
      value: fc.oneof(
        { maxDepth: 5, depthSize: 'small', withCrossShrink: true },
        { arbitrary: leaf, weight: 3 },
        ...containers.map((arbitrary) => ({ arbitrary, weight: 1 })),
      ),
    };
  }).value;
}
