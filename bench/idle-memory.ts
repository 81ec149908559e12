import type { BenchmarkOptions } from './benchmark.js';
import { add } from './cases.js';
import { LoadConnection } from './load/load-connection.js';
import { PyroWire } from './load/pyro-wire.js';
import { RunningServer, type ServerName, SERVERS } from './servers.js';

/** Connections that are opened before the first measurement, so that objects that the server makes once are not measured. */
const FIRST = 500;
const COUNT = 4_000;

/** Bytes of an idle connection in a fresh server. */
export async function idleMemory(name: ServerName, { smoke }: BenchmarkOptions): Promise<{ heap: number; process: number }> {
  const [program, ...args] = SERVERS[name];
  const server = await RunningServer.startNode(program, ...args);
  const connections: LoadConnection[] = [];
  const wire = new PyroWire({ ...add(1), kind: 'call', object: 'bench' });
  const open = async (count: number): Promise<void> => {
    for (let opened = 0; opened < count; opened++) {
      const connection = new LoadConnection(server.location, wire);
      connections.push(connection);
      await connection.exchange(await connection.greet());
    }
  };
  try {
    const [first, count] = smoke ? [5, 20] : [FIRST, COUNT];
    await open(first);
    const before = await server.memory();
    await open(count);
    const after = await server.memory();
    return { heap: (after.heapUsed - before.heapUsed) / count, process: (after.rss - before.rss) / count };
  } finally {
    for (const connection of connections) connection.close();
    await server.stop();
  }
}
