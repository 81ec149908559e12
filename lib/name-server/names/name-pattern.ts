import { RE2JS, RE2JSException } from 're2js';
import { NamingError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { type NameLimits, tooMany } from './name-rules.js';
import { translateRegex } from '../regex/python-regex.js';

/** The parts of a regular expression of re2js that {@link instructionsOf} tells apart, and any other character. */
const PARTS =
  /(?<escape>\\.)|(?<set>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])|(?<flags>\(\?[a-zA-Z-]+\))|(?<open>\((?<plain>\?[a-zA-Z-]*:)?(?:\?P?<\w+>)?)|(?<close>\))|(?<once>[*+?])|\{(?<least>\d+)(?<isRange>,(?<most>\d*))?\}|./gsu;

/**
 * Compiles a regular expression that a client sent. It matches the beginning of the same names as Python's `re.match`.
 *
 * The expression runs in linear time, so that no client can stop the name server with one. Because of that it has no backreferences
 * and no lookaround. One name takes `maxNameLength` times `maxRegexInstructions` steps at most, of some 20 ns.
 *
 * @throws {NamingError} when the expression is wrong, or uses what runs in linear time only, or is too large; and from the returned
 *   function, for a name that is too long
 */
export function namePattern(
  regex: string,
  { maxRegexInstructions, maxNameLength }: Pick<NameLimits, 'maxRegexInstructions' | 'maxNameLength'>,
): (name: string) => boolean {
  const translated = translateRegex(regex);
  const count = instructionsOf(translated);
  if (count > maxRegexInstructions) {
    const what = 'instructions in a regex, with its repetitions written out: use smaller repetitions, or a prefix';
    throw tooMany(what, count, 'maxRegexInstructions', maxRegexInstructions);
  }
  const pattern = compile(translated);
  return (name) => {
    if (name.length > maxNameLength)
      throw tooMany('characters in a name for a regex', name.length, 'maxNameLength', maxNameLength);
    return pattern.matcher(name).lookingAt();
  };
}

function compile(regex: string): RE2JS {
  try {
    return RE2JS.compile(regex);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw refusal(new NamingError(`invalid regex: ${error.message}`, { cause: error }));
  }
}

/** Instructions of `*` at most: re2js writes `x*` as `(?:x+)?` when x may be empty, such as `\b`. */
const LOOP = 2;

/**
 * Counts the instructions that re2js makes of an expression: at least as many as it makes. The expression is not compiled for that: re2js
 * writes repetitions out, a thousand times in eleven characters.
 */
export function instructionsOf(regex: string): number {
  // the instructions of each open group, and those of its last item
  const groups = [{ all: 3, last: 0, captures: 0 }];
  for (const { 0: part, groups: is = {} } of regex.matchAll(PARTS)) {
    let group = groups.at(-1)!;
    const addItem = (instructions: number): void => {
      group.all += instructions;
      group.last = instructions;
    };
    if (is.flags !== undefined) continue;
    if (is.open !== undefined) groups.push({ all: 0, last: 0, captures: is.plain === undefined ? 2 : 0 });
    else if (is.close !== undefined && groups.length > 1) {
      const { all, captures } = groups.pop()!;
      group = groups.at(-1)!;
      addItem(captures + Math.max(all, 1));
    } else if (is.once !== undefined) repeat(group, 1, LOOP);
    else if (is.least !== undefined) {
      const least = Number(is.least);
      const most = is.isRange === undefined ? least : Number(is.most || least);
      repeat(group, Math.max(least, most, 1), is.most === '' ? LOOP : most - least);
    } else addItem(part === '|' ? 2 : 1);
  }
  return groups.reduce((sum, { all, captures }) => sum + all + captures, 0);
}

/** Writes the last item of a group several times, with further instructions for copies that may be left out. */
function repeat(group: { all: number; last: number }, copies: number, optional: number): void {
  const all = group.last * copies + Math.max(optional, 0);
  group.all += all - group.last;
  group.last = all;
}
