/**
 * Lets hostile peers talk to servers, hostile servers to clients, and damaged values to the serializers: `npm run fuzz -- --minutes N`,
 * and `--only sessions|machine|clients|values` for one of these alone.
 *
 * A round has a seed. The last line of a failure is the command that repeats the round.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzClient } from '../test/fuzz/hostile/fuzz-client.js';
import { fuzzMachine } from '../test/fuzz/hostile/fuzz-machine.js';
import { fuzzServer } from '../test/fuzz/hostile/fuzz-server.js';
import { fuzzValues } from '../test/fuzz/hostile/fuzz-values.js';
import type { ServerKind, ServerState } from '../test/fuzz/hostile/fuzzed-server.js';
import { ServerProcess } from './server-process.js';

const KINDS = ['core', 'nest'] as const satisfies ServerKind[];
/** Groups of sessions in a round. */
const GROUPS = 100;
const MACHINE_FRAMES = 50_000;
const CLIENT_RUNS = 100;
const VALUES = 200_000;
/** The heap of the fuzzed servers: hostile peers must not end a process with this heap. */
const HEAP_MIB = 256;
/** Memory that caches and compiled code may take after the first rounds, whatever the number of rounds. */
const MAX_GROWTH_BYTES = 32 * 2 ** 20;
const FIRST_ROUNDS = 3;

const PARTS = ['sessions', 'machine', 'clients', 'values'] as const;
type Part = (typeof PARTS)[number];

const { values: given } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const minutes = Number(given.minutes);
if (!(minutes > 0)) throw new Error(`--minutes ${given.minutes}: must be a number over 0`);
const parts = PARTS.filter((part) => given.only === undefined || given.only === part);
if (parts.length === 0) throw new Error(`--only ${given.only}: must be one of ${PARTS.join(', ')}`);
const isRepeat = given.seed !== undefined;
let seed = isRepeat ? Number(given.seed) : Date.now() % 1e9;

const servers = new Map<ServerKind, ServerProcess<ServerState>>();
const heapAtStart = new Map<ServerKind, number>();
const total = { rounds: 0, frames: 0, bytes: 0, answers: 0, witnessCalls: 0, slowestMs: 0, blockedMs: 0, clientCalls: 0 };
const machine = { frames: 0, bytes: 0, answers: 0, connections: 0, aborted: 0, resumed: 0 };
const read = { values: 0, accepted: 0, bytes: 0, worstMs: 0, worstBytesPerByte: 0 };
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Adds the figures of both. Of a `worst` figure the larger is kept. */
function add<Name extends string>(sum: Record<Name, number>, result: Readonly<Record<Name, number>>): void {
  for (const name of Object.keys(sum) as Name[]) {
    sum[name] = name.startsWith('worst') ? Math.max(sum[name], result[name]) : sum[name] + result[name];
  }
}

function checkState(kind: ServerKind, { heapBytes, blockedMs }: ServerState): void {
  total.blockedMs = Math.max(total.blockedMs, blockedMs);
  const first = heapAtStart.get(kind);
  if (total.rounds === FIRST_ROUNDS) heapAtStart.set(kind, heapBytes);
  if (first !== undefined && heapBytes > first + MAX_GROWTH_BYTES) {
    throw new Error(`the heap of ${kind} grew from ${mib(first)} to ${mib(heapBytes)}`);
  }
}

/** Runs one part of a round. */
const RUN: Record<Part, () => void | Promise<void>> = {
  sessions: async () => {
    for (const [kind, server] of servers) {
      const result = await fuzzServer(server, { seed, groups: GROUPS });
      total.frames += result.frames;
      total.bytes += result.bytes;
      total.answers += result.answers;
      total.witnessCalls += result.witnessCalls;
      total.slowestMs = Math.max(total.slowestMs, result.witnessSlowestMs);
      checkState(kind, result.state);
      const { heapBytes, handles } = result.state;
      console.log(`seed ${seed}, ${kind}: ${result.answers} answers, heap ${mib(heapBytes)}, ${handles} handles`);
    }
  },
  machine: async () => {
    // one server works while the clients of the other server wait
    const runs = [...servers].map(async ([kind, server]) => {
      const { state, ...result } = await fuzzMachine(server, { seed, frames: MACHINE_FRAMES });
      add(machine, result);
      checkState(kind, state);
      console.log(`seed ${seed}, ${kind}: ${machine.frames} messages of the protocol machine, heap ${mib(state.heapBytes)}`);
    });
    await Promise.all(runs);
  },
  clients: async () => {
    total.clientCalls += await fuzzClient({ seed, runs: CLIENT_RUNS });
  },
  values: () => add(read, fuzzValues({ seed, values: VALUES })),
};

if (parts.some((part) => part === 'sessions' || part === 'machine')) {
  const file = join(import.meta.dirname, '../test/fuzz/hostile/server-program.js');
  for (const kind of KINDS) servers.set(kind, await ServerProcess.start({ file, args: [kind], heapMib: HEAP_MIB }));
}
const end = performance.now() + (isRepeat ? 0 : minutes * 60_000);
let running: Part | undefined;
try {
  do {
    for (const part of parts) {
      running = part;
      await RUN[part]();
    }
    total.rounds++;
    seed++;
  } while (performance.now() < end);
} catch (error) {
  console.error(error);
  console.error(`\nthis repeats it: npm run fuzz -- --only ${running} --seed ${seed}`);
  process.exit(1);
}
for (const server of servers.values()) await server.close();

const REPORT: Record<Part, string> = {
  sessions:
    `${total.frames} messages of hostile sessions (${mib(total.bytes)}), ${total.answers} answers as foretold; ` +
    `${total.witnessCalls} calls of witnesses, the slowest ${total.slowestMs.toFixed(0)} ms`,
  machine:
    `${machine.frames} messages of the protocol machine (${mib(machine.bytes)}), ${machine.answers} answers as foretold; ${machine.connections} connections, ` +
    `${machine.aborted} left in the middle of a message, ${machine.resumed} streams read on over another connection`,
  clients: `${total.clientCalls} calls of clients to hostile servers`,
  values:
    `${read.values} values read (${mib(read.bytes)}), ${read.accepted} accepted; the slowest took ${read.worstMs.toFixed(1)} ms; ` +
    `the largest takes ${read.worstBytesPerByte.toFixed(0)} bytes of memory for each byte`,
};
console.log(`\n${total.rounds} rounds:`);
for (const part of parts) console.log(`- ${REPORT[part]}`);
if (servers.size > 0) console.log(`- the event loop of a server was blocked for ${total.blockedMs.toFixed(0)} ms at most`);
console.log('Nothing failed.');
