import { posix } from 'node:path';
import ts from 'typescript';

/**
 * What each room of `lib/` may import from besides itself. Between the folders of a room only circles are refused:
 * see import-circles.ts.
 */
const ROOMS: Record<string, readonly string[]> = {
  serpent: [],
  copies: ['serpent'],
  protocol: ['copies', 'serpent'],
  arrays: ['protocol', 'serpent'],
  reports: ['protocol'],
  calls: ['protocol', 'copies'],
  objects: ['calls', 'protocol', 'copies'],
  options: ['protocol', 'serpent'],
  transport: ['options', 'calls', 'reports', 'protocol', 'serpent'],
  serializers: ['arrays', 'options', 'calls', 'reports', 'protocol', 'serpent', 'copies'],
  classes: ['serializers', 'arrays', 'options', 'objects', 'protocol', 'serpent', 'copies'],
  daemon: ['serializers', 'options', 'transport', 'objects', 'calls', 'reports', 'protocol', 'serpent', 'copies'],
  client: ['serializers', 'options', 'transport', 'objects', 'calls', 'reports', 'protocol', 'serpent', 'copies'],
  logging: ['daemon', 'serializers', 'options', 'reports', 'protocol', 'copies'],
  telemetry: ['client', 'daemon', 'serializers', 'calls', 'reports', 'protocol'],
  naming: ['client', 'serializers', 'options', 'transport', 'protocol'],
  pyro: [
    'telemetry',
    'logging',
    'naming',
    'client',
    'daemon',
    'serializers',
    'arrays',
    'options',
    'calls',
    'reports',
    'protocol',
    'copies',
  ],
  'name-server': ['pyro', 'naming', 'daemon', 'serializers', 'options', 'objects', 'protocol', 'serpent'],
  inspector: [
    'pyro',
    'naming',
    'client',
    'daemon',
    'serializers',
    'arrays',
    'options',
    'objects',
    'reports',
    'protocol',
    'serpent',
  ],
  'command-line': [
    'inspector',
    'name-server',
    'classes',
    'pyro',
    'naming',
    'client',
    'daemon',
    'serializers',
    'arrays',
    'options',
    'objects',
    'reports',
    'protocol',
    'serpent',
  ],
  nest: [
    'inspector',
    'logging',
    'classes',
    'calls',
    'name-server',
    'pyro',
    'naming',
    'client',
    'daemon',
    'serializers',
    'arrays',
    'options',
    'objects',
    'reports',
    'protocol',
    'serpent',
    'copies',
  ],
  testing: [
    'nest',
    'pyro',
    'logging',
    'naming',
    'client',
    'daemon',
    'serializers',
    'options',
    'transport',
    'objects',
    'calls',
    'reports',
    'protocol',
    'serpent',
  ],
};

/** Files of `lib/` itself: what the package exports, and who may import them. */
const ENTRIES: Record<string, readonly string[]> = {
  'core.ts': Object.keys(ROOMS).filter((room) => !['nest', 'testing', 'command-line'].includes(room)),
  'index.ts': [...Object.keys(ROOMS).filter((room) => !['testing', 'command-line'].includes(room)), 'core.ts'],
};

const NEST_ROOM = 'nest';
const NEST_INTERNALS = 'nest/nest-internals.ts';
/** Imports modules of the application, whose names only the run knows. */
const APPLICATION_IMPORTER = 'command-line/python-classes-command.ts';
const NEST_PACKAGE = /^(@nestjs\/|rxjs($|\/))/;
const NEST_DEEP_PATH = /^@nestjs\/[^/]+\/./;

/** One import that goes where it must not. */
export interface Violation {
  /** Path below `lib/`, with forward slashes. */
  file: string;
  /** Counted from 1. */
  line: number;
  message: string;
}

interface Import {
  /** Undefined where only the run knows it. */
  specifier: string | undefined;
  line: number;
}

/**
 * Checks one source file of `lib/` against the import direction.
 *
 * @param file its path below `lib/`, with forward slashes
 */
export function checkImports(file: string, text: string): Violation[] {
  const violations: Violation[] = [];
  const place = placeOf(file);
  if (!(place in ROOMS) && !(place in ENTRIES)) {
    violations.push({ file, line: 1, message: `${place} is no known room or entry of lib/; add it to scripts/import-rule.ts` });
  }
  for (const { specifier, line } of importsOf(file, text)) {
    const message = checkSpecifier(file, place, specifier);
    if (message !== undefined) violations.push({ file, line, message });
  }
  return violations;
}

/** The files of `lib/` that a file imports or re-exports, also for their types only. */
export function importedFiles(file: string, text: string): string[] {
  return importsOf(file, text).flatMap(({ specifier }) => (specifier?.startsWith('.') ? [targetOf(file, specifier)] : []));
}

function checkSpecifier(file: string, place: string, specifier: string | undefined): string | undefined {
  if (specifier === undefined && file === APPLICATION_IMPORTER) return undefined;
  if (specifier === undefined) return 'an import of what only the run knows cannot be checked';
  return specifier.startsWith('.') ? checkRelative(file, place, specifier) : checkPackage(file, place, specifier);
}

function checkRelative(file: string, place: string, specifier: string): string | undefined {
  if (!specifier.endsWith('.js')) return `"${specifier}" does not end in .js`;
  const target = targetOf(file, specifier);
  if (target.startsWith('..')) return `"${specifier}" leaves lib/`;
  const targetPlace = placeOf(target);
  if (targetPlace === place && place in ROOMS) return undefined;
  const allowed = ROOMS[place] ?? ENTRIES[place] ?? [];
  return allowed.includes(targetPlace) ? undefined : `${place} must not import ${targetPlace} ("${specifier}")`;
}

function checkPackage(file: string, place: string, specifier: string): string | undefined {
  if (!NEST_PACKAGE.test(specifier)) {
    return specifier === 'nestjs-pyro' || specifier.startsWith('nestjs-pyro/')
      ? `lib/ imports itself by relative paths, not by "${specifier}"`
      : undefined;
  }
  if (place !== NEST_ROOM) return `only ${NEST_ROOM} may import "${specifier}"`;
  if (NEST_DEEP_PATH.test(specifier) && file !== NEST_INTERNALS) return `only ${NEST_INTERNALS} may import "${specifier}"`;
  return undefined;
}

/** The source file that a relative specifier names. */
function targetOf(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

/** The room of a file, or the file itself where it lies in `lib/`. */
function placeOf(file: string): string {
  return file.split('/', 1)[0]!;
}

/** All that a file imports or re-exports, also for its types only and at run time. */
function importsOf(file: string, text: string): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    found.push({ specifier: specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier);
    else if (ts.isImportTypeNode(node)) add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument);
    else if (ts.isExternalModuleReference(node)) add(node, node.expression);
    else if (ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name)) add(node, node.name);
    else if (ts.isCallExpression(node) && isImportCall(node)) add(node, node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isImportCall({ expression }: ts.CallExpression): boolean {
  return expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require');
}
