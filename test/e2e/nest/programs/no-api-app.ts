/** A program of core without an installed `@opentelemetry/api`. Prints the loaded modules of OpenTelemetry. */
import { createRequire } from 'node:module';
import { expose, PyroDaemon, PyroProxy } from '../../../../lib/core.js';

class Adder {
  add(a: number, b: number): number {
    return a + b;
  }
}
expose(Adder);

const require = createRequire(import.meta.url);
const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));

for (const telemetry of [undefined, true]) {
  await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', telemetry });
  const uri = daemon.register(new Adder(), 'adder');
  await using adder = await PyroProxy.connect<Adder>(uri, { telemetry });
  console.log(`sum: ${await adder.add(40, 2)}`);
}
const isInstalled = ((): boolean => {
  try {
    return require.resolve('@opentelemetry/api') !== '';
  } catch {
    return false;
  }
})();
const loaded = Object.keys(require.cache).filter((file) => file.includes('@opentelemetry'));
console.log(`end: ${JSON.stringify({ isInstalled, loaded, warnings })}`);
