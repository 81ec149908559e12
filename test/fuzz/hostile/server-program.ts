/** A fuzzed server as a program: `server-program.js core|nest`. Each line of its standard input asks for its state. */
import { answerServerProcess } from '../../../scripts/server-process.js';
import { type ServerKind, startFuzzed } from './fuzzed-server.js';

const server = await startFuzzed(process.argv[2] as ServerKind);
answerServerProcess(server.location, () => server.state());
