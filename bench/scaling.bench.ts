import { loads } from '../lib/serpent/index.js';
import type { Benchmark } from './benchmark.js';
import { Contest, repeated, type Rounds } from './contest.js';

const ROUNDS: Rounds = { rounds: 15, warmUpMs: 0, ms: 20 };
const PARTS = 20_000;

/** Reads a serpent text, and a text of twice the length. The second has to take about twice the time, whatever the texts contain. */
const benchmark: Benchmark = async (options) => {
  const texts = Object.entries(TEXTS).filter(([name]) => name.includes(options.case));
  const rows = [];
  for (const [name, textOf] of texts) {
    const contenders = [repeated('single', reading(textOf(PARTS))), repeated('double', reading(textOf(2 * PARTS)))];
    const contest = await Contest.hold(contenders, ROUNDS, options);
    rows.push({ text: name, ms: 1_000 / contest.median('double', 'rate'), '2n ÷ n': contest.ratio('single', 'double') });
  }
  return { rows };
};

export default benchmark;

function reading(text: string): () => unknown {
  const data = Buffer.from(text);
  return () => loads(data);
}

const times = (unit: string) => (parts: number) => `[${unit.repeat(parts)}]`;

const TEXTS: Record<string, (parts: number) => string> = {
  'short strings': times("'abc',"),
  'strings of two bytes a character': times("'ä',"),
  'escapes in one string': (parts) => `'${'\\n'.repeat(parts)}'`,
  'escapes in bytes': (parts) => `b'${'\\x00'.repeat(parts)}'`,
  'literals in a row': (parts) => `(${"'abc' ".repeat(parts)})`,
  'dicts with one key': times("{'a':1},"),
  'keys of one dict': (parts) => `{${Array.from({ length: parts }, (_, index) => `'k${index}':1`).join(',')}}`,
  'tuples in a set': (parts) => `{${Array.from({ length: parts }, (_, index) => `(${index},1.5)`).join(',')}}`,
  'ints of 40 digits': times(`${'7'.repeat(40)},`),
  'digits of one float': (parts) => `1.${'3'.repeat(parts)}`,
  comments: (parts) => '# comment\n'.repeat(parts) + '1',
  'open quotation marks': times('"""a""",'),
};
