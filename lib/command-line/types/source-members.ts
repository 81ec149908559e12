import { childrenOf, type Definition, nodesIn, type PythonSource, type SyntaxNode } from './syntax-tree.js';

/** A function or a property in the body of a class; or a function that adds to a property. */
export type ClassMember =
  | { kind: 'method'; definition: Definition; isExposed: boolean }
  | { kind: 'property'; getter: Definition | undefined; isExposed: boolean; isWritable: boolean }
  | { kind: 'accessor'; isSetter: boolean };

const ACCESSOR = /\.(setter|getter|deleter)$/;

/** The names of decorators in a source. Imports may rename them: `from Pyro5.api import expose as ex`. */
export class DecoratorNames {
  private readonly importedAs = new Map<string, string>();

  constructor(source: PythonSource) {
    for (const node of nodesIn(source.root)) {
      if (node.name !== 'ImportStatement') continue;
      for (const { prevSibling, nextSibling } of node.getChildren('as'))
        if (prevSibling && nextSibling) this.importedAs.set(source.textOf(nextSibling), source.textOf(prevSibling));
    }
  }

  /** True when a decorator has this name: `expose` for `@expose`, `@Pyro5.api.expose`, and `@ex` where the import says so. */
  has({ decorators }: Definition, name: string): boolean {
    return decorators.some((text) => {
      const called = text.replace(/\([^]*/, '').trim();
      return (this.importedAs.get(called) ?? called.split('.').at(-1)) === name;
    });
  }
}

/** Finds the functions and properties in the bodies of classes. */
export class SourceMembers {
  constructor(
    private readonly source: PythonSource,
    private readonly decorators: DecoratorNames,
  ) {}

  /** The members in their order, with their names: also those that are not exposed. */
  of(definition: Definition): [string, ClassMember][] {
    const members: [string, ClassMember][] = [];
    const body = new Map<string, ClassMember>();
    for (const statement of this.source.statements(definition)) {
      const found = statement.name === 'AssignStatement' ? this.assigned(statement, body) : this.defined(statement);
      if (found === undefined) continue;
      members.push(found);
      if (found[1].kind !== 'accessor') body.set(...found);
    }
    return members;
  }

  private defined(statement: SyntaxNode): [string, ClassMember] | undefined {
    const definition = statement.name === 'FunctionDefinition' ? this.source.definition(statement) : undefined;
    if (definition === undefined) return undefined;
    const { name, decorators } = definition;
    const accessor = decorators.map((text) => ACCESSOR.exec(text)?.[1]).find((kind) => kind !== undefined);
    if (accessor !== undefined) return [name, { kind: 'accessor', isSetter: accessor === 'setter' }];
    const isExposed = this.decorators.has(definition, 'expose');
    const isProperty = ['property', 'cached_property'].some((each) => this.decorators.has(definition, each));
    if (isProperty) return [name, { kind: 'property', getter: definition, isExposed, isWritable: false }];
    return [name, { kind: 'method', definition, isExposed }];
  }

  /** `alias = get`, and `gain = property(get, put)`. */
  private assigned(statement: SyntaxNode, body: ReadonlyMap<string, ClassMember>): [string, ClassMember] | undefined {
    const [target, ...rest] = childrenOf(statement);
    const value = rest.at(-1);
    if (target?.name !== 'VariableName' || value === undefined) return undefined;
    const name = this.source.textOf(target);
    const known = value.name === 'VariableName' ? body.get(this.source.textOf(value)) : undefined;
    if (known !== undefined) return [name, known];
    const called = value.name === 'CallExpression' ? value.firstChild : null;
    if (called === null || this.source.textOf(called) !== 'property') return undefined;
    const given = this.argumentsOf(value);
    const getter = body.get(given.get('fget') ?? given.get('0') ?? '');
    const isWritable = (given.get('fset') ?? given.get('1') ?? 'None') !== 'None';
    const method = getter?.kind === 'method' ? getter : undefined;
    return [name, { kind: 'property', getter: method?.definition, isExposed: method?.isExposed === true, isWritable }];
  }

  /** The arguments of a call: by name, or by position. */
  private argumentsOf(call: SyntaxNode): Map<string, string> {
    const given = new Map<string, string>();
    const list = call.getChild('ArgList');
    const parts = list === null ? [] : childrenOf(list);
    for (const [at, node] of parts.entries()) {
      if (['(', ')', ',', 'AssignOp'].includes(node.name) || parts[at + 1]?.name === 'AssignOp') continue;
      const key = parts[at - 1]?.name === 'AssignOp' ? this.source.textOf(parts[at - 2]!) : String(given.size);
      given.set(key, this.source.textOf(node));
    }
    return given;
  }
}
