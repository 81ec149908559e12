import type { AnyNode, CallExpression, FunctionExpression, Pattern } from 'acorn';
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
  /** The parameters after those in the head. */
  readonly behind: readonly MovedParameter[];
  readonly rest: boolean;
}

/** Functions of compilers that run an inner generator: of TypeScript, esbuild, SWC and Babel. */
const RUNS_GENERATOR =
  /^_{1,2}(?:awaiter|async|asyncGenerator|async_to_generator|wrap_async_generator|asyncToGenerator|wrapAsyncGenerator)\d*$/;

/** Names that SWC and Babel give to a parameter that is destructured in the body. */
const DESTRUCTURED = /^_(?:ref|param)\d*$/;

/** Names of parameters that Babel and SWC leave in the head, so that `length` of the function stays: `_x`, `_x2`, `_0`. */
const PLACEHOLDER = /^_x?\d*$/;

/**
 * Compilers for old targets move the parameters of async methods and async generators into an inner generator. Finds them there.
 * TypeScript and esbuild write `helper(this, arguments, function* (…) {})`, SWC and Babel `helper(function* (…) {}).apply(this, arguments)`.
 */
export function parametersOfGenerator(node: FunctionNode): Pattern[] | undefined {
  const { inner, isKnown } = innerFunctionOf(node) ?? {};
  if (!isKnown || inner === undefined || inner.params.length === 0) return undefined;
  // for ES5 a part of the parameters may be in the body
  return inner.generator || findNode(inner.body, isArguments) === undefined ? inner.params : undefined;
}

interface InnerFunction {
  readonly inner: FunctionExpression;
  /** False: a minifier may have renamed a compiler's helper, or the author has written the function. */
  readonly isKnown: boolean;
}

/** The function of `return helper(this, arguments, function …)` or `return helper(function …).apply(this, arguments)`, the only statement. */
function innerFunctionOf(node: FunctionNode): InnerFunction | undefined {
  let call = returnedCallOf(node);
  if (call === undefined) return undefined;
  const applied = appliedBy(call);
  if (applied?.type === 'CallExpression') call = applied;
  const inner = call.arguments.at(-1);
  if (inner?.type !== 'FunctionExpression') return undefined;
  return { inner, isKnown: RUNS_GENERATOR.test(helperOf(call.callee) ?? '') };
}

/** The call of `return call(…, arguments, …)`, the only statement of a function. */
function returnedCallOf({ body }: FunctionNode): CallExpression | undefined {
  const [statement, ...others] = body.body ?? [];
  if (others.length > 0 || statement?.type !== 'ReturnStatement') return undefined;
  const call = statement.argument;
  return call?.type === 'CallExpression' && call.arguments.some(isArguments) ? call : undefined;
}

/** The function of `function.apply(…)`. */
function appliedBy({ callee }: CallExpression): AnyNode | undefined {
  return callee.type === 'MemberExpression' && nameOf(callee.property) === 'apply' ? callee.object : undefined;
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

/**
 * True when a function has parameters that are not in its head: it takes arguments without parameters, or a compiler has moved its
 * parameters into a function that it cannot find. An author who hands `arguments` to a call has the parameters in the head.
 */
export function hidesParameters(node: FunctionNode): boolean {
  if (node.params.length === 0) return findNode(node.body, isArguments) !== undefined;
  const { inner, isKnown } = innerFunctionOf(node) ?? {};
  if (inner !== undefined && (isKnown || inner.generator))
    return inner.params.length > 0 || (!inner.generator && findNode(inner.body, isArguments) !== undefined);
  const call = returnedCallOf(node);
  return (
    call !== undefined && appliedBy(call) !== undefined && node.params.every((param) => PLACEHOLDER.test(nameOf(param) ?? ''))
  );
}

/** True when a function hands all its arguments to a call: that of a compiler's helper, which a minifier may have renamed, among them. */
export function handsArguments({ body }: FunctionNode): boolean {
  return findNode(body, (node) => node.type === 'CallExpression' && node.arguments.some(isArguments)) !== undefined;
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
