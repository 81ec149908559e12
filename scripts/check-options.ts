/**
 * Checks the tables of docs/options.md against the option types that the package exports: `check-options.js [--write]`.
 *
 * A heading `## NAME` with the name of an exported type is followed by a table of its options: name, and the text of the docstring. With
 * `--write` the tables are written anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from './package-root.js';

const page = join(packageRoot, 'docs', 'options.md');
const HEAD = '| option | |\n| --- | --- |\n';
const SECTION = /^## (\w+)\n([^]*?)(?=^## |$(?![^]))/gm;
const TABLE = /^\| option .*\n(?:\|.*\n)*/m;

const types = optionTypes(['index.ts', 'core.ts'].map((entry) => join(packageRoot, 'lib', entry)));
const shown = await readFile(page, 'utf8');
const right = shown.replaceAll(SECTION, (section, name: string, text: string) => {
  const rows = types(name);
  if (rows === undefined) throw new Error(`docs/options.md: the package exports no type ${name}`);
  if (!TABLE.test(text)) throw new Error(`docs/options.md: there is no table below ${name}`);
  return section.replace(TABLE, () => HEAD + rows);
});
if (process.argv.includes('--write')) {
  await writeFile(page, right);
} else if (right !== shown) {
  const wrong = right.split('\n').filter((line) => line !== '' && !shown.includes(`${line}\n`));
  console.error(`docs/options.md is not what the types say; \`npm run docs:options\` mends it:\n${wrong.join('\n')}`);
  process.exitCode = 1;
} else {
  console.log(`ok: docs/options.md, ${right.split('\n').filter((line) => line.startsWith('| `')).length} options`);
}

/** The text of a name that a docstring links to: a link if the page has a table of this name. */
function linkTo(name: string): string {
  return shown.includes(`\n## ${name}\n`) ? `[\`${name}\`](#${name.toLowerCase()})` : `\`${name}\``;
}

/** @returns the rows of a type's table; undefined when nothing of that name is exported */
function optionTypes(entries: string[]): (name: string) => string | undefined {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(packageRoot, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    packageRoot,
  );
  const program = ts.createProgram(entries, options);
  const checker = program.getTypeChecker();
  const exported = entries.flatMap((entry) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!),
  );
  return (name) => {
    const found = exported.find((symbol) => symbol.name === name);
    if (found === undefined) return undefined;
    const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    const members = checker.getDeclaredTypeOfSymbol(symbol).getProperties();
    return members.map((member) => `| \`${member.name}\` | ${textOf(member)} |\n`).join('');
  };

  function textOf(member: ts.Symbol): string {
    const text = ts.displayPartsToString(member.getDocumentationComment(checker)).replaceAll('\n', ' ');
    if (text === '') throw new Error(`option ${member.name} has no docstring`);
    return text.replaceAll(/\{@link ([^}]+)\}/g, (_, name: string) => linkTo(name)).replaceAll('|', '\\|');
  }
}
