import { bytesPerByte, type Cost, measure, msPerMiB, ratioOf } from './measure.js';
import { measureSequence, type SequenceCost } from './requests.js';
import type { SerializerName } from '../../lib/serializers/contract/serializer.js';
import { DTYPES, ELEMENTS } from './forms.js';
import { type ClassTree, countsLists, hasShared, isSayable, SERIALIZER_NAMES, type WireTree } from './wire-tree.js';

/**
 * Searches for the input that takes most time or memory for its size, or whose estimate is most wrong: `npm run cost:search -- MINUTES`.
 *
 * Random values are changed at random; a change that costs more is kept. Prints every new maximum, with the value that has it. A quarter of
 * the time, the value is sent to a daemon, in many small compressed requests at once.
 */
const minutes = Number(process.argv[2] ?? 1);
const WIRE_BYTES = 128 * 1024;
const CHANGES = 12;
const MIB = 2 ** 20;

/** A random number generator with a seed, so that a run can be repeated. */
let seed = Number(process.argv[3] ?? Date.now() % 1e9);
console.log(`seed ${seed}`);
const random = (below: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const oneOf = <T>(...items: T[]): T => items[random(items.length)]!;

function grow(depth: number): WireTree {
  const length = oneOf(0, 1, 2, 3, 5, 12, 13, 40, 129, 1_000);
  const count = oneOf(0, 1, 1, 2, 4, 17, 20);
  const inner = (): WireTree => (depth > 2 ? { is: 'none' } : grow(depth + 1));
  switch (random(13)) {
    case 0:
      return scalar();
    case 1:
      return { is: oneOf('text', 'wide', 'escaped', 'index', 'halves', 'controls'), length };
    case 2:
      return { is: oneOf('bytes', 'bigint'), length };
    case 3:
      return { is: oneOf('list', 'tuple', 'set'), items: Array.from({ length: count }, inner) };
    case 4:
    case 5: {
      // most tables have keys of one kind
      const kind = random(2) === 0 ? keyOf() : undefined;
      return { is: 'dict', entries: Array.from({ length: count }, (): [WireTree, WireTree] => [kind ?? keyOf(), inner()]) };
    }
    case 6:
      return oneOf<WireTree>(
        { is: oneOf('exception', 'uri') },
        { is: 'shared', value: classTree(inner), times: oneOf(1, 20, 200) },
      );
    case 7:
      return classTree(inner);
    case 8:
      return { is: 'proxy', methods: oneOf(0, 1, 4, 15) };
    case 9:
      return { is: 'set', items: Array.from({ length: Math.max(1, count) }, () => keyOf()) };
    case 10:
      return oneOf<WireTree>({ is: 'array', dtype: oneOf(...DTYPES), count }, dimensions(), scalar());
    case 11:
      return { is: 'crowd', of: oneOf('set', 'dict'), count: oneOf(7, 20, 130), length: oneOf(16_383, 16_384, 20_000) };
    default:
      return { is: 'flagged', value: { is: oneOf('none', 'int', 'word') } };
  }
}

/** An array of up to 64 dimensions, most of them short, or of long elements. */
function dimensions(): WireTree {
  const [dtype, itemBytes] = oneOf<[string, number]>(...ELEMENTS);
  const isLong = itemBytes > 100;
  const shape = Array.from({ length: oneOf(0, 1, 2, 7, 20, 64) }, () => 1);
  // 2 ** 12 elements at most
  for (let twos = isLong ? 1 : random(13); twos > 0 && shape.length > 0; twos--) {
    const at = random(shape.length);
    shape[at] = shape[at]! * 2;
  }
  return { is: 'dimensions', dtype, itemBytes, shape, isScalar: random(3) === 0 };
}

function classTree(inner: () => WireTree): ClassTree {
  const count = oneOf(0, 1, 2, 4, 17);
  if (random(2) === 0)
    return {
      is: 'failure',
      items: Array.from({ length: count }, inner),
      lines: oneOf(0, 1, 20, 200),
      length: oneOf(1, 40, 1_000),
    };
  const of = oneOf('bench.Members' as const, 'bench.Lists' as const);
  const member = (): WireTree => (of === 'bench.Lists' ? { is: 'list', items: Array.from({ length: count }, inner) } : inner());
  return { is: 'instance', of, items: [member(), member(), member()] };
}

function scalar(): WireTree {
  return oneOf<WireTree>({ is: oneOf('none', 'int', 'float', 'word', 'complex') }, { is: 'form', form: random(1_000) });
}

/** A dict key, or a member of a set. */
function keyOf(depth = 0): WireTree {
  const length = random(13);
  const text: WireTree = { is: oneOf('text', 'index', 'wide'), length: Math.max(1, length) };
  const others: WireTree[] = [
    { is: 'flagged', value: text },
    { is: 'bytes', length },
    { is: 'bigint', length: 17 + length },
    scalar(),
  ];
  if (depth < 3) others.push({ is: 'tuple', items: Array.from({ length: random(3) }, () => keyOf(depth + 1)) });
  return oneOf(text, ...others);
}

/** A copy with one part replaced. */
function changed(tree: WireTree): WireTree {
  if (random(3) === 0) return grow(0);
  if ('items' in tree && tree.items.length > 0) {
    const at = random(tree.items.length);
    return { ...tree, items: tree.items.map((item, index) => (index === at ? changed(item) : item)) };
  }
  if ('entries' in tree && tree.entries.length > 0) {
    const at = random(tree.entries.length);
    return { ...tree, entries: tree.entries.map(([key, value], index) => [key, index === at ? changed(value) : value]) };
  }
  return grow(1);
}

/** The figures that the search maximises. */
const AIMS: Record<string, (cost: Cost, tree: WireTree) => number> = {
  // references stand for more than their bytes: the estimate bounds their time
  'ms per MiB': (cost, tree) => (hasShared(tree) ? 0 : msPerMiB(cost)),
  'bytes of heap per byte': bytesPerByte,
  'estimate off by': (cost, tree) => {
    if (cost.refused !== undefined) return 0;
    // each reference to a shared part is counted
    return hasShared(tree) || countsLists(tree) ? 1 / ratioOf(cost) : Math.max(ratioOf(cost), 1 / ratioOf(cost));
  },
  // texts are cut: their time must not grow with the value
  'ms of a text': ({ second }) => second?.textMs ?? 0,
  'ms per MiB written': ({ second }) => second?.writeMs ?? 0,
  'ms for 64 MiB of the estimate': (cost) => (cost.refused === undefined ? (cost.cpuMs / cost.estimatedBytes) * 64 * MIB : 0),
};

/** The figures of sequences of requests that the search maximises. */
const SEQUENCE_AIMS: Record<string, (cost: SequenceCost) => number> = {
  'requests: ms per MiB read': ({ cpuMs, readBytes }) => (cpuMs / readBytes) * MIB,
  'requests: ms per KiB sent': ({ cpuMs, sentBytes }) => (cpuMs / sentBytes) * 1_024,
  'requests: bytes of heap per byte sent': ({ heldBytes, sentBytes }) => heldBytes / sentBytes,
  'requests: MiB of heap': ({ heldBytes }) => heldBytes / MIB,
};

/** A way to find the figure of a tree, chosen for one round of changes. */
interface Trial {
  what: string;
  serializer: SerializerName;
  figureOf: (tree: WireTree, isVaried: boolean) => Promise<number>;
}

function oneTrial(): Trial {
  const serializer = oneOf(...SERIALIZER_NAMES);
  const values = oneOf('natural' as const, 'faithful' as const);
  if (random(4) > 0) {
    const [aim, valueOf] = oneOf(...Object.entries(AIMS));
    const figureOf: Trial['figureOf'] = async (tree, isVaried) =>
      valueOf(await measure(tree, serializer, values, isVaried, WIRE_BYTES), tree);
    return { what: `${aim}, ${serializer}, ${values}`, serializer, figureOf };
  }
  const [aim, valueOf] = oneOf(...Object.entries(SEQUENCE_AIMS));
  const size = { connections: oneOf(1, 4, 8), requests: oneOf(1, 4, 16), bytes: oneOf(16, 64, 200, 1_024) * 1_024 };
  const figureOf: Trial['figureOf'] = async (tree, isVaried) =>
    hasShared(tree) ? 0 : valueOf(await measureSequence({ tree, serializer, values, isVaried, ...size }));
  return { what: `${aim}, ${serializer}, ${values}`, serializer, figureOf };
}

const worst = new Map<string, number>();
const end = Date.now() + minutes * 60_000;
while (Date.now() < end) {
  const { what, serializer, figureOf } = oneTrial();
  let tree = grow(0);
  let best = 0;
  for (let change = 0; change < CHANGES && Date.now() < end; change++) {
    const tried = best === 0 ? grow(0) : changed(tree);
    if (!isSayable(tried, serializer)) continue;
    const isVaried = random(2) === 0;
    const figure = await figureOf(tried, isVaried);
    if (!(figure > best) || !Number.isFinite(figure)) continue;
    best = figure;
    tree = tried;
    if (figure <= (worst.get(what) ?? 0)) continue;
    worst.set(what, figure);
    console.log(`${what}: ${figure.toFixed(2)}${isVaried ? ', each its own' : ''} ${JSON.stringify(tree).slice(0, 300)}`);
  }
}
console.log('\nthe worst:');
for (const [what, figure] of [...worst].sort(([one], [other]) => one.localeCompare(other)))
  console.log(`${what}: ${figure.toFixed(2)}`);
