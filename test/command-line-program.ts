import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { inspectorPagePlugin } from '../scripts/build-inspector.js';

/** The exit of a program, and its output. */
export interface Outcome {
  code: number | string;
  stdout: string;
  stderr: string;
}

/** The program `nestjs-pyro`, made of the sources. */
export class CommandLineProgram {
  private constructor(
    private readonly directory: string,
    /** Path of its file. */
    readonly file: string,
  ) {}

  static async make(): Promise<CommandLineProgram> {
    const directory = await mkdtemp(join(tmpdir(), 'command-line-'));
    const file = join(directory, 'dist', 'command-line', 'main.js');
    const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
    await build({
      entryPoints: ['lib/command-line/main.ts'],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outfile: file,
      banner,
      plugins: [inspectorPagePlugin],
    });
    await copyFile('package.json', join(directory, 'package.json'));
    return new CommandLineProgram(directory, file);
  }

  run(...args: string[]): Promise<Outcome> {
    return runProgram(process.execPath, [this.file, ...args]);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true });
  }
}

/** Runs a program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(command, [...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}
