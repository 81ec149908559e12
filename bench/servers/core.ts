import { expose, PyroDaemon } from 'nestjs-pyro/core';
import { records } from '../records.js';

class Bench {
  add(a: number, b: number): number {
    return a + b;
  }
  echo(value: unknown): unknown {
    return value;
  }
  records(): unknown {
    return records;
  }
  *items(count: number): Generator<number> {
    for (let item = 0; item < count; item++) yield item;
  }
}
expose(Bench);

const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
daemon.register(new Bench(), 'bench');
console.log(`ready: ${daemon.locationStr}`);
