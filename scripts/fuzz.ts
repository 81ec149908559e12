/**
 * Lets hostile peers talk to servers, and hostile servers to clients: `npm run fuzz -- --minutes N`.
 *
 * A round has a seed. The last line of a failure is the command that repeats the round.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzClient } from '../test/fuzz/hostile/fuzz-client.js';
import { fuzzServer } from '../test/fuzz/hostile/fuzz-server.js';
import type { FuzzedServer, ServerKind, ServerState } from '../test/fuzz/hostile/fuzzed-server.js';
import { Program } from './program.js';

const KINDS = ['core', 'nest'] as const satisfies ServerKind[];
/** Groups of sessions in a round. */
const GROUPS = 100;
const CLIENT_RUNS = 100;
/** The heap of the fuzzed servers: hostile peers must not end such a process. */
const HEAP_MIB = 256;
/** What caches and compiled code take after the first rounds, whatever the number of rounds. */
const MAX_GROWTH_BYTES = 32 * 2 ** 20;
const FIRST_ROUNDS = 3;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: must be a number over 0`);
const isRepeat = values.seed !== undefined;
let seed = isRepeat ? Number(values.seed) : Date.now() % 1e9;

/** A server in a process of its own, so that its end is seen. */
async function startProgram(kind: ServerKind): Promise<FuzzedServer> {
  const file = join(import.meta.dirname, '../test/fuzz/hostile/server-program.js');
  const args = [`--max-old-space-size=${HEAP_MIB}`, file, kind];
  const program = new Program(process.execPath, args, { interactive: true, timeoutMs: 2 ** 31 - 1 });
  const kill = (): void => void process.kill(program.pid, 'SIGKILL');
  process.once('exit', kill);
  const location = await program.line('ready: ');
  let asked = 0;
  return {
    location,
    state: async () => {
      program.type('\n');
      return JSON.parse(await program.line(`state ${++asked}: `)) as ServerState;
    },
    close: async () => {
      process.off('exit', kill);
      await program.stop();
    },
  };
}

const servers = new Map<ServerKind, FuzzedServer>();
for (const kind of KINDS) servers.set(kind, await startProgram(kind));
const heapAtStart = new Map<ServerKind, number>();
const total = { rounds: 0, frames: 0, bytes: 0, answers: 0, witnessCalls: 0, clientCalls: 0, slowestMs: 0, blockedMs: 0 };
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const end = performance.now() + (isRepeat ? 0 : minutes * 60_000);

try {
  do {
    for (const [kind, server] of servers) {
      const result = await fuzzServer(server, { seed, groups: GROUPS });
      const { state } = result;
      total.frames += result.frames;
      total.bytes += result.bytes;
      total.answers += result.answers;
      total.witnessCalls += result.witnessCalls;
      total.slowestMs = Math.max(total.slowestMs, result.witnessSlowestMs);
      total.blockedMs = Math.max(total.blockedMs, state.blockedMs);
      const first = heapAtStart.get(kind);
      if (total.rounds === FIRST_ROUNDS) heapAtStart.set(kind, state.heapBytes);
      if (first !== undefined && state.heapBytes > first + MAX_GROWTH_BYTES) {
        throw new Error(`the heap of ${kind} grew from ${mib(first)} to ${mib(state.heapBytes)}`);
      }
      console.log(`seed ${seed}, ${kind}: ${result.answers} answers, heap ${mib(state.heapBytes)}, ${state.handles} handles`);
    }
    total.clientCalls += await fuzzClient({ seed, runs: CLIENT_RUNS });
    total.rounds++;
    seed++;
  } while (performance.now() < end);
} catch (error) {
  console.error(error);
  console.error(`\nthis repeats it: npm run fuzz -- --seed ${seed}`);
  process.exit(1);
}
for (const server of servers.values()) await server.close();
console.log(
  `\n${total.rounds} rounds: ${total.frames} messages (${mib(total.bytes)}), ${total.answers} answers as foretold; ` +
    `${total.witnessCalls} calls of witnesses, the slowest ${total.slowestMs.toFixed(0)} ms, event loop blocked at most ` +
    `${total.blockedMs.toFixed(0)} ms; ${total.clientCalls} calls of clients to hostile servers. Nothing failed.`,
);
