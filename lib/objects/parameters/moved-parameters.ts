import type { AnyNode, Expression, Pattern } from 'acorn';
import { childNodesOf } from './free-names.js';

/** A function in a syntax tree. */
export interface FunctionNode {
  params: Pattern[];
  body: AnyNode & { start: number; body?: AnyNode[] };
}

/** A parameter that a compiler has made a variable of the body. */
interface MovedParameter {
  /** Undefined for a destructured parameter. */
  readonly name: string | undefined;
  readonly optional: boolean;
}

/** The parameters that are missing in the head of a function. */
export interface MovedParameters {
  /** Those behind the parameters in the head. */
  readonly behind: readonly MovedParameter[];
  readonly rest: boolean;
}

/** Functions of compilers that run an inner generator: of TypeScript, esbuild, SWC and Babel. */
const RUNS_GENERATOR =
  /^_{1,2}(?:awaiter|async|asyncGenerator|async_to_generator|wrap_async_generator|asyncToGenerator|wrapAsyncGenerator)\d*$/;

/** Names that SWC and Babel give to a parameter that is destructured in the body. */
const DESTRUCTURED = /^_(?:ref|param)\d*$/;

/**
 * Compilers for old targets move the parameters of async methods and async generators into an inner generator. Finds them there.
 * TypeScript and esbuild write `helper(this, arguments, function* (…) {})`, SWC and Babel `helper(function* (…) {}).apply(this, arguments)`.
 */
export function parametersOfGenerator(node: FunctionNode): Pattern[] | undefined {
  const statements = node.body.body;
  const [statement] = statements ?? [];
  if (statements?.length !== 1 || statement?.type !== 'ReturnStatement') return undefined;
  let call = statement.argument;
  if (call?.type !== 'CallExpression' || !call.arguments.some(isArguments)) return undefined;
  const { callee } = call;
  if (callee.type === 'MemberExpression' && nameOf(callee.property) === 'apply') call = callee.object as Expression;
  if (call.type !== 'CallExpression' || !RUNS_GENERATOR.test(helperOf(call.callee) ?? '')) return undefined;
  const inner = call.arguments.at(-1);
  if (inner?.type !== 'FunctionExpression' || inner.params.length === 0) return undefined;
  // for ES5 a part of the parameters may be in the body
  return inner.generator || findNode(inner.body, isArguments) === undefined ? inner.params : undefined;
}

/**
 * SWC and Babel make variables of parameters with a default for the target ES5, and of all behind them:
 * `var text = arguments.length > 0 && arguments[0] !== void 0 ? arguments[0] : 'all'`. Finds these variables.
 *
 * @returns undefined when there are none
 */
export function parametersFromArguments({ params, body }: FunctionNode): MovedParameters | undefined {
  const found = new Map<number, MovedParameter>();
  let rest = false;
  for (const statement of body.body ?? []) {
    if (statement.type === 'ForStatement' && statement.init) rest ||= findNode(statement.init, isLengthOfArguments) !== undefined;
    if (statement.type !== 'VariableDeclaration') continue;
    for (const { id, init } of statement.declarations) {
      const choice = init && findNode(init, (node) => indexOfArgument(node) !== undefined);
      if (choice?.type !== 'ConditionalExpression') continue;
      const name = choice === init && id.type === 'Identifier' && !DESTRUCTURED.test(id.name) ? id.name : undefined;
      found.set(indexOfArgument(choice)!, { name, optional: choice.test.type === 'LogicalExpression' });
    }
  }
  if (found.size === 0 && !rest) return undefined;
  const length = Math.max(params.length, ...[...found.keys()].map((index) => index + 1));
  const behind = Array.from({ length: length - params.length }, (_, at): MovedParameter => {
    return found.get(params.length + at) ?? { name: undefined, optional: true };
  });
  return { behind, rest };
}

/** True when a function hands all its arguments on, or takes arguments without parameters: it has parameters that are not in its head. */
export function hidesParameters({ params, body }: FunctionNode): boolean {
  const isHanded = (node: AnyNode): boolean => node.type === 'CallExpression' && node.arguments.some(isArguments);
  return findNode(body, params.length === 0 ? isArguments : isHanded) !== undefined;
}

/** The first node of this function, without the functions inside it that have `arguments` of their own. */
function findNode(node: AnyNode, fits: (node: AnyNode) => boolean): AnyNode | undefined {
  if (fits(node)) return node;
  for (const child of childNodesOf(node)) {
    if (child.type === 'FunctionExpression' || child.type === 'FunctionDeclaration') continue;
    const found = findNode(child, fits);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isArguments(node: AnyNode): boolean {
  return nameOf(node) === 'arguments';
}

function isLengthOfArguments(node: AnyNode): boolean {
  return node.type === 'MemberExpression' && isArguments(node.object) && nameOf(node.property) === 'length';
}

/** The index of `… ? arguments[1] : …`. */
function indexOfArgument(node: AnyNode): number | undefined {
  if (node.type !== 'ConditionalExpression') return undefined;
  const { consequent } = node;
  if (consequent.type !== 'MemberExpression' || !isArguments(consequent.object)) return undefined;
  const { property } = consequent;
  return property.type === 'Literal' && typeof property.value === 'number' ? property.value : undefined;
}

function nameOf(node: AnyNode): string | undefined {
  return node.type === 'Identifier' ? node.name : undefined;
}

/** `__awaiter`, `tslib_1.__awaiter`, `(0, helpers._async_to_generator)`, `_async_to_generator._`. */
function helperOf(callee: AnyNode): string | undefined {
  if (callee.type === 'SequenceExpression') return helperOf(callee.expressions.at(-1)!);
  if (callee.type !== 'MemberExpression') return nameOf(callee);
  const name = nameOf(callee.property);
  return name === '_' ? helperOf(callee.object) : name;
}
