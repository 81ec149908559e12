import { dumps, loads } from '../lib/serpent/index.js';
import type { Benchmark, BenchmarkRow } from './benchmark.js';

const REPEATS = 4;

/**
 * Reading and writing beside JSON: all contenders in turn, so that a busy machine slows all of them alike. Figures are of the fastest
 * eighth of the rounds. Then twice the text beside the text: whatever is in it, that has to take about twice the time.
 */
const benchmark: Benchmark = async ({ smoke }) => {
  const rows: BenchmarkRow[] = [];
  for (const [name, value] of payloads()) {
    const figures = measure(contenders(value), smoke ? 0 : 2000);
    rows.push(
      {
        name: `loads ${name}`,
        value: figures.loads,
        unit: 'µs',
        note: `${ratio(figures.loads, figures.jsonParse)} × JSON.parse`,
      },
      {
        name: `loads faithful ${name}`,
        value: figures.loadsFaithful,
        unit: 'µs',
        note: `${ratio(figures.loadsFaithful, figures.jsonParse)} × JSON.parse`,
      },
      {
        name: `dumps ${name}`,
        value: figures.dumps,
        unit: 'µs',
        note: `${ratio(figures.dumps, figures.jsonStringify)} × JSON.stringify`,
      },
    );
  }
  for (const [name, textOf] of scalingTexts()) {
    const figures = measure({ single: reading(textOf(20_000)), double: reading(textOf(40_000)) }, smoke ? 0 : 300);
    rows.push({
      name: `loads 2n ÷ n ${name}`,
      value: figures.double / figures.single,
      unit: '×',
      note: `${figures.double.toFixed(0)} µs`,
    });
  }
  return rows;
};

export default benchmark;

function reading(text: string): () => unknown {
  const data = Buffer.from(text);
  return () => loads(data);
}

function contenders(value: unknown) {
  const json = Buffer.from(JSON.stringify(value));
  const literal = dumps(value);
  return {
    jsonParse: () => JSON.parse(json.toString()) as unknown,
    loads: () => loads(literal),
    loadsFaithful: () => loads(literal, { values: 'faithful' }),
    jsonStringify: () => Buffer.from(JSON.stringify(value)),
    dumps: () => dumps(value),
  };
}

function measure<K extends string>(functions: Record<K, () => unknown>, durationMs: number): Record<K, number> {
  const names = Object.keys(functions) as K[];
  const rounds = new Map(names.map((name) => [name, [] as number[]]));
  const end = performance.now() + durationMs;
  do {
    for (const name of names) {
      const start = performance.now();
      for (let repeat = 0; repeat < REPEATS; repeat++) functions[name]();
      rounds.get(name)!.push(((performance.now() - start) * 1000) / REPEATS);
    }
  } while (performance.now() < end);
  const fast = (micros: number[]): number => micros.toSorted((one, other) => one - other)[micros.length >> 3]!;
  return Object.fromEntries(names.map((name) => [name, fast(rounds.get(name)!)])) as Record<K, number>;
}

function ratio(one: number, other: number): string {
  return (one / other).toFixed(2);
}

function payloads(): [string, unknown][] {
  return [
    ['records, ASCII', records(['Alice Jones', 'Bob', 'Carol Smith', 'a plain name'])],
    ['records', records(['Alice Jones', 'Zoë Müller', 'Carlos Gómez', '日本 太郎'])],
    ['call', ['example.warehouse', 'take_item', ['person', 12], {}]],
    ['numbers', Array.from({ length: 1000 }, (_, index) => index / 7)],
    ['long text', 'The quick brown fox jumps over the lazy dog.\n'.repeat(500)],
    ['bytes', { data: Buffer.alloc(20_000, 'bytes') }],
  ];
}

/** 100 records of 13 values, about 21 KB. */
function records(names: string[]): unknown {
  return Array.from({ length: 100 }, (_, index) => ({
    id: 1000 + index,
    name: names[index % names.length],
    email: `user${index}@example.com`,
    score: Math.round(index * 137.31) / 100,
    active: index % 3 === 0,
    tags: ['red', 'green', `tag${index}`],
    city: 'Amsterdam',
    note: null,
    created: '2026-05-17T12:34:56+00:00',
    ratio: index / 7,
  }));
}

function scalingTexts(): [string, (parts: number) => string][] {
  const times = (unit: string) => (parts: number) => `[${unit.repeat(parts)}]`;
  return [
    ['short strings', times("'abc',")],
    ['strings of two bytes a character', times("'ä',")],
    ['escapes in one string', (parts) => `'${'\\n'.repeat(parts)}'`],
    ['escapes in bytes', (parts) => `b'${'\\x00'.repeat(parts)}'`],
    ['literals in a row', (parts) => `(${"'abc' ".repeat(parts)})`],
    ['dicts with one key', times("{'a':1},")],
    ['keys of one dict', (parts) => `{${Array.from({ length: parts }, (_, index) => `'k${index}':1`).join(',')}}`],
    ['tuples in a set', (parts) => `{${Array.from({ length: parts }, (_, index) => `(${index},1.5)`).join(',')}}`],
    ['ints of 40 digits', times(`${'7'.repeat(40)},`)],
    ['digits of one float', (parts) => `1.${'3'.repeat(parts)}`],
    ['comments', (parts) => '# comment\n'.repeat(parts) + '1'],
    ['open quotation marks', times('"""a""",')],
  ];
}
