import { expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';

@expose
class Worker {
  factorize(n: number): number[] {
    const factors: number[] = [];
    let rest = n;
    for (let candidate = 2; rest > 1; candidate++) {
      for (; rest % candidate === 0; rest /= candidate) factors.push(candidate);
    }
    return factors;
  }
}

/** The client finds workers by metadata (`PYROMETA:`) instead of by name, and takes any of them. */
export default {
  async serve(stage) {
    for (const id of ['first', 'second']) {
      const daemon = await stage.daemon();
      const uri = daemon.register(new Worker(), id);
      await stage.register(`Worker_${id}`, uri, ['example3.worker.factorizer']);
    }
  },
  scripts: [{ file: 'client.py', prints: [/^first factorized/m] }],
  judge([client]) {
    const results = [...client!.matchAll(/^(?:first|second) factorized (\d+): \[(.*)\]$/gm)];
    if (results.length !== 100 || !client!.includes('second factorized')) throw new Error(client);
    for (const [line, number, factors] of results) {
      const product = factors!.split(', ').reduce((so, factor) => so * Number(factor), 1);
      if (product !== Number(number)) throw new Error(line);
    }
  },
} satisfies Example;
