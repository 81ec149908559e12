import { ValueBudget } from '../../lib/serializers/contract/value-budget.js';
import { ProxyReference } from '../../lib/protocol/proxy-reference.js';
import { registerClass } from '../../lib/classes/register-class.js';
import { SERIALIZER_IDS } from '../../lib/protocol/constants.js';
import { createSerializers } from '../../lib/serializers/serializers.js';
import { aliveBytes, CLASSES } from './measure.js';

/**
 * Measures dicts that share their parts by references of marshal: `npm run cost:shared`. A few bytes of such a message stand for a long
 * text, file or list. `maxValueBytes` ends the read, so the time is compared with the estimated memory of the dicts.
 *
 * Prints for each attack the time for 1 MiB of the message and for 64 MiB of the budget, and the memory of the value as a part of its
 * estimate: at most twice, and much less where parts are shared.
 */
const COUNT = Number(process.argv[2] ?? 2_000);
/** Dicts that take little memory each. */
const MANY = COUNT * 20;
const ROUNDS = 5;
const MIB = 2 ** 20;
/** An attack that takes longer for 64 MiB of the budget is a fault, even on a busy machine. */
const MOST_MS = 1_000;
/** Bytes of the shared texts. */
const LONG = 200_000;

/** A value that is written once, with a flag, and referred to from then on. */
class Shared {
  private readonly parts: Buffer[] = [];

  add(value: Buffer): Buffer {
    const flagged = Buffer.from(value);
    flagged[0]! |= 0x80;
    this.parts.push(flagged);
    return Buffer.concat([Buffer.from('r'), int32(this.parts.length - 1)]);
  }

  /** The list of the shared values, and of the dicts. */
  message(dicts: readonly Buffer[]): Buffer {
    return listOf([...this.parts, ...dicts]);
  }
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const NONE = Buffer.from('N');
/** Half of a surrogate pair. */
const HALF = Buffer.from([0xed, 0xa0, 0x80]);
const TRUE = Buffer.from('T');
const int = (value: number): Buffer => Buffer.concat([Buffer.from('i'), int32(value)]);
const wireText = (value: Buffer): Buffer => Buffer.concat([Buffer.from('u'), int32(value.length), value]);
const text = (value: string): Buffer => wireText(Buffer.from(value));
const bytes = (value: Buffer): Buffer => Buffer.concat([Buffer.from('s'), int32(value.length), value]);
const listOf = (items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('['), int32(items.length), ...items]);
const tupleOf = (items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('('), int32(items.length), ...items]);
const dictOf = (...members: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('{'), ...members, Buffer.from('0')]);
const many = (make: (index: number) => Buffer, count = COUNT): Buffer[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** An npy file without elements. @param more a literal in its header */
function npyFile(more: string): Buffer {
  const header = Buffer.from(`{'descr':'|i1','fortran_order':False,'shape':(0,),'x':${more}}`);
  const file = Buffer.concat([Buffer.from('\x93NUMPY\x01\0  ', 'latin1'), header]);
  file.writeUInt16LE(header.length, 8);
  return file;
}

/** Bigints whose lower 64 bits, of which V8 makes their hash, are the same. */
const colliding = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `0x${((BigInt(index + 1) << 64n) | 5n).toString(16)}`);

/** Dicts of one array: `dtype`, `shape`, `data`. */
function arrays(dtype: Buffer, shape: Buffer, data: Buffer, count = COUNT): Buffer {
  const shared = new Shared();
  const parts = [text('dtype'), dtype, text('shape'), shape, text('data'), data].map((part) => shared.add(part));
  return shared.message(many(() => dictOf(...parts), count));
}

function npyFiles(more: string): Buffer {
  const shared = new Shared();
  const parts = [text('__class__'), text('numpy.ndarray'), text('npy'), bytes(npyFile(more))].map((part) => shared.add(part));
  return shared.message(many(() => dictOf(...parts)));
}

/** @param cls the class, among the members of a list inside an exception: dicts of unknown classes stay dicts there */
function insideException(cls: Buffer): Buffer {
  const shared = new Shared();
  const [name, value] = [shared.add(text('__class__')), shared.add(cls)];
  const members = [name, text('lab.Error'), text('__exception__'), TRUE, text('args'), tupleOf([]), text('more')];
  return shared.message([dictOf(...members, listOf(many(() => dictOf(name, value))))]);
}

function classDicts(name: string, member: string, valueOf: (shared: Shared) => Buffer, count = COUNT): Buffer {
  const shared = new Shared();
  const parts = [text('__class__'), text(name), text('__exception__'), text(member)].map((part) => shared.add(part));
  const value = valueOf(shared);
  return shared.message(many(() => dictOf(parts[0]!, parts[1]!, parts[2]!, TRUE, parts[3]!, value), count));
}

