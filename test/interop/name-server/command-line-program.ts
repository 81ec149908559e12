import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The program `nestjs-pyro`, made of the sources, in a directory of its own. */
export class CommandLineProgram {
  private constructor(
    readonly directory: string,
    readonly file: string,
  ) {}

  static async build(): Promise<CommandLineProgram> {
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
    });
    await copyFile('package.json', join(directory, 'package.json'));
    return new CommandLineProgram(directory, file);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true });
  }
}
