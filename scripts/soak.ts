/**
 * Many connections for a long time: `npm run soak -- --minutes N --connections N`, and `--server core|nest` for one server alone.
 *
 * Runs a daemon and a Nest application, each with the usual heap and with one of 256 MiB, where clients also ask for more memory than there
 * is. Fails when an answer is wrong, a call is lost, or the server keeps something after the clients have disconnected.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PyroDaemon } from 'nestjs-pyro/core';
import { ServerProcess } from './server-process.js';
import { type CallCounts, SoakClient } from './soak/client.js';
import type { Held } from './soak/held.js';

const SMALL_HEAP_MIB = 256;
/** Clients that connect at the same time. */
const AT_ONCE = 100;
/** Of this number of connections one is active, and the others are idle. */
const ACTIVE_SHARE = 10;
/** Clients that send large values to a server with a small heap. */
const GREEDY = 40;
/** Memory that caches and compiled code may take, whatever the number of connections and calls. */
const MAX_GROWTH_BYTES = 24 * 2 ** 20;
/** A call or a connection that lasts longer hangs. */
const HANG_MS = 120_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    connections: { type: 'string', default: '2000' },
    server: { type: 'string' },
  },
});
const minutes = numberOf('minutes', values.minutes);
const connections = numberOf('connections', values.connections);
const kinds = values.server === undefined ? ['core', 'nest'] : [values.server];

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} ${text}: must be a number over 0`);
  return number;
}

function startServer(kind: string, hasSmallHeap: boolean): Promise<ServerProcess<Held>> {
  const file = join(import.meta.dirname, 'soak/server-program.js');
  return ServerProcess.start({ file, args: [kind], heapMib: hasSmallHeap ? SMALL_HEAP_MIB : undefined });
}

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(work));
}

const textOf = ({ connections: open, streams, handles, heapBytes, rssBytes }: Held): string =>
  `${open} connections, ${streams} streams, ${handles} handles, heap ${mib(heapBytes)}, process ${mib(rssBytes)}`;
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

async function soak(kind: string, hasSmallHeap: boolean, lastMs: number): Promise<void> {
  const server = await startServer(kind, hasSmallHeap);
  const callbacks = await PyroDaemon.listen({ host: '127.0.0.1', maxConnections: 20_000 });
  const counts: CallCounts = { made: 0, answered: 0, refused: 0, wrong: [] };
  const newClient = (): SoakClient => new SoakClient(server.location, counts, callbacks);
  const everything = async (client: SoakClient): Promise<void> => {
    await client.next();
    await client.stream();
    await client.callBack();
    await client.next();
  };
  const first = Array.from({ length: AT_ONCE }, newClient);
  await inGroups(first, everything);
  await inGroups(first, (client) => client.close());
  const start = await settled(server);
  console.log(`\n${kind}${hasSmallHeap ? `, heap of ${SMALL_HEAP_MIB} MiB` : ''}`);
  console.log(`  start: ${textOf(start)}`);

  const clients = Array.from({ length: connections }, newClient);
  await inGroups(clients, (client) => client.next());
  const open = await server.state();
  const each = (open.heapBytes - start.heapBytes) / connections / 1024;
  console.log(`  open: ${textOf(open)}; ${each.toFixed(1)} KiB of heap for each connection with its session`);

  const end = performance.now() + lastMs;
  let replaced = 0;
  const active = Math.max(1, Math.ceil(connections / ACTIVE_SHARE));
  const work = clients.slice(0, active).map(async (_, index) => {
    for (let turn = 0; performance.now() < end; turn++) {
      await everything(clients[index]!);
      if (hasSmallHeap && index < GREEDY) await clients[index]!.holdLarge();
      if (turn % 5 !== 4) continue;
      await clients[index]!.close();
      clients[index] = newClient();
      replaced++;
    }
  });
  await inTime(Promise.all(work), lastMs + HANG_MS);
  const { refusals } = await server.state();
  await inGroups(clients, (client) => client.close());
  const last = await settled(server, start.handles);
  await callbacks.close();
  await server.close();

  const { made, answered, refused, wrong } = counts;
  console.log(`  end: ${textOf(last)}`);
  console.log(
    `  ${made} calls made, ${answered} answered, ${refused} refused, ${wrong.length} wrong; ${replaced} connections replaced`,
  );
  if (wrong.length > 0) throw new Error(`wrong answers: ${wrong.slice(0, 5).join('; ')}`);
  if (made !== answered + refused) throw new Error(`${made - answered - refused} calls were lost`);
  if (!hasSmallHeap && refused > 0) throw new Error(`${refused} calls were refused without a reason`);
  if (hasSmallHeap && refusals === 0) throw new Error('the server with a small heap has refused nothing: the run shows nothing');
  if (refused > refusals) throw new Error(`${refused} calls failed, and the server has refused ${refusals} only`);
  const growth = last.heapBytes - start.heapBytes;
  if (growth > MAX_GROWTH_BYTES) throw new Error(`${mib(growth)} of heap stay when the clients are gone`);
}

/** Waits until all clients have disconnected. @param handles number of handles that may stay */
async function settled(server: ServerProcess<Held>, handles = Infinity): Promise<Held> {
  const deadline = performance.now() + HANG_MS;
  for (;;) {
    const held = await server.state();
    if (held.problems.length > 0) throw new Error(held.problems.join('\n'));
    if (held.connections === 0 && held.streams === 0 && held.handles <= handles) return held;
    if (performance.now() > deadline) throw new Error(`stays when the clients are gone: ${textOf(held)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('calls hang')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const runs = kinds.flatMap((kind) => [false, true].map((hasSmallHeap) => ({ kind, hasSmallHeap })));
for (const { kind, hasSmallHeap } of runs) await soak(kind, hasSmallHeap, (minutes * 60_000) / runs.length);
console.log('\nNothing was lost, and nothing stays.');
