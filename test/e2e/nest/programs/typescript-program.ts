import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../../../scripts/package-root.js';
import { Program, type ProgramOptions } from '../../../../scripts/program.js';

const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};
const PROGRAMS = 'test/e2e/nest/programs';

/** Compiles the programs of this directory and the library without type checks, and runs the programs as processes. */
export class TypeScriptPrograms implements AsyncDisposable {
  private constructor(private readonly directory: string) {}

  static async compile(): Promise<TypeScriptPrograms> {
    const directory = await mkdtemp(join(tmpdir(), 'nestjs-pyro-programs-'));
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    await symlink(join(packageRoot, 'node_modules'), join(directory, 'node_modules'));
    for (const folder of ['lib', PROGRAMS]) {
      const files = await readdir(join(packageRoot, folder), { recursive: true });
      for (const file of files.filter((name) => name.endsWith('.ts'))) await compileFile(join(folder, file), directory);
    }
    return new TypeScriptPrograms(directory);
  }

  start(name: string, args: readonly string[] = [], options: ProgramOptions = {}): Program {
    return new Program(process.execPath, [this.fileOf(name), ...args], options);
  }

  /** The compiled file of a program. */
  fileOf(name: string): string {
    return join(this.directory, PROGRAMS, `${name}.js`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}

async function compileFile(file: string, directory: string): Promise<void> {
  const source = await readFile(join(packageRoot, file), 'utf8');
  const { outputText } = ts.transpileModule(source, { fileName: file, compilerOptions: COMPILER_OPTIONS });
  const target = join(directory, file.replace(/\.ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, outputText);
}
