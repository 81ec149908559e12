import { type AnyNode, type Pattern, parse } from 'acorn';
import type { AnyFunction } from '../decorated-functions.js';
import {
  type FunctionNode,
  handsArguments,
  hidesParameters,
  parametersFromArguments,
  parametersOfGenerator,
} from './moved-parameters.js';

/** A positional parameter of a method. */
export interface Parameter {
  /** Undefined for a destructured parameter: it cannot be given by keyword. */
  readonly name: string | undefined;
  /** True when the parameter has a default, or was declared as `'name?'`. */
  readonly optional: boolean;
}

/** The parameters of a method. */
export interface MethodParameters {
  /** In the method's order, without the rest parameter. */
  readonly positional: readonly Parameter[];
  /** True when a rest parameter (`...rest`) follows. */
  readonly rest: boolean;
  /** False when the names probably come from a minifier, or from a wrapper's `...args`, and not from the author. */
  readonly trustworthy: boolean;
  /** True when the author gave the names, by `params`. */
  readonly declared?: boolean;
}

/**
 * Minifiers write no white space around the first brace, and no semicolon before the last one. A line break alone may be theirs, because
 * they limit the length of lines.
 */
const MINIFIED_HEAD = /\)\{$/;
const AUTHORS_BEGIN = /^(?:\r?\n)*[^\S\r\n]/;
const AUTHORS_END = /;\s*\}$/;
/** Names that minifiers give, or bundlers (`text2`). Most authors who write no space before the body use other names. */
const MINIFIED_NAME = /^(?:[\w$]{1,2}|.+(?:[2-9]|[1-9]\d+))$/;
/** Names that obfuscators give. */
const OBFUSCATED_NAME = /^_0x[\da-f]+$/;

/**
 * Reads the parameters of a function from its source.
 *
 * Understands functions, arrow functions, methods of every kind and accessors, and what TypeScript, esbuild and SWC make of async methods,
 * async generators and defaults for targets that lack them.
 *
 * @returns undefined when there is no readable source: native and bound functions, classes
 */
export function readParameters(fn: AnyFunction): MethodParameters | undefined {
  const source = Function.prototype.toString.call(fn);
  // V8 leaves the name out of the source of a method called `static`
  const found = parseAsMember(source) ?? parseAsExpression(source) ?? parseAsMember(`method${source}`);
  if (found === undefined) return undefined;
  const behindBrace = found.node.body.start + 1;
  const head = found.text.slice(0, behindBrace);
  const isAuthors = AUTHORS_BEGIN.test(found.text.slice(behindBrace)) || AUTHORS_END.test(source);
  const looksMinified = MINIFIED_HEAD.test(head) && !isAuthors;
  const isChanged = (name: string): boolean => OBFUSCATED_NAME.test(name) || (looksMinified && MINIFIED_NAME.test(name));
  const areChanged = (all: readonly Parameter[]): boolean => all.some(({ name }) => name !== undefined && isChanged(name));
  const { rest, named } = source.includes('arguments')
    ? compiledParametersOf(found.node, areChanged)
    : parametersOf(found.node.params);
  const minified = areChanged(named);
  return { positional: named, rest, trustworthy: !minified && !(rest && named.length === 0) };
}

/**
 * Makes parameters of names: `'item'` is required, `'item?'` may be left out, a last `'...items'` takes all further arguments.
 *
 * @throws {TypeError} on a name that is empty or given twice, and on `...` before the end
 */
export function namedParameters(names: readonly string[]): MethodParameters {
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
  return { positional, rest, trustworthy: true, declared: true };
}

interface NamedParameters {
  named: Parameter[];
  rest: boolean;
}

interface ParsedFunction {
  text: string;
  node: FunctionNode;
}

const acornOptions = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  // the method is parsed without its class and module
  allowImportExportEverywhere: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
} as const;

function parseAsMember(source: string): ParsedFunction | undefined {
  const text = `(class extends Object { ${source} })`;
  const members = parseExpression(text, 'ClassExpression')?.body.body;
  const [member] = members ?? [];
  if (members?.length !== 1 || member?.type !== 'MethodDefinition') return undefined;
  return { text, node: member.value as FunctionNode };
}

function parseAsExpression(source: string): ParsedFunction | undefined {
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
    // native code, or a syntax that this parser does not know yet
    return undefined;
  }
}

/** The parameters of a function that uses `arguments`: a compiler may have put them there. */
function compiledParametersOf(node: FunctionNode, areChanged: (named: readonly Parameter[]) => boolean): NamedParameters {
  const ofGenerator = parametersOfGenerator(node);
  if (ofGenerator) return parametersOf(ofGenerator);
  const moved = parametersFromArguments(node);
  const head = parametersOf(node.params);
  if (moved) return { named: [...head.named, ...moved.behind], rest: head.rest || moved.rest };
  // like `...args`; in minified code a compiler's helper has no known name
  return hidesParameters(node) || (areChanged(head.named) && handsArguments(node)) ? { named: [], rest: true } : head;
}

function parametersOf(patterns: Pattern[]): NamedParameters {
  const named: Parameter[] = [];
  for (const pattern of patterns) {
    if (pattern.type === 'RestElement') return { named, rest: true };
    const optional = pattern.type === 'AssignmentPattern';
    const target = optional ? pattern.left : pattern;
    named.push({ name: target.type === 'Identifier' ? target.name : undefined, optional });
  }
  return { named, rest: false };
}
