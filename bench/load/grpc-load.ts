import { join } from 'node:path';
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { packageRoot } from '../../scripts/package-root.js';
import type { Turn } from '../contest.js';
import { type Caller, measureCallers } from './callers.js';
import { checkValue } from './check-value.js';
import type { Figures } from './meter.js';

interface BenchClient {
  add(pair: { a: number; b: number }, done: (error: Error | null, reply: { sum: number }) => void): void;
  close(): void;
}

export interface GrpcLoad {
  location: string;
  pid: number;
  connections: number;
  pair: { a: number; b: number };
  expected: number;
}

/** Calls over gRPC by its own client. Each caller has a separate connection. The client needs more CPU than a server. */
export async function measureGrpc({ location, pid, connections, pair, expected }: GrpcLoad, turn: Turn): Promise<Figures> {
  const definition = loadPackageDefinition(loadSync(join(packageRoot, 'bench/bench.proto')));
  const { Bench } = definition.bench as unknown as { Bench: ServiceClientConstructor };
  const clients = Array.from({ length: connections }, () => {
    const client = new Bench(location, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    return client as unknown as BenchClient;
  });
  const callers = clients.map((client): Caller => {
    const call = (): Promise<unknown> =>
      new Promise<void>((resolve, reject) => {
        client.add(pair, (error, reply) => {
          if (error) return reject(error);
          checkValue(reply, { sum: expected });
          resolve();
        });
      });
    return { calls: 1, call };
  });
  try {
    return await measureCallers(pid, callers, turn);
  } finally {
    for (const client of clients) client.close();
  }
}
