/**
 * Runs samples, each with its Python half: `run-samples.js [--quiet] [--optional-python] [--serve] [NAME…]`. Default: all samples.
 *
 * A sample is a directory of `sample/` with some of these programs, run in this order:
 *
 * - `server.py`: a Python server. Prints `ready: ARGUMENT` when it can be called, and keeps running
 * - `main.ts`: the Nest app, with this argument if there is one. Prints `ready: URI`, and keeps running
 * - `client.py`, `client.ts`: get the argument of the last `ready:` line, and run to their end with exit code 0
 * - `redis.conf`: the sample needs a Redis with these settings. It gets the URL in REDIS_URL: the URL of the environment, or of a new
 *   Redis. Without both, the sample is left out with a warning; in CI it fails
 * - `client.py.expected.txt`, `client.ts.expected.txt`: the output of the client, if it is always the same
 *
 * Servers get PORT=0 in their environment: any free port. With `--optional-python` a machine without Python runs the other programs. With
 * `--serve` the servers use their default port (or PORT), and keep serving after the clients until they are interrupted.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePythonEnv } from '../test/interop/python-env.js';
import { findRedis, RedisServer } from '../test/redis-server.js';
import { packageRoot } from './package-root.js';
import { Program, run } from './program.js';

const CLIENT_TIMEOUT_MS = 60_000;
const SERVER_TIMEOUT_MS = 180_000;
/** The longest delay of a timer. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

const options = process.argv.slice(2);
const echo = !options.includes('--quiet');
const serves = options.includes('--serve');
const python = await findPython(options.includes('--optional-python'));
const named = options.filter((option) => !option.startsWith('--'));
const samples = named.length > 0 ? named : await allSamples();

let failed = 0;
for (const sample of samples) {
  try {
    const isRun = existsSync(join(packageRoot, 'sample', sample, 'redis.conf'))
      ? await runWithRedis(sample)
      : await runSample(sample, {});
    console.log(`${isRun ? 'ok' : 'left out'}: sample ${sample}`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED: sample ${sample}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
if (samples.length === 0) console.error('there are no samples');
if (failed > 0 || samples.length === 0) process.exitCode = 1;

async function runWithRedis(sample: string): Promise<boolean> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL) return runSample(sample, { REDIS_URL });
  const programs = await findRedis();
  if (programs === undefined) return false;
  const redis = await RedisServer.start(programs);
  try {
    return await runSample(sample, { REDIS_URL: redis.url });
  } finally {
    await redis.stop();
  }
}

/** @param needs environment of the servers */
async function runSample(sample: string, needs: Record<string, string>): Promise<boolean> {
  const source = (name: string): string => join(packageRoot, 'sample', sample, name);
  const commandOf = (name: string): [command: string, script: string] =>
    name.endsWith('.py')
      ? [python!, source(name)]
      : [process.execPath, join(packageRoot, 'build', 'sample', sample, name.replace(/\.ts$/, '.js'))];
  const present = (names: readonly string[]): string[] =>
    names.filter((name) => existsSync(source(name)) && (python !== undefined || !name.endsWith('.py')));

  const servers = present(['server.py', 'main.ts']);
  const clients = present(['client.py', 'client.ts']);
  if (servers.length === 0 || clients.length === 0)
    throw new Error('it needs a server (main.ts, server.py) and a client (client.py, client.ts)');

  const running: Program[] = [];
  const ready: string[] = [];
  try {
    for (const name of servers) {
      const [command, script] = commandOf(name);
      const env = { PYTHONUNBUFFERED: '1', ...needs, ...(serves ? {} : { PORT: '0' }) };
      const timeoutMs = serves ? NO_TIMEOUT_MS : SERVER_TIMEOUT_MS;
      const server = new Program(command, [script, ...ready.slice(-1)], { echo, env, timeoutMs });
      running.push(server);
      ready.push(await server.line('ready:'));
    }
    for (const name of clients) {
      if (echo) console.log(`-- ${name}`);
      const [command, script] = commandOf(name);
      const { stdout } = await run(command, [script, ...ready.slice(-1)], { echo, timeoutMs: CLIENT_TIMEOUT_MS });
      const expectedFile = source(`${name}.expected.txt`);
      const expected = existsSync(expectedFile) ? await readFile(expectedFile, 'utf8') : stdout;
      if (stdout !== expected) throw new Error(`${name} printed\n${stdout}instead of\n${expected}`);
    }
    if (serves) await serveOn(running, ready.at(-1)!, clients.map(commandOf));
    return true;
  } finally {
    for (const server of running.reverse()) await server.stop();
  }
}

/** Serves until Ctrl-C, or until a server ends by itself. @param clients the commands of its clients, the Python one first if there is one */
async function serveOn(
  servers: readonly Program[],
  uri: string,
  clients: readonly [command: string, script: string][],
): Promise<void> {
  const [client] = clients;
  console.log(`\nserving ${uri} – end it with Ctrl-C`);
  if (client !== undefined) console.log(`Call it again, in a second terminal:\n  ${[...client, uri].map(quoted).join(' ')}`);
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await Promise.race([interrupted, ...servers.map(({ ended }) => ended)]);
}

/** A word of a command line as a shell reads it. */
function quoted(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

async function findPython(optional: boolean): Promise<string | undefined> {
  try {
    return await ensurePythonEnv();
  } catch (error) {
    if (!optional) throw error;
    console.log(`without the Python half: ${(error as Error).message}\n`);
    return undefined;
  }
}

async function allSamples(): Promise<string[]> {
  const entries = await readdir(join(packageRoot, 'sample'), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
