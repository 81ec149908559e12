import { resolve, sep } from 'node:path';
import { SourceMembers, DecoratorNames } from './source-members.js';
import { childrenOf, type Definition, nodesIn, type PythonParser, PythonSource, type SyntaxNode } from './syntax-tree.js';

/** A file with Python source. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The target of an import: a module, or a name of a module. */
export interface Imported {
  /** `lab`, `base` of `from lab.base import Device`. */
  readonly module: readonly string[];
  /** Number of dots in front of the module. 0: the import is absolute. */
  readonly level: number;
  /** Undefined: the module itself. */
  readonly name: string | undefined;
}

/** A module of Python, read from its source: the names that it binds. */
export class SourceModule {
  readonly source: PythonSource;
  readonly decorators: DecoratorNames;
  readonly members: SourceMembers;
  /** All classes, also those within others. */
  readonly definitions: readonly Definition[];
  readonly classes: ReadonlyMap<string, Definition>;
  /** The texts of the types that other names stand for. */
  readonly aliases = new Map<string, string>();
  readonly imports = new Map<string, Imported>();
  /** Modules from which all names are imported: `from base import *`. */
  readonly wholeImports: Imported[] = [];
  /** The parts of the path, of which the last are the name of the module: `lab`, `base` for `lab/base.py`. */
  readonly parts: readonly string[];
  /** The parts of the path of the package that has the module. */
  readonly packageParts: readonly string[];

  constructor({ path, text }: SourceFile, parser: PythonParser) {
    this.source = new PythonSource(text, parser);
    this.decorators = new DecoratorNames(this.source);
    this.members = new SourceMembers(this.source, this.decorators);
    this.definitions = [...nodesIn(this.source.root)].flatMap((node) =>
      node.name === 'ClassDefinition' ? (this.source.definition(node) ?? []) : [],
    );
    this.classes = new Map(this.definitions.map((each) => [each.name, each]));
    for (const node of nodesIn(this.source.root, true)) {
      if (node.name === 'ImportStatement') this.noteImports(node);
      else this.noteAlias(node);
    }
    const parts = resolve(path)
      .replace(/\.pyi?$/, '')
      .split(sep);
    const isPackage = parts.at(-1) === '__init__';
    this.parts = isPackage ? parts.slice(0, -1) : parts;
    this.packageParts = parts.slice(0, -1);
  }

  /** True for the name of a class or of an alias. */
  defines(name: string): boolean {
    return this.classes.has(name) || this.aliases.has(name);
  }

  private noteAlias(node: SyntaxNode): void {
    if (node.name !== 'AssignStatement' && node.name !== 'TypeDefinition') return;
    const [first, ...rest] = childrenOf(node).filter(({ name }) => name !== 'type' && name !== 'TypeDef' && name !== 'AssignOp');
    const value = rest.at(-1);
    if (first?.name !== 'VariableName' || value === undefined || rest.length !== 1) return;
    const isType = ['VariableName', 'MemberExpression', 'BinaryExpression', 'String'].includes(value.name);
    const text = this.source.textOf(value);
    const [, newType] = /^(?:typing\.)?NewType\([^,]+,([^]+)\)$/.exec(text) ?? [];
    if (isType || newType !== undefined) this.aliases.set(this.source.textOf(first), newType?.trim() ?? text);
  }

  /** `import lab.base as b, time`, and `from ..lab import base as b, other`. */
  private noteImports(node: SyntaxNode): void {
    const words = childrenOf(node).map((each) => this.source.textOf(each));
    const [before, after] = [words.slice(1, words.indexOf('import')), words.slice(words.indexOf('import') + 1)];
    const isFrom = words[0] === 'from';
    const dots = /^\.*/.exec(before.join(''))![0].length;
    const module = before.filter((word) => !/^\.+$/.test(word));
    const listed = after.filter((word) => word !== '(' && word !== ')').join(' ');
    for (const text of listed.split(',')) {
      const [given = '', alias] = text.replaceAll(' . ', '.').trim().split(' as ');
      if (given === '') continue;
      const parts = given.split('.');
      if (!isFrom) this.imports.set(alias ?? parts[0]!, { module: alias ? parts : [parts[0]!], level: 0, name: undefined });
      else if (given === '*') this.wholeImports.push({ module, level: dots, name: undefined });
      else this.imports.set(alias ?? given, { module, level: dots, name: given });
    }
  }
}
