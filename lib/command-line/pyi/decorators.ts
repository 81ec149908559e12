import type ts from 'typescript';
import type { Project } from './project.js';

/** A decorator as it stands in the source. */
export interface SourceDecorator {
  /** Name of the exported function: `PyroMethod`, even if the import renames it. */
  readonly name: string;
  readonly args: readonly ts.Expression[];
}

/** The value of a decorator's argument that can be read without running the code. */
export type Literal = string | number | boolean | readonly Literal[] | { readonly [name: string]: Literal };

/** The decorators of a class, member or parameter. */
export function decoratorsOf(project: Project, node: ts.Node): SourceDecorator[] {
  const { ts } = project;
  const decorators = ts.canHaveDecorators(node) ? (ts.getDecorators(node) ?? []) : [];
  return decorators.map(({ expression }) => {
    const call = ts.isCallExpression(expression) ? expression : undefined;
    return { name: exportedName(project, call?.expression ?? expression), args: call?.arguments ?? [] };
  });
}

export function decoratorNamed(decorators: readonly SourceDecorator[], name: string): SourceDecorator | undefined {
  return decorators.find((each) => each.name === name);
}

/** The name under which a function was exported where it is defined. */
export function exportedName({ ts, checker }: Project, expression: ts.Expression): string {
  const written = expression.getText().split('.').at(-1)!;
  const symbol = checker.getSymbolAtLocation(expression);
  if (symbol === undefined || !(symbol.flags & ts.SymbolFlags.Alias)) return symbol?.name ?? written;
  const exported = checker.getAliasedSymbol(symbol);
  // if a package cannot be found, only the names in the import are known
  if (exported.declarations !== undefined) return exported.name;
  const specifier = symbol.declarations?.find((each) => ts.isImportSpecifier(each));
  return (specifier?.propertyName ?? specifier?.name)?.text ?? written;
}

/** The options of a decorator: its object, or its text in place of one option. */
export function optionsOf(project: Project, { args }: SourceDecorator, textOption: string): Readonly<Record<string, Literal>> {
  const options: Record<string, Literal> = {};
  for (const arg of args) {
    const value = literalOf(project, arg);
    if (typeof value === 'string') options[textOption] = value;
    else if (typeof value === 'object' && !Array.isArray(value)) Object.assign(options, value);
  }
  return options;
}

/** The value of an expression; undefined when it is neither a literal nor the name of a literal. Members that are no literals are left out. */
export function literalOf(project: Project, expression: ts.Expression): Literal | undefined {
  const { ts, checker } = project;
  if (ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression) || ts.isParenthesizedExpression(expression))
    return literalOf(project, expression.expression);
  if (ts.isArrayLiteralExpression(expression)) {
    const items = expression.elements.map((each) => literalOf(project, each));
    return items.every((each) => each !== undefined) ? items : undefined;
  }
  if (ts.isObjectLiteralExpression(expression)) {
    const members = expression.properties.flatMap((each) => {
      const value = ts.isPropertyAssignment(each) ? literalOf(project, each.initializer) : undefined;
      return value === undefined || each.name === undefined ? [] : [[nameOf(each.name), value] as const];
    });
    return Object.fromEntries(members);
  }
  if (expression.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (expression.kind === ts.SyntaxKind.FalseKeyword) return false;
  const type = checker.getTypeAtLocation(expression);
  return type.isStringLiteral() || type.isNumberLiteral() ? type.value : undefined;
}

function nameOf(name: ts.PropertyName): string {
  return 'text' in name ? name.text : name.getText();
}