/** Exceptions that share one traceback, whose lines are one text. */
function withTracebacks(line: Buffer, lines = 200, count = COUNT / 10): Buffer {
  const shared = new Shared();
  const traceback = shared.add(listOf(many(() => line, lines)));
  const attributes = shared.add(dictOf(text('_pyroTraceback'), traceback));
  const parts = [text('__class__'), text('builtins.ValueError'), text('__exception__')].map((part) => shared.add(part));
  const each = dictOf(parts[0]!, parts[1]!, parts[2]!, TRUE, text('args'), tupleOf([]), text('attributes'), attributes);
  return shared.message(many(() => each, count));
}

const fields = (count: number): Buffer => listOf(many((index) => listOf([text(`f${index}`), text('i1')]), count));

/** Counts however full the heap is: parts that are shared are counted often, and are there once. */
class Unlimited extends ValueBudget {
  override grow(): boolean {
    this.limitBytes = Infinity;
    return true;
  }
}

const ATTACKS: Record<string, () => Buffer> = {
  'npy files with a long header': () => npyFiles(`[${'[],'.repeat(5_300)}]`),
  'npy files with a header of sets': () => npyFiles(`{${Array.from({ length: 1_700 }, (_, index) => `b'${index}'`).join(',')}}`),
  'npy files with a short header': () => npyFiles('0'),
  'npy files with keys that collide': () => npyFiles(`{${colliding(700).join(',')}}`),
  'dicts with long names of bytes': () => {
    const shared = new Shared();
    const names = many((index) => shared.add(bytes(Buffer.alloc(16_384, 65 + index))), 8);
    return shared.message(many(() => dictOf(...names.flatMap((name) => [name, NONE]))));
  },
  'a dtype of long bytes': () => arrays(bytes(Buffer.alloc(16_384, 'x')), listOf([int(0)]), bytes(Buffer.alloc(0))),
  'a dtype of many fields': () => arrays(fields(900), listOf([int(0)]), bytes(Buffer.alloc(0))),
  'arrays of one byte': () => arrays(text('i1'), listOf([int(1)]), bytes(Buffer.alloc(1))),
  'arrays of many dimensions': () => arrays(text('i1'), listOf(many(() => int(1), 64)), bytes(Buffer.alloc(1))),
  'arrays of float16': () => arrays(text('f2'), listOf([int(5_000)]), bytes(Buffer.alloc(10_000)), COUNT / 10),
  'arrays in the other byte order': () => arrays(text('>f8'), listOf([int(1_250)]), bytes(Buffer.alloc(10_000)), COUNT / 10),
  'arrays of lists': () => arrays(text('i8'), listOf([int(1_000)]), listOf(many(() => int(7), 1_000)), COUNT / 10),
  'arrays of base64': () => arrays(text('i1'), listOf([int(7_500)]), text('A'.repeat(10_000)), COUNT / 10),
  'complex numbers as texts': () => {
    const shared = new Shared();
    const [complex, data] = [shared.add(bytes(Buffer.from('complex'))), shared.add(bytes(Buffer.from('data')))];
    const value = shared.add(bytes(Buffer.from('1'.repeat(60))));
    return shared.message(many(() => dictOf(complex, TRUE, data, value)));
  },
  'classes with a long name': () => insideException(text('x'.repeat(LONG))),
  'classes with a long name of bytes': () => insideException(bytes(Buffer.alloc(LONG, 'x'))),
  'exceptions with a long text': () =>
    classDicts('builtins.ValueError', 'args', (shared) => tupleOf([shared.add(text('x'.repeat(LONG)))])),
  'exceptions with many arguments': () =>
    classDicts('builtins.ValueError', 'args', (shared) => shared.add(tupleOf(many(() => NONE, 300)))),
  'exceptions with a list of long texts': () =>
    classDicts('builtins.ValueError', 'args', (shared) => {
      const long = shared.add(text('x'.repeat(LONG / 10)));
      return shared.add(listOf(many(() => long, 10)));
    }),
  'exceptions with many attributes': () => {
    const shared = new Shared();
    const parts = [text('__class__'), text('builtins.ValueError'), text('__exception__'), text('args'), text('attributes')];
    const [cls, name, mark, args, attributes] = parts.map((part) => shared.add(part)) as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const members = shared.add(dictOf(...many((index) => Buffer.concat([text(`k${index}`), NONE]), COUNT / 10)));
    return shared.message(many(() => dictOf(cls, name, mark, TRUE, args, tupleOf([]), attributes, members)));
  },
  'exceptions with a long traceback': () => withTracebacks(text('x'.repeat(LONG / 200))),
  'exceptions with a traceback of control characters': () => withTracebacks(text('\x01'.repeat(LONG / 200))),
  'exceptions with a traceback of one control character': () => withTracebacks(text('\x01'), 1, MANY),
  'exceptions with a traceback of many lines': () => withTracebacks(text('x'), LONG),
  'exceptions with control characters in lists': () =>
    classDicts(
      'builtins.ValueError',
      'args',
      (shared) => {
        const long = shared.add(text('\x01'.repeat(100)));
        const list = shared.add(listOf(many(() => long, 10)));
        const lists = shared.add(listOf(many(() => list, 10)));
        return shared.add(tupleOf(many(() => lists, 10)));
      },
      COUNT / 10,
    ),
  'exceptions with one wide letter': () =>
    classDicts('builtins.ValueError', 'args', (shared) => shared.add(tupleOf([text('x'.repeat(LONG / 10)), text('\u20ac')]))),
  'exceptions of a registered class': () =>
    classDicts('bench.Failure', 'args', (shared) => shared.add(tupleOf([text('x')])), MANY),
  'exceptions of a registered class with a list of long texts': () =>
    classDicts('bench.Failure', 'args', (shared) => {
      const long = shared.add(text('x'.repeat(LONG / 10)));
      return shared.add(listOf(many(() => long, 10)));
    }),
  'instances of a registered class': () => {
    const shared = new Shared();
    const parts = [text('__class__'), text('bench.Members'), text('a'), listOf([]), text('b'), NONE, text('c'), NONE];
    const members = parts.map((part) => shared.add(part));
    return shared.message(many(() => dictOf(...members), MANY));
  },
  'failures of a batch': () =>
    classDicts('Pyro5.core._ExceptionWrapper', 'exception', (shared) => shared.add(text('x'.repeat(LONG)))),
  daemons: () => classDicts('Pyro5.server.Daemon', 'x', () => NONE, MANY),
  'scalars of NumPy': () => classDicts('numpy.str_', 'value', (shared) => shared.add(text('x'.repeat(LONG)))),
  'many halves of surrogate pairs': () => {
    const shared = new Shared();
    const halves = shared.add(wireText(Buffer.alloc(LONG - (LONG % 3), HALF)));
    return shared.message(many(() => halves));
  },
  'short halves of surrogate pairs': () => listOf(many(() => wireText(HALF), MANY)),
  'texts with one half of a surrogate pair': () =>
    listOf(many(() => wireText(Buffer.concat([Buffer.alloc(LONG, 'x'), HALF])), COUNT / 100)),
  'proxies with many names': () =>
    classDicts('Pyro5.client.Proxy', 'state', (shared) => {
      const names = shared.add(listOf(many((index) => text(`name${index}`), COUNT / 10)));
      return shared.add(tupleOf([text('PYRO:x@h:1'), names, names, names, text('hello'), NONE]));
    }),
  'URIs with many tags': () =>
    classDicts('Pyro5.core.URI', 'state', (shared) => {
      const tags = shared.add(listOf(many((index) => text(`tag${index}`), COUNT / 10)));
      return shared.add(tupleOf([text('PYROMETA'), tags, NONE, NONE, NONE]));
    }),
  'URIs with tags in one text': () =>
    classDicts('Pyro5.core.URI', 'state', (shared) => {
      const tags = Array.from({ length: 1_000 }, (_, index) => ((index * 7_919) % 1_000).toString(36)).join(',');
      return shared.add(tupleOf([text('PYROMETA'), text(tags), NONE, NONE, NONE]));
    }),
  'URIs with a long object': () =>
    classDicts('Pyro5.core.URI', 'state', (shared) =>
      shared.add(tupleOf([text('PYRO'), text('x'.repeat(LONG)), NONE, text('h'), int(1)])),
    ),
};

