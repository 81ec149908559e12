import { posix } from 'node:path';
import ts from 'typescript';

/** A declaration at the top level of a file. */
export interface Declared {
  readonly name: string;
  /** Path below `lib/`, with forward slashes. */
  readonly file: string;
  readonly isExported: boolean;
  /** True for an interface, a type alias, a class and an enum. */
  readonly isType: boolean;
}

/** The declarations at the top level of files. @param texts the files, by their paths below `lib/` with forward slashes */
export function declarationsIn(texts: ReadonlyMap<string, string>): Declared[] {
  return [...texts].flatMap(([file, text]) => declarationsOf(file, text));
}

/**
 * Names that two files declare at their top level: two exports, or two types (classes and enums included), exported or not.
 *
 * Functions and constants that a file keeps to itself may have the name of another file's: they are read where they stand.
 *
 * @returns one text for each shared name: `Row: inspector/page/tables.tsx, name-server/store/sql/sql-names.ts`
 */
export function sharedNames(declared: readonly Declared[]): string[] {
  const exported = filesByName(declared.filter(({ isExported }) => isExported));
  const types = filesByName(declared.filter(({ isType }) => isType));
  return [...new Set(declared.map(({ name }) => name))].flatMap((name) => {
    const files = [exported, types].flatMap((by) => sharing(by.get(name)));
    return files.length > 0 ? [`${name}: ${[...new Set(files)].toSorted().join(', ')}`] : [];
  });
}

/** Names that two files have, without their folders. The entries of rooms, `index.ts`, may share theirs. */
export function sharedFileNames(files: readonly string[]): string[] {
  const found = filesByName(files.map((file) => ({ name: posix.basename(file), file })));
  return [...found].flatMap(([name, paths]) =>
    name !== 'index.ts' && paths.size > 1 ? [`${name}: ${[...paths].join(', ')}`] : [],
  );
}

/**
 * Types that have the name of a global type of TypeScript or the DOM, and functions and constants that have the name of a global of Node.
 *
 * @returns one text for each: `Window: reports/repeated-lines.ts`
 */
export function hiddenGlobals(declared: readonly Declared[]): string[] {
  const [types, values] = [globalTypes(), new Set(Object.getOwnPropertyNames(globalThis))];
  return declared
    .filter(({ name, isType }) => values.has(name) || (isType && types.has(name)))
    .map(({ name, file }) => `${name}: ${file}`);
}

/** The files when they are two or more. */
function sharing(files: ReadonlySet<string> = new Set()): readonly string[] {
  return files.size > 1 ? [...files] : [];
}

function filesByName(named: readonly { name: string; file: string }[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { name, file } of named) found.set(name, (found.get(name) ?? new Set()).add(file));
  return found;
}

const GLOBAL_TYPE = /^(?:declare )?(?:interface|type|class) (\w+)/gm;

function globalTypes(): Set<string> {
  const folder = posix.dirname(ts.getDefaultLibFilePath({}).replaceAll('\\', '/'));
  const files = ts.sys.readDirectory(folder, ['.d.ts'], undefined, ['lib.es*.d.ts', 'lib.dom*.d.ts', 'lib.decorators*.d.ts']);
  return new Set(files.flatMap((file) => [...ts.sys.readFile(file)!.matchAll(GLOBAL_TYPE)].map(([, name]) => name!)));
}

function declarationsOf(file: string, text: string): Declared[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) => {
    const isType = isTypeDeclaration(statement);
    return namesOf(statement).map((name) => ({ name, file, isExported: isExportedStatement(statement), isType }));
  });
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name));
  if (ts.isFunctionDeclaration(statement) || isTypeDeclaration(statement)) return statement.name ? [statement.name.text] : [];
  return [];
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesIn(element.name)));
}

function isTypeDeclaration(
  statement: ts.Statement,
): statement is ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassDeclaration | ts.EnumDeclaration {
  return (
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  );
}

function isExportedStatement(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  );
}
