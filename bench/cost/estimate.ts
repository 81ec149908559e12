import { ELEMENTS, FORMS } from './forms.js';
import { bytesPerByte, measure, msPerMiB, ratioOf } from './measure.js';
import { countsLists, isSayable, SERIALIZER_NAMES, type WireTree } from './wire-tree.js';

const none: WireTree = { is: 'none' };
const int: WireTree = { is: 'int' };
const float: WireTree = { is: 'float' };
const text = (length: number): WireTree => ({ is: 'text', length });
const list = (...items: WireTree[]): WireTree => ({ is: 'list', items });
const set = (...items: WireTree[]): WireTree => ({ is: 'set', items });
const repeat = (count: number, tree: WireTree): WireTree[] => Array.from({ length: count }, () => tree);
const dict = (...entries: [WireTree, WireTree][]): WireTree => ({ is: 'dict', entries });
const names = (count: number, value: WireTree): WireTree =>
  dict(...Array.from({ length: count }, (_, i): [WireTree, WireTree] => [text(i + 1), value]));

const SHORT = Array.from({ length: 16 }, () => 2);
const arrayOf = (dtype: string, itemBytes: number, shape: number[], isScalar = false): WireTree => ({
  is: 'dimensions',
  dtype,
  itemBytes,
  shape,
  isScalar,
});

/** Values of peers, usual and hostile ones. */
const TREES: Record<string, WireTree> = {
  none,
  ints: int,
  floats: float,
  'short texts': text(1),
  'texts of 3': text(3),
  'texts of 12': text(12),
  'texts of 13': text(13),
  'texts of 100': text(100),
  'texts of 1,000': text(1_000),
  'wide texts of 3': { is: 'wide', length: 3 },
  'wide texts of 100': { is: 'wide', length: 100 },
  'escaped texts of 20': { is: 'escaped', length: 20 },
  'halves of pairs': { is: 'halves', length: 1_000 },
  'one half of a pair': { is: 'halves', length: 1 },
  'one wide character': { is: 'wide', length: 1 },
  'control characters': { is: 'controls', length: 100 },
  'bytes of 1': { is: 'bytes', length: 1 },
  'bytes of 100': { is: 'bytes', length: 100 },
  'bytes of 10,000': { is: 'bytes', length: 10_000 },
  'ints of 20 digits': { is: 'bigint', length: 20 },
  'ints of 1,000 digits': { is: 'bigint', length: 1_000 },
  'empty lists': list(),
  'lists of one': list(none),
  'lists of two': list(none, none),
  'lists of one float': list(float),
  'lists of 100 floats': list(...repeat(100, float)),
  'lists of 100 mixed': list(...repeat(50, float), none, ...repeat(49, float)),
  'nested lists': list(list(list(list(list())))),
  'empty tuples': { is: 'tuple', items: [] },
  'tuples of two': { is: 'tuple', items: [int, text(5)] },
  'empty sets': { is: 'set', items: [] },
  'sets of three': { is: 'set', items: [text(1), text(2), text(3)] },
  'empty dicts': dict(),
  'dicts of one': names(1, none),
  'dicts of 4': names(4, int),
  'dicts of 8': names(8, int),
  'dicts of 16': names(16, int),
  'dicts of 30': names(30, int),
  'dicts of 100': names(100, none),
  'dicts of floats': names(4, float),
  'dicts of dicts': names(3, names(2, int)),
  'dicts of an index': dict([{ is: 'index', length: 4 }, none]),
  'dicts of ints': dict([int, none]),
  'dicts of tuples': dict([{ is: 'tuple', items: [int, text(2)] }, none]),
  'dicts of bytes': dict([{ is: 'bytes', length: 2 }, none]),
  'dicts of complex': dict([{ is: 'complex' }, none]),
  'dicts of 3 indices': dict(...[1, 2, 3].map((length): [WireTree, WireTree] => [{ is: 'index', length }, none])),
  'sets of one int': set(int),
  'sets of one float': set(float),
  'sets of one complex': set({ is: 'complex' }),
  'sets of one of bytes': set({ is: 'bytes', length: 1 }),
  'sets of one tuple': set({ is: 'tuple', items: [int] }),
  'sets of 12 tuples': set(...Array.from({ length: 12 }, (_, i): WireTree => ({ is: 'tuple', items: [text(i), int] }))),
  'sets of 12 of bytes': set(...Array.from({ length: 12 }, (_, length): WireTree => ({ is: 'bytes', length }))),
  'sets of 12 tuples of forms': set(
    ...Array.from({ length: 12 }, (_, form): WireTree => ({ is: 'tuple', items: [int, { is: 'form', form: form + 15 }] })),
  ),
  'a long tuple in a set': set(...repeat(9, { is: 'tuple', items: [int] }), { is: 'tuple', items: repeat(1_000, int) }),
  'sets of 130 long texts': { is: 'crowd', of: 'set', count: 130, length: 16_384 },
  'dicts of 130 long texts': { is: 'crowd', of: 'dict', count: 130, length: 16_384 },
  instances: { is: 'instance', of: 'bench.Members', items: repeat(3, none) },
  'instances of floats': { is: 'instance', of: 'bench.Members', items: repeat(3, float) },
  'instances of dicts': { is: 'instance', of: 'bench.Members', items: repeat(3, names(2, int)) },
  'instances of instances': {
    is: 'instance',
    of: 'bench.Members',
    items: [{ is: 'instance', of: 'bench.Members', items: repeat(3, int) }, none, none],
  },
  'instances with lists': { is: 'instance', of: 'bench.Lists', items: repeat(3, list(none, none)) },
  'instances with long lists': { is: 'instance', of: 'bench.Lists', items: repeat(3, list(...repeat(100, int))) },
  exceptions: { is: 'exception' },
  'exceptions with a traceback': { is: 'failure', items: [text(5)], lines: 20, length: 40 },
  'exceptions with lists': {
    is: 'failure',
    items: [list(...repeat(10, list(...repeat(10, { is: 'controls', length: 100 }))))],
    lines: 0,
    length: 0,
  },
  'exceptions with many texts': {
    is: 'failure',
    items: [...repeat(5, text(100)), { is: 'wide', length: 5 }],
    lines: 1,
    length: 1,
  },
  URIs: { is: 'uri' },
  proxies: { is: 'proxy', methods: 0 },
  'proxies with 15 methods': { is: 'proxy', methods: 15 },
  'flagged None': { is: 'flagged', value: none },
  'flagged lists': { is: 'flagged', value: list() },
  'arrays of one int': { is: 'array', dtype: 'i8', count: 1 },
  'arrays of 20 times': { is: 'array', dtype: 'M8[s]', count: 20 },
  ...Object.fromEntries(
    ELEMENTS.flatMap(([dtype, itemBytes]) => [
      [`array of ${dtype}`, arrayOf(dtype, itemBytes, [Math.ceil(8_192 / itemBytes)])],
      [`dimensions of 1 of ${dtype}`, arrayOf(dtype, itemBytes, [2, ...Array.from({ length: 63 }, () => 1)])],
    ]),
  ),
  'an array of 16 short dimensions': arrayOf('|u1', 1, SHORT),
  'scalars that are arrays': arrayOf('|u1', 1, SHORT, true),
  ...Object.fromEntries(
    Array.from({ length: Math.max(...SERIALIZER_NAMES.map((name) => FORMS[name].length)) }, (_, form) => [
      `form ${form}`,
      { is: 'form', form } satisfies WireTree,
    ]),
  ),
  records: dict(
    [text(2), int],
    [text(4), text(15)],
    [text(5), text(20)],
    [text(6), float],
    [text(7), { is: 'word' }],
    [text(3), list(text(3), text(5), text(4))],
    [text(8), none],
    [text(9), text(25)],
  ),
};

