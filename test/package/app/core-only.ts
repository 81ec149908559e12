// The daemon and the codec, used without Nest.
import { expose, PyroDaemon } from 'nestjs-pyro/core';
import { dumps, loads } from 'nestjs-pyro/serpent';

class Greeter {
  greet(name: string, greeting = 'Hello'): string {
    return `${greeting}, ${name}! ${String(loads(dumps('serpent')))}`;
  }
}
expose(Greeter);

async function main(): Promise<void> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  console.log(`ready: ${daemon.register(new Greeter(), 'package.greeter')}`);
}

void main();
