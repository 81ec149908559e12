import { type AnyNode, parse } from 'acorn';

/** The names in a program, by where they are declared. */
export interface ProgramNames {
  /** Names that the program uses and declares nowhere around the use: globals. */
  readonly free: ReadonlySet<string>;
  /** Names that functions and blocks declare. */
  readonly nested: ReadonlySet<string>;
}

/** Longest program that is parsed, in characters. The parser takes about a second for a program of this length. */
const MAX_PROGRAM_CHARACTERS = 8_000_000;

const OPTIONS = {
  ecmaVersion: 'latest',
  allowHashBang: true,
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
} as const;

/** @returns undefined for a program that is too long, or that cannot be parsed */
export function programNamesOf(text: string): ProgramNames | undefined {
  if (text.length > MAX_PROGRAM_CHARACTERS) return undefined;
  try {
    return namesOf(parsed(text));
  } catch {
    // a syntax that this parser does not know yet, or expressions that are nested too deep
    return undefined;
  }
}

/** The nodes directly below a node. */
export function childNodesOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function parsed(text: string): AnyNode {
  try {
    return parse(text, { ...OPTIONS, sourceType: 'module' });
  } catch {
    // CommonJS that is no strict code
    return parse(text, { ...OPTIONS, sourceType: 'script' });
  }
}

function namesOf(program: AnyNode): ProgramNames {
  const top = new Scope(undefined);
  const nested = new Set<string>();
  new ScopeReader(nested).readChildren(program, top);
  return { free: top.unresolved(), nested };
}

class Scope {
  readonly declared = new Set<string>();
  readonly used = new Set<string>();

  /** @param around the scope around a block; undefined for functions and the program, which hold `var` */
  constructor(readonly around: Scope | undefined) {}

  get forVar(): Scope {
    return this.around?.forVar ?? this;
  }

  unresolved(): Set<string> {
    return new Set([...this.used].filter((name) => !this.declared.has(name)));
  }
}

/** Reads declarations and uses into scopes. A scope that ends hands the names that it does not declare to the scope around it. */
class ScopeReader {
  constructor(private readonly nested: Set<string>) {}

  readChildren(node: AnyNode, scope: Scope): void {
    for (const child of childNodesOf(node)) this.read(child, scope);
  }

  private readAll(nodes: readonly (AnyNode | null | undefined)[], scope: Scope): void {
    for (const node of nodes) if (node) this.read(node, scope);
  }

  private read(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case 'Identifier':
        scope.used.add(node.name);
        return;
      case 'MemberExpression':
        return this.readAll([node.object, node.computed ? node.property : undefined], scope);
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        return this.readAll([node.computed ? node.key : undefined, node.value], scope);
      case 'LabeledStatement':
        return this.read(node.body, scope);
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
      case 'ExportAllDeclaration':
        return;
      case 'ImportDeclaration':
        for (const { local } of node.specifiers) scope.declared.add(local.name);
        return;
      case 'ExportNamedDeclaration':
        if (node.source) return;
        return this.readAll([node.declaration, ...node.specifiers.map(({ local }) => local)], scope);
      case 'VariableDeclaration':
        for (const { id, init } of node.declarations) {
          this.declare(id, node.kind === 'var' ? scope.forVar : scope, scope);
          if (init) this.read(init, scope);
        }
        return;
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        // `export default` needs no name
        if (node.id) this.declare(node.id, scope, scope);
        return this.readScope(node, scope);
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
      case 'ClassExpression':
      case 'BlockStatement':
      case 'StaticBlock':
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'SwitchStatement':
      case 'CatchClause':
        return this.readScope(node, scope);
      default:
        return this.readChildren(node, scope);
    }
  }

  private readScope(node: AnyNode, around: Scope): void {
    const isFunction = 'params' in node;
    const scope = new Scope(isFunction || node.type === 'StaticBlock' ? undefined : around);
    if (isFunction) {
      if (node.type !== 'ArrowFunctionExpression') scope.declared.add('arguments');
      if (node.id) scope.declared.add(node.id.name);
      for (const param of node.params) this.declare(param, scope, scope);
      this.read(node.body, scope);
    } else if (node.type === 'ClassExpression' || node.type === 'ClassDeclaration') {
      if (node.id) scope.declared.add(node.id.name);
      this.readAll([node.superClass, node.body], scope);
    } else if (node.type === 'CatchClause') {
      if (node.param) this.declare(node.param, scope, scope);
      this.read(node.body, scope);
    } else {
      this.readChildren(node, scope);
    }
    for (const name of scope.declared) this.nested.add(name);
    for (const name of scope.unresolved()) around.used.add(name);
  }

  /** Declares the names of a pattern in one scope, and reads its defaults and computed keys in another. */
  private declare(pattern: AnyNode, target: Scope, scope: Scope): void {
    switch (pattern.type) {
      case 'Identifier':
        target.declared.add(pattern.name);
        return;
      case 'AssignmentPattern':
        this.declare(pattern.left, target, scope);
        return this.read(pattern.right, scope);
      case 'RestElement':
        return this.declare(pattern.argument, target, scope);
      case 'ArrayPattern':
        for (const element of pattern.elements) if (element) this.declare(element, target, scope);
        return;
      case 'ObjectPattern':
        for (const property of pattern.properties) this.declare(property, target, scope);
        return;
      case 'Property':
        if (pattern.computed) this.read(pattern.key, scope);
        return this.declare(pattern.value, target, scope);
      default:
    }
  }
}