registerClass(class extends Error {}, { name: 'bench.Failure', fields: {} }, CLASSES);
const marshal = createSerializers({ classes: CLASSES }).get(SERIALIZER_IDS.marshal)!;
console.log(
  '| attack | ms for 1 MiB of the message | ms for 64 MiB of maxValueBytes | heap for the estimate |\n| --- | --- | --- | --- |',
);
for (const [name, make] of Object.entries(ATTACKS)) console.log(`| ${name} | ${await figuresOf(make())} |`);

async function figuresOf(data: Buffer): Promise<string> {
  const heapBefore = await aliveBytes();
  let [best, spent] = [Infinity, 0];
  let kept: unknown;
  for (let round = 0; round < ROUNDS; round++) {
    kept = undefined;
    const budget = new Unlimited(Infinity);
    const before = process.cpuUsage();
    try {
      kept = marshal.loads(data, { budget, decodeProxy: (state) => ProxyReference.fromState(state) });
    } catch (error) {
      return `refused: ${(error as Error).message.slice(0, 80)} | |`;
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1_000);
    spent = budget.spentBytes;
  }
  const heapBytes = (await aliveBytes()) - heapBefore;
  const forBudget = (best / spent) * 64 * MIB;
  if (spent > 0 && forBudget > MOST_MS) process.exitCode = 1;
  const times = [(best / data.length) * MIB, forBudget].map((time) => time.toFixed(0));
  return `${times.join(' | ')} | ${kept === undefined ? 0 : (heapBytes / spent).toFixed(2)}`;
}
