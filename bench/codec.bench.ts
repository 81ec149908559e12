import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { type Direction, nodeCodecs, PAYLOADS, PythonCodecContenders } from './codecs.js';
import { Contest, type Rounds } from './contest.js';

const ROUNDS: Rounds = { rounds: 31, warmUpMs: 0, ms: 10 };
const DIRECTIONS: readonly Direction[] = ['read', 'write'];

/** Compares the serializers of this package with JSON, msgpackr and Python's serializers, on the same values. */
const benchmark: Benchmark = async (options) => {
  const python = await PythonCodecContenders.start();
  try {
    const rows: BenchmarkRow[] = [];
    for (const [name, value] of Object.entries(PAYLOADS)) {
      if (!name.includes(options.case)) continue;
      for (const direction of DIRECTIONS) {
        const contenders = [...nodeCodecs(value, direction), ...python.contenders(value, direction)];
        const contest = await Contest.hold(contenders, ROUNDS, options);
        for (const codec of contest.names) {
          if (!codec.includes(options.server)) continue;
          const micros = 1e6 / contest.median(codec, 'rate');
          // time ÷ time: the ratio of the rates upside down
          rows.push({ value: name, direction, codec, µs: micros, '× JSON': 1 / contest.ratio(codec, 'JSON') });
        }
      }
    }
    return { rows };
  } finally {
    await python.stop();
  }
};

export default benchmark;
