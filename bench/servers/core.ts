/** A daemon of this package without Nest: `core.js [OBJECTS]`, with OBJECTS further registered objects. */
import { expose, PyroDaemon } from 'nestjs-pyro/core';
import { ANSWER, records } from '../values.js';
import { reportMemory } from './memory-reports.js';

class Bench {
  add(a: number, b: number): number {
    return a + b;
  }
  echo(value: unknown): unknown {
    return value;
  }
  echoBytes(data: Buffer): Buffer {
    return data;
  }
  records(): unknown {
    return records;
  }
  *items(count: number): Generator<number> {
    for (let item = 0; item < count; item++) yield ANSWER;
  }
}
expose(Bench);

const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
daemon.register(new Bench(), 'bench');
for (let other = 0; other < Number(process.argv[2] ?? 0); other++) daemon.register(new Bench(), `other-${other}`);
reportMemory();
console.log(`ready: ${daemon.locationStr}`);
