import { expose, PyroDaemon } from 'nestjs-pyro/core';

class Bench {
  add(a: number, b: number): number {
    return a + b;
  }
  echo(value: unknown): unknown {
    return value;
  }
}
expose(Bench);

const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
daemon.register(new Bench(), 'bench');
console.log(`ready: ${daemon.locationStr}`);
