import { dirname, relative, resolve } from 'node:path';
import type ts from 'typescript';

/** The compiler, as the package `typescript` of the user's project exports it. */
export type Compiler = typeof ts;

/** A TypeScript project that is read. */
export interface Project {
  readonly ts: Compiler;
  readonly checker: ts.TypeChecker;
  /** The project's own source files. */
  readonly files: readonly ts.SourceFile[];
  /** The errors that the compiler finds in the files of `tsconfig.json`, as texts. A type that it does not know is `Any`. */
  errors(): string[];
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
  const roots = new Set(program.getRootFileNames().map((name) => program.getSourceFile(name)));
  const diagnosticsOf = (file: ts.SourceFile): readonly ts.Diagnostic[] => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ];
  return {
    ts: compiler,
    checker: program.getTypeChecker(),
    files,
    errors: () =>
      files
        .filter((file) => roots.has(file))
        .flatMap(diagnosticsOf)
        .map((each) => placedText(compiler, each)),
    isForeign,
  };
}

/** The doc comment of a class or member; without one, no member `doc`. */
export function docOf({ ts, checker }: Project, symbol: ts.Symbol | undefined): { doc?: string } {
  const doc = ts.displayPartsToString(symbol?.getDocumentationComment(checker)).trim();
  return doc === '' ? {} : { doc };
}

/** `src/oven.ts:3:14: Cannot find name 'Stpe'.` */
function placedText(compiler: Compiler, diagnostic: ts.Diagnostic): string {
  const { file, start = 0 } = diagnostic;
  if (file === undefined) return textOf(compiler, diagnostic);
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return `${relative('.', file.fileName)}:${line + 1}:${character + 1}: ${textOf(compiler, diagnostic)}`;
}

function textOf(compiler: Compiler, diagnostic: ts.Diagnostic): string {
  return compiler.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
}
