import { type AnyNode, type Pattern, parse } from 'acorn';

/** One positional parameter of a method. */
export interface Parameter {
  /** Undefined for a destructured one: no keyword reaches it. */
  readonly name: string | undefined;
  /** It has a default, or was given as `'name?'`. */
  readonly optional: boolean;
}

/** Parameters of a method as its author wrote them. */
export interface Parameters {
  /** In order, without the rest parameter. */
  readonly positional: readonly Parameter[];
  /** There is a `...rest` behind them. */
  readonly rest: boolean;
  /** False when the names are probably not the author's: a minifier's, or a wrapper's `...args`. */
  readonly trustworthy: boolean;
}

interface FunctionNode {
  params: Pattern[];
  body: AnyNode & { start: number; body?: AnyNode[] };
}

/** A minifier puts no space between the parameters and the body. */
const MINIFIED_HEAD = /\)\{$/;

/**
 * Reads the parameters of a function from its source.
 *
 * Understands functions, arrow functions, methods of every kind and accessors, and what TypeScript makes of async
 * methods and async generators for targets that lack them (`__awaiter`, `__asyncGenerator`).
 *
 * @returns undefined when there is no readable source: native and bound functions, classes
 */
export function readParameters(fn: (...args: never[]) => unknown): Parameters | undefined {
  const source = Function.prototype.toString.call(fn);
  // of a method called `static` V8 gives the source without its name
  const found = parseAsMember(source) ?? parseAsExpression(source) ?? parseAsMember(`method${source}`);
  if (found === undefined) return undefined;
  const head = found.text.slice(0, found.node.body.start + 1);
  const { rest, named } = parametersOf(downleveled(found.node) ?? found.node.params);
  const minified = named.length > 0 && MINIFIED_HEAD.test(head);
  return { positional: named, rest, trustworthy: !minified && !(rest && named.length === 0) };
}

/**
 * Parameters given by name: `'item'` is required, `'item?'` may be left out, a last `'...items'` takes all further ones.
 *
 * @throws {TypeError} on a name that is empty or given twice, and on `...` before the end
 */
export function namedParameters(names: readonly string[]): Parameters {
  const positional: Parameter[] = [];
  let rest = false;
  for (const text of names) {
    if (rest) throw new TypeError(`params: nothing can follow a "..." parameter, as "${text}" does`);
    if (text.startsWith('...')) {
      rest = true;
      continue;
    }
    const optional = text.endsWith('?');
    const name = optional ? text.slice(0, -1) : text;
    if (name === '') throw new TypeError('params: a parameter name is empty');
    if (positional.some((other) => other.name === name)) throw new TypeError(`params: "${name}" is given twice`);
    positional.push({ name, optional });
  }
  return { positional, rest, trustworthy: true };
}

interface Found {
  text: string;
  node: FunctionNode;
}

const acornOptions = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  // a method is looked at without its class and module
  allowImportExportEverywhere: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
} as const;

function parseAsMember(source: string): Found | undefined {
  const text = `(class extends Object { ${source} })`;
  const members = parseExpression(text, 'ClassExpression')?.body.body;
  const [member] = members ?? [];
  if (members?.length !== 1 || member?.type !== 'MethodDefinition') return undefined;
  return { text, node: member.value as FunctionNode };
}

function parseAsExpression(source: string): Found | undefined {
  const text = `(${source})`;
  const node = parseExpression(text, 'FunctionExpression') ?? parseExpression(text, 'ArrowFunctionExpression');
  return node && { text, node: node as FunctionNode };
}

function parseExpression<T extends AnyNode['type']>(text: string, type: T): Extract<AnyNode, { type: T }> | undefined {
  try {
    const [statement] = parse(text, acornOptions).body;
    if (statement?.type !== 'ExpressionStatement' || statement.expression.type !== type) return undefined;
    return statement.expression as unknown as Extract<AnyNode, { type: T }>;
  } catch {
    // native code, or a syntax newer than the parser: no names then
    return undefined;
  }
}

/** The author's parameters where TypeScript moved them into an inner generator; it does so when there are defaults. */
function downleveled(node: FunctionNode): Pattern[] | undefined {
  const statements = node.body.body;
  const [statement] = statements ?? [];
  if (statements?.length !== 1 || statement?.type !== 'ReturnStatement') return undefined;
  const call = statement.argument;
  if (call?.type !== 'CallExpression') return undefined;
  const { callee } = call;
  const helper = callee.type === 'MemberExpression' ? callee.property : callee;
  if (helper.type !== 'Identifier' || (helper.name !== '__awaiter' && helper.name !== '__asyncGenerator')) return undefined;
  const [, args] = call.arguments;
  const inner = call.arguments.at(-1);
  if (args?.type !== 'Identifier' || args.name !== 'arguments' || inner?.type !== 'FunctionExpression') return undefined;
  return inner.params.length > 0 ? inner.params : undefined;
}

function parametersOf(patterns: Pattern[]): { named: Parameter[]; rest: boolean } {
  const named: Parameter[] = [];
  for (const pattern of patterns) {
    if (pattern.type === 'RestElement') return { named, rest: true };
    const optional = pattern.type === 'AssignmentPattern';
    const target = optional ? pattern.left : pattern;
    named.push({ name: target.type === 'Identifier' ? target.name : undefined, optional });
  }
  return { named, rest: false };
}
