/** A fuzzed server in a process of its own: `server-program.js core|nest`. Each line of its standard input asks for its state. */
import { createInterface } from 'node:readline';
import { type ServerKind, startFuzzed } from './fuzzed-server.js';

const server = await startFuzzed(process.argv[2] as ServerKind);
let asked = 0;
createInterface(process.stdin).on('line', () => {
  void server.state().then((state) => console.log(`state ${++asked}: ${JSON.stringify(state)}`));
});
console.log(`ready: ${server.location}`);