const WIRE_BYTES = 512 * 1024;
/** Most CPU time of a text, and for each MiB that is written, in milliseconds on a busy machine. */
const MOST_TEXT_MS = 100;
const MOST_WRITE_MS = 500;
/** The factor by which an estimate may be wrong. */
const MOST_OFF = 2;

const only = process.argv[2];
let worst = { off: 1, what: '' };
console.log('serializer mode     value                          wire  est/heap  heap/wire  ms/MiB  ms of text  ms/MiB written');
for (const name of SERIALIZER_NAMES) {
  if (only !== undefined && only !== name) continue;
  for (const values of ['natural', 'faithful'] as const) {
    for (const [title, tree] of Object.entries(TREES)) {
      if (!isSayable(tree, name)) continue;
      for (const isVaried of [false, true]) {
        const cost = await measure(tree, name, values, isVaried, WIRE_BYTES);
        const ratio = ratioOf(cost);
        const off = countsLists(tree) ? 1 / ratio : Math.max(ratio, 1 / ratio);
        const what = `${name.padEnd(10)} ${values.padEnd(8)} ${`${title}${isVaried ? ', each its own' : ''}`.padEnd(35)}`;
        const figures = [cost.wireBytes / 2 ** 20, ratio, bytesPerByte(cost), msPerMiB(cost)];
        const { textMs, writeMs } = cost.second ?? { textMs: 0, writeMs: 0 };
        figures.push(textMs, writeMs);
        const isSlow = textMs > MOST_TEXT_MS || writeMs > MOST_WRITE_MS;
        if (isSlow) process.exitCode = 1;
        const mark =
          cost.refused !== undefined
            ? `refused: ${cost.refused}`
            : off > MOST_OFF
              ? '  <-- off'
              : isSlow
                ? '  <-- slow after the read'
                : '';
        console.log(what, ...figures.map((figure) => figure.toFixed(2).padStart(8)), mark);
        if (cost.refused === undefined && off > worst.off) worst = { off, what };
      }
    }
  }
}
console.log(`\nfarthest off: ${worst.off.toFixed(2)}-fold, ${worst.what}`);
if (worst.off > MOST_OFF) process.exitCode = 1;
