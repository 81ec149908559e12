import { join } from 'node:path';
import { packageRoot } from '../scripts/package-root.js';
import { Program } from '../scripts/program.js';
import { ensurePythonEnv } from '../test/interop/python-env.js';

/** A benchmarked program that listens. */
export interface RunningServer {
  program: Program;
  /** `host:port` */
  location: string;
}

/** Starts a script of `bench/` with the Python that has Pyro5. */
export async function startPython(script: string, ...args: string[]): Promise<RunningServer> {
  return start(await ensurePythonEnv(), [join(packageRoot, 'bench', script), ...args]);
}

/** Starts a program of `bench/servers/` in a Node of its own. */
export function startNode(name: string): Promise<RunningServer> {
  return start(process.execPath, [join(import.meta.dirname, `servers/${name}.js`)]);
}

async function start(command: string, args: string[]): Promise<RunningServer> {
  const program = new Program(command, args, { timeoutMs: 3_600_000 });
  return { program, location: await program.line('ready: ') };
}
