import { processWide } from '../../copies/process-wide.js';
import { warn } from '../../reports/warning.js';
import type { AnyFunction } from '../decorated-functions.js';
import { isMadeWithDollar, namesBeforeChange, NumberedNames } from './numbered-names.js';
import { type MethodParameters, readParameters } from './parameter-reader.js';
import { type SourceText, sourceOf } from './source-on-stack.js';

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

/** The consequence of changed names, in warnings that list these names. */
export const KEYWORDS_OF_CHANGED_NAMES =
  'keyword arguments are taken by these names, and refused by other names, such as those of the source code';

/**
 * The parameters of a method whose names a compiler, bundler or minifier has changed.
 *
 * Call this while the module of the method is evaluated: its file is found on the stack. Which numbers at the end of a name are the
 * author's: {@link NumberedNames}.
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
  const isDoubtful = (name: string): boolean => !isMadeWithDollar(name) && namesBeforeChange(name).length > 0;
  const source = names.some(isDoubtful) ? sourceOf(fn) : undefined;
  const numbered = source && new NumberedNames(source);
  const all = new Set(names);
  return names.filter((name) => (isDoubtful(name) ? numbered?.isRenamed(name, all) : isMadeWithDollar(name)));
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
      `a compiler, bundler or minifier seems to have changed parameter names of ${name}(${changed.join(', ')}): ${KEYWORDS_OF_CHANGED_NAMES}; ` +
        "give the names: params('item', 'count?')",
      'PYRO_CHANGED_NAMES',
    );
  });
}

/** True for a function that {@link noteChangedNames} noted. */
export function hasChangedNames(fn: AnyFunction): boolean {
  return changedFunctions.has(fn);
}

/** True when most names near the method are as short as a minifier's. */
function isMinified(source: SourceText | undefined): boolean {
  if (source?.at === undefined) return false;
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
