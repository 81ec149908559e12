import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { processWide } from '../copies/process-wide.js';
import { warn } from '../reports/warning.js';
import type { AnyFunction } from './decorated-functions.js';
import { type MethodParameters, readParameters } from './parameter-reader.js';

/** A name as Rollup, Vite and Rolldown make it of a name that is taken: `text$1`. */
const NUMBERED_BY_DOLLAR = /^(.+)\$\d+$/;

/** The numbers that esbuild and bun add to a name that is taken: `text2`. */
const ADDED_NUMBER = /^(?:[2-9]|[1-9]\d+)$/;

/** The longest name that minifiers give to a parameter. */
const MAX_MINIFIED_PARAMETER = 2;

/** The longest name that minifiers give to a variable, unless a file has more than 200,000 variables. */
const MAX_MINIFIED_NAME = 3;

/** The share of the names in a file from which on the file is taken as minified. Options such as `keep_classnames` keep some names. */
const MINIFIED_SHARE = 3 / 4;

/** Characters before and after a method that are searched for other names. Files of most authors are shorter. */
const NEARBY_CHARACTERS = 50_000;

/** A declaration of a variable, function or class, or the names that an import takes. */
const DECLARATION = /\b(?:(?:var|let|const|class|function\*?)\s+([\w$]+)|import\b([^;'"()]{0,5000})\bfrom\b)/g;

/** The line that esbuild and bun write above each module in a bundle: `// src/names.ts`. */
const MODULE_COMMENT = /^\s*\/\/ \S+\.[cm]?[jt]sx?$/m;

/** The consequence of changed names, in warnings that list these names. */
export const KEYWORDS_OF_CHANGED_NAMES =
  'keyword arguments are taken by these names, and refused by other names, such as those of the source code';

/** Frames of the stack between a decorator and the module of its class, helpers of compilers included. */
const MAX_FRAMES = 20;

/** The names that a parameter may have had before a bundler added a number: `axis12` may have been `axis1` or `axis`. */
export function namesBeforeNumber(name: string): string[] {
  const names = NUMBERED_BY_DOLLAR.exec(name)?.slice(1) ?? [];
  const [{ length }] = /\d*$/.exec(name)!;
  for (let count = 1; count <= Math.min(length, name.length - 1); count++)
    if (ADDED_NUMBER.test(name.slice(-count))) names.push(name.slice(0, -count));
  return names;
}

/**
 * The parameters of a method whose names a bundler or a minifier has changed.
 *
 * A bundler puts all modules into one scope, and renames a parameter that has the name of a top-level variable of any module. A
 * number at the end of a name may be the author's. So a name counts as changed only if the file of the method is a bundle in which
 * a top-level variable has the name without the number. Call this while the module of the method is evaluated: its file is found
 * on the stack.
 *
 * @param takesKeywords true for a method that takes all keywords. If each of its parameters has a name of one or two letters, and most other
 *   names in its file are as short, the names count as a minifier's. Else a keyword of a renamed parameter would be one of the others
 *   without a word
 */
export function changedNames(fn: AnyFunction, parameters: MethodParameters | undefined, takesKeywords = false): string[] {
  const positional = parameters?.positional ?? [];
  const names = positional.flatMap(({ name }) => name ?? []);
  if (parameters?.trustworthy === false) return names;
  if (takesKeywords && positional.length > 1 && names.every(({ length }) => length <= MAX_MINIFIED_PARAMETER)) {
    if (isMinified(sourceOf(fn))) return names;
  }
  const isDoubtful = (name: string): boolean => !NUMBERED_BY_DOLLAR.test(name) && namesBeforeNumber(name).length > 0;
  const bundle = names.some(isDoubtful) ? bundleOf(sourceOf(fn)) : undefined;
  return names.filter((name) => {
    if (!isDoubtful(name)) return NUMBERED_BY_DOLLAR.test(name);
    return bundle !== undefined && namesBeforeNumber(name).some((before) => declares(bundle, before));
  });
}

const changedFunctions = processWide('changed-functions', () => new WeakSet<object>());

/** Notes whether parameter names of an exposed function were changed, and warns of it unless `isDeclared` says that `params` gives them. */
export function noteChangedNames(name: string, fn: AnyFunction, isDeclared: () => boolean): void {
  const changed = changedNames(fn, readParameters(fn));
  if (changed.length === 0) return;
  changedFunctions.add(fn);
  // `params` may be the next decorator
  queueMicrotask(() => {
    if (isDeclared()) return;
    warn(
      `a bundler or minifier seems to have changed parameter names of ${name}(${changed.join(', ')}): ${KEYWORDS_OF_CHANGED_NAMES}; ` +
        "give the names: params('item', 'count?')",
      'PYRO_CHANGED_NAMES',
    );
  });
}

/** True for a function that {@link noteChangedNames} noted. */
export function hasChangedNames(fn: AnyFunction): boolean {
  return changedFunctions.has(fn);
}

/** The text of a file, and where a method begins in the text. */
interface SourceText {
  readonly text: string;
  readonly at: number;
}

/** The file on the stack that has the source of this method in it. */
function sourceOf(fn: AnyFunction): SourceText | undefined {
  const method = Function.prototype.toString.call(fn);
  for (const file of new Set(filesOnStack())) {
    const text = textOf(file) ?? '';
    const at = text.indexOf(method);
    if (at >= 0) return { text, at };
  }
  return undefined;
}

/** True when most names near the method are as short as a minifier's. */
function isMinified(source: SourceText | undefined): boolean {
  if (source === undefined) return false;
  const { text, at } = source;
  const names = new Set<string>();
  for (const [, declared, imported] of text
    .slice(Math.max(0, at - NEARBY_CHARACTERS), at + NEARBY_CHARACTERS)
    .matchAll(DECLARATION)) {
    if (declared !== undefined) names.add(declared);
    // `{ Module as m }` declares m
    for (const name of imported?.replace(/\S+\s+as\s/g, '').match(/[\w$]+/g) ?? []) names.add(name);
  }
  const short = [...names].filter(({ length }) => length <= MAX_MINIFIED_NAME);
  return short.length >= MINIFIED_SHARE * names.size;
}

/** A bundle, and the indentation of the top-level declarations of one of its modules. */
interface Bundle {
  readonly text: string;
  readonly indentation: string;
}

/** The bundle that this source is; undefined when it is none. */
function bundleOf(source: SourceText | undefined): Bundle | undefined {
  if (source === undefined || !MODULE_COMMENT.test(source.text)) return undefined;
  const { text, at } = source;
  const [indentation = ''] = /^ */.exec(text.slice(text.lastIndexOf('\n', at) + 1, at)) ?? [];
  // a method is one step deeper than its class
  return { text, indentation: indentation.slice(2) };
}

/** True when the bundle, or the module's wrapper in the bundle, declares the name. */
function declares({ text, indentation }: Bundle, name: string): boolean {
  const escaped = name.replace(/\$/g, String.raw`\$`);
  const kinds = String.raw`(?:(?:async\s+)?function\*?|class|(?:var|let|const)(?:\s[^;=\n]*,)?|import\s[^;]*)`;
  return new RegExp(String.raw`^(?:${indentation})?(?:export\s+)?${kinds}\s*\b${escaped}\b`, 'm').test(text);
}

/** The paths of the files on the stack. The texts of stacks may have other names, made by source maps. */
function filesOnStack(): string[] {
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = MAX_FRAMES;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName());
    const files = new Error().stack as unknown as (string | null | undefined)[];
    return files.filter((file) => typeof file === 'string' && !file.startsWith('node:')) as string[];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file.startsWith('file:') ? fileURLToPath(file) : file, 'utf8');
  } catch {
    // the code is in no file
    return undefined;
  }
}
