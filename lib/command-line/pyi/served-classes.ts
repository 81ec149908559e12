import type ts from 'typescript';
import { isExposedWithClass } from '../../objects/private-names.js';
import type { PyroNaming } from '../../objects/naming.js';
import { decoratorNamed, decoratorsOf, exportedName, literalOf, optionsOf, type SourceDecorator } from './decorators.js';
import type { Project } from './project.js';

/** A class whose objects are served. */
export interface ServedClass {
  readonly name: string;
  readonly declaration: ts.ClassDeclaration;
  readonly symbol: ts.Symbol;
  /** Undefined for the default. */
  readonly naming: PyroNaming | undefined;
  /** The decorators that expose a member; undefined for a member that is not exposed. */
  exposes(member: ts.Symbol): readonly SourceDecorator[] | undefined;
}

/** Finds the served classes of a project: classes with `@PyroController`, and classes that core's `expose` exposes. */
export function servedClasses(project: Project): ServedClass[] {
  const exposed = exposedByCalls(project);
  const found: ServedClass[] = [];
  for (const file of project.files) {
    visit(project.ts, file, (node) => {
      if (!project.ts.isClassDeclaration(node) || node.name === undefined) return;
      const symbol = project.checker.getSymbolAtLocation(node.name)!;
      const served = servedClass(project, node, symbol, exposed.get(symbol));
      if (served !== undefined) found.push(served);
    });
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function servedClass(
  project: Project,
  declaration: ts.ClassDeclaration,
  symbol: ts.Symbol,
  calls: ReadonlySet<string> | undefined,
): ServedClass | undefined {
  const decorators = decoratorsOf(project, declaration);
  const controller = decoratorNamed(decorators, 'PyroController');
  const name = declaration.name!.text;
  if (controller !== undefined) {
    const { naming } = optionsOf(project, controller, 'objectId');
    const exposes = (member: ts.Symbol) => decoratedWith(project, member, ['PyroMethod', 'PyroProperty']);
    return { name, declaration, symbol, naming: naming as PyroNaming | undefined, exposes };
  }
  const isExposedClass = decoratorNamed(decorators, 'expose') !== undefined || calls?.has(WHOLE_CLASS) === true;
  const exposes = (member: ts.Symbol): readonly SourceDecorator[] | undefined => {
    const own = decoratedWith(project, member, ['expose']);
    const isOwn = member.declarations?.some((each) => each.parent === declaration) === true;
    const byClass = isExposedClass && isOwn && isExposedWithClass(member.name);
    return own ?? (byClass || calls?.has(member.name) ? allDecorators(project, member) : undefined);
  };
  const isServed = project.checker
    .getDeclaredTypeOfSymbol(symbol)
    .getProperties()
    .some((member) => isMember(project, member) && exposes(member));
  return isServed ? { name, declaration, symbol, naming: undefined, exposes } : undefined;
}

/** True for methods and accessors. */
export function isMember({ ts }: Project, member: ts.Symbol): boolean {
  return (member.flags & (ts.SymbolFlags.Method | ts.SymbolFlags.Accessor)) !== 0;
}

const WHOLE_CLASS = '*';

/** The names of members that calls of `expose(Thing, 'add')` expose, by the class; {@link WHOLE_CLASS} for `expose(Thing)`. */
function exposedByCalls(project: Project): Map<ts.Symbol, Set<string>> {
  const { ts, checker } = project;
  const exposed = new Map<ts.Symbol, Set<string>>();
  for (const file of project.files) {
    visit(ts, file, (node) => {
      if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || exportedName(project, node.expression) !== 'expose')
        return;
      const [type, ...names] = node.arguments;
      const named = type && checker.getSymbolAtLocation(type);
      if (named === undefined) return;
      const symbol = named.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(named) : named;
      const known = exposed.get(symbol) ?? new Set<string>();
      exposed.set(symbol, known);
      if (names.length === 0) known.add(WHOLE_CLASS);
      for (const name of names.map((each) => literalOf(project, each))) if (typeof name === 'string') known.add(name);
    });
  }
  return exposed;
}

function decoratedWith(project: Project, member: ts.Symbol, names: readonly string[]): readonly SourceDecorator[] | undefined {
  const decorators = allDecorators(project, member);
  return decorators.some(({ name }) => names.includes(name)) ? decorators : undefined;
}

/** The decorators of a member; for an accessor, of its getter and its setter. */
function allDecorators(project: Project, member: ts.Symbol): SourceDecorator[] {
  return (member.declarations ?? []).flatMap((each) => decoratorsOf(project, each));
}

function visit({ forEachChild }: Pick<typeof ts, 'forEachChild'>, node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  forEachChild(node, (child) => visit({ forEachChild }, child, look));
}
