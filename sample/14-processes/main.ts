import { type ChildProcess, fork } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { join } from 'node:path';
import { NameRegistrar } from 'nestjs-pyro/core';

/** Starts two processes that share one port, and two that have a port and a name each. All run worker.ts. */
const NAME_SERVER = process.argv[2] ?? 'localhost:9090';
const worker = join(import.meta.dirname, 'worker.js');
const children = new Set<ChildProcess>();
let isEnding = false;

cluster.setupPrimary({ exec: worker });
const [sharedUri] = await Promise.all([startWorker(), startWorker(), startReplica('north'), startReplica('south')]);

// the name of the shared port is registered here: a worker would take it off when that worker alone ends
const [host, port] = NAME_SERVER.split(':');
const objects = [{ name: 'example.primes', uri: sharedUri }];
const registrar = new NameRegistrar({ nameServer: { host, port: Number(port) }, objects });
await registrar.start();

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    isEnding = true;
    void registrar.stop();
    // each lets its running calls end
    for (const child of children) child.kill('SIGTERM');
  });
}
console.log(`ready: ${NAME_SERVER}`);

/** @returns the URI of the port that all workers share */
async function startWorker(): Promise<string> {
  const { process: child } = cluster.fork();
  const uri = await uriOf(child);
  // a worker that dies is replaced, but not one that never listened
  child.once('exit', () => {
    if (!isEnding) void startWorker();
  });
  return uri;
}

function startReplica(name: string): Promise<string> {
  return uriOf(fork(worker, { env: { ...process.env, REPLICA: name, NAME_SERVER } }));
}

/** Waits until a process listens. */
async function uriOf(child: ChildProcess): Promise<string> {
  children.add(child);
  child.once('exit', () => children.delete(child));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('a process ended before it listened')));
  const [uri] = (await Promise.race([once(child, 'message'), ended])) as [string];
  return uri;
}
