import type ts from 'typescript';
import { decoratorNamed, decoratorsOf, exportedName, literalOf, optionsOf } from './decorators.js';
import type { Project } from './project.js';
import { printedNames } from '../python/class-names.js';

/** A class with `@PyroClass`, or a class that `registerClass` registers. */
export interface PythonClass {
  /** Dotted name of the class in Python. */
  readonly name: string;
  readonly symbol: ts.Symbol;
  readonly options: ts.ObjectLiteralExpression | undefined;
}

/** A member of a {@link PythonClass}, by its options. */
export interface PythonField {
  /** The member of the class here. */
  readonly name: string;
  /** The member of Python's class. */
  readonly wireName: string;
  readonly isOptional: boolean;
  /** The type in the option `fields`. */
  readonly type: ts.Expression | undefined;
}

/** The classes and enums of a project that travel as objects of Python. */
export class PythonClasses {
  private readonly classes = new Map<ts.Symbol, PythonClass>();
  private readonly enums = new Map<ts.Symbol, string>();
  private names: ReadonlyMap<string, string> | undefined;

  constructor(private readonly project: Project) {
    for (const file of project.files) this.visit(file);
  }

  classOf(symbol: ts.Symbol | undefined): PythonClass | undefined {
    return symbol && this.classes.get(symbol);
  }

  classNamed(name: string): PythonClass | undefined {
    return [...this.classes.values()].find((each) => each.name === name);
  }

  /** Python's name of an enum that `registerEnum` registers. */
  enumOf(symbol: ts.Symbol | undefined): string | undefined {
    return symbol && this.enums.get(symbol);
  }

  /** The names that the classes and enums have in the module that `nestjs-pyro python classes` prints, by their dotted names. */
  get printedNames(): ReadonlyMap<string, string> {
    return (this.names ??= printedNames([...[...this.classes.values()].map(({ name }) => name), ...this.enums.values()]));
  }

  /** The kind of Python class in the option `python`. */
  styleOf({ options }: PythonClass): string | undefined {
    const style = options && this.member(options, 'python');
    const text = style && literalOf(this.project, style);
    return typeof text === 'string' ? text : undefined;
  }

  /** The members in the option `fields`; without the option, the members with decorators; undefined without both. */
  fieldsOf(source: PythonClass): PythonField[] | undefined {
    const type = this.project.checker.getDeclaredTypeOfSymbol(source.symbol);
    return this.declaredFields(source)?.flatMap((field) => this.transformed(field, type.getProperty(field.name)));
  }

  /** A field as decorators of class-transformer say: renamed, or not there when it travels in neither direction. */
  private transformed(field: PythonField, member: ts.Symbol | undefined): PythonField[] {
    const decorators = (member?.declarations ?? []).flatMap((each) => decoratorsOf(this.project, each));
    const [exposed, excluded] = ['Expose', 'Exclude'].map((name) => decoratorNamed(decorators, name));
    const { name } = exposed === undefined ? {} : optionsOf(this.project, exposed, '');
    const { toClassOnly, toPlainOnly } = excluded === undefined ? {} : optionsOf(this.project, excluded, '');
    const [isSent, isRead] = [!excluded || toClassOnly === true, !excluded || toPlainOnly === true];
    const wireName = typeof name === 'string' ? name : field.name;
    return isSent || isRead ? [{ ...field, wireName, isOptional: field.isOptional || !isSent }] : [];
  }

  private declaredFields({ options, symbol }: PythonClass): PythonField[] | undefined {
    const { ts } = this.project;
    const given = options && this.member(options, 'fields');
    if (given !== undefined && ts.isArrayLiteralExpression(given))
      return given.elements.flatMap((each) => this.field(literalOf(this.project, each), undefined));
    if (given !== undefined && ts.isObjectLiteralExpression(given))
      return given.properties.flatMap((each) => {
        const type = ts.isPropertyAssignment(each) ? each.initializer : undefined;
        return each.name === undefined ? [] : this.field('text' in each.name ? each.name.text : undefined, type);
      });
    const members = this.project.checker.getDeclaredTypeOfSymbol(symbol).getProperties();
    const decorated = members.flatMap((member) => this.decorated(member));
    return decorated.length > 0 ? decorated : undefined;
  }

  private field(key: unknown, type: ts.Expression | undefined): PythonField[] {
    const name = typeof key === 'string' ? key.replace(/\?$/, '') : undefined;
    return name === undefined ? [] : [{ name, wireName: name, isOptional: name !== key, type }];
  }

  /** The field of a member with decorators of class-validator. Decorators of class-transformer make no field. */
  private decorated(member: ts.Symbol): PythonField[] {
    const decorators = (member.declarations ?? []).flatMap((each) => decoratorsOf(this.project, each));
    const names = decorators.map(({ name }) => name).filter((name) => !/^(?:Exclude|Expose|Transform|Type)$/.test(name));
    if (names.length === 0) return [];
    return [
      {
        name: member.name,
        wireName: member.name,
        isOptional: names.includes('IsOptional') || names.includes('ValidateIf'),
        type: undefined,
      },
    ];
  }

  private member(object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
    const { ts } = this.project;
    const found = object.properties.find((each) => each.name !== undefined && 'text' in each.name && each.name.text === name);
    return found !== undefined && ts.isPropertyAssignment(found) ? found.initializer : undefined;
  }

  private visit(node: ts.Node): void {
    const { ts, checker } = this.project;
    if (ts.isClassDeclaration(node) && node.name !== undefined) {
      const mark = decoratorNamed(decoratorsOf(this.project, node), 'PyroClass');
      if (mark !== undefined) this.add(checker.getSymbolAtLocation(node.name), mark.args[0], mark.args[1]);
    }
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const name = exportedName(this.project, node.expression);
      const [first, second] = node.arguments;
      const symbol = first && this.symbolOf(first);
      const text = name === 'registerEnum' && second ? literalOf(this.project, second) : undefined;
      if (symbol !== undefined && typeof text === 'string') this.enums.set(symbol, text);
      if (name === 'registerClass' && second !== undefined && ts.isObjectLiteralExpression(second))
        this.add(symbol, this.member(second, 'name'), second);
    }
    ts.forEachChild(node, (child) => this.visit(child));
  }

  private add(symbol: ts.Symbol | undefined, name: ts.Expression | undefined, options: ts.Expression | undefined): void {
    const text = name && literalOf(this.project, name);
    if (symbol === undefined || typeof text !== 'string') return;
    const isObject = options !== undefined && this.project.ts.isObjectLiteralExpression(options);
    this.classes.set(symbol, { name: text, symbol, options: isObject ? options : undefined });
  }

  /** The symbol that an expression names; for an imported name, the symbol of its module. */
  symbolOf(expression: ts.Expression): ts.Symbol | undefined {
    const { ts, checker } = this.project;
    const symbol = checker.getSymbolAtLocation(expression);
    return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }
}
