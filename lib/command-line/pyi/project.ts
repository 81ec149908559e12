import { dirname, resolve } from 'node:path';
import type ts from 'typescript';

/** The compiler, as the package `typescript` of the user's project exports it. */
export type Compiler = typeof ts;

/** A TypeScript project that is read. */
export interface Project {
  readonly ts: Compiler;
  readonly checker: ts.TypeChecker;
  /** The project's own source files. */
  readonly files: readonly ts.SourceFile[];
  /** True for files of TypeScript's library and of Node's types. */
  isForeign(file: ts.SourceFile): boolean;
}

/** Reads a project. @throws {Error} when its `tsconfig.json` cannot be read */
export function openProject(compiler: Compiler, tsconfig: string): Project {
  const path = resolve(tsconfig);
  const { config, error } = compiler.readConfigFile(path, (file) => compiler.sys.readFile(file)) as {
    config?: unknown;
    error?: ts.Diagnostic;
  };
  if (error !== undefined) throw new Error(textOf(compiler, error));
  const { fileNames, options, errors } = compiler.parseJsonConfigFileContent(
    config,
    compiler.sys,
    dirname(path),
    undefined,
    path,
  );
  if (fileNames.length === 0) throw new Error(errors[0] === undefined ? `${tsconfig} has no files` : textOf(compiler, errors[0]));
  const program = compiler.createProgram(fileNames, { ...options, noEmit: true });
  const isForeign = (file: ts.SourceFile): boolean =>
    program.isSourceFileDefaultLibrary(file) || /\/node_modules\/(?:@types\/node|typescript)\//.test(file.fileName);
  const files = program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file));
  return { ts: compiler, checker: program.getTypeChecker(), files, isForeign };
}

/** The doc comment of a class or member; without one, no member `doc`. */
export function docOf({ ts, checker }: Project, symbol: ts.Symbol): { doc?: string } {
  const doc = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
  return doc === '' ? {} : { doc };
}

function textOf(compiler: Compiler, diagnostic: ts.Diagnostic): string {
  return compiler.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
}
