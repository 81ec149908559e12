import { type CharacterClass, type CharacterRange, ESCAPED_CLASSES, rangesText, withOtherCase } from './python-regex-sets.js';
import { codeOf, type RegexMatch, RegexText, TAKEN } from './python-regex-text.js';

/** The flags of Python's `re` that hold in a part of an expression. */
interface RegexFlags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  /** `\w`, `\d`, `\s`, `\b` and letters of either case are those of ASCII. */
  readonly ascii: boolean;
}

/** A part of an expression, translated. */
interface RegexPart {
  readonly text: string;
  /** True when it has a `$` that also matches before a line break at the end: only another `$` may follow. */
  readonly hasEnd?: boolean;
  /** `end`: the part is such a `$`. An `assertion` matches a place, and no characters. */
  readonly kind?: 'repetition' | 'assertion' | 'end';
}

const FLAG_NAMES: Record<string, keyof RegexFlags> = { i: 'ignoreCase', m: 'multiline', s: 'dotAll', a: 'ascii' };
const NO_FLAGS: RegexFlags = { ignoreCase: false, multiline: false, dotAll: false, ascii: false };

/** Longest repetition of re2js. */
const MAX_REPETITIONS = 1_000;
/** Groups within groups. Each takes two frames of the stack. */
const MAX_DEPTH = 250;
/** Characters of all ranges whose other case re2js looks for, which takes some 25 ns for each. One range may have 125,000. */
const MAX_FOLDED_CHARACTERS = 1_000_000;
/** No character after this one has another case. */
const LAST_WITH_CASE = 0x1_e9_43;

/** Groups of Python, by their beginning after `(`, that re2js cannot run in linear time. */
const NOT_LINEAR: readonly [begin: string, what: string][] = [
  ['?=', 'a lookahead'],
  ['?!', 'a lookahead'],
  ['?<=', 'a lookbehind'],
  ['?<!', 'a lookbehind'],
  ['?P=', 'a backreference'],
  ['?(', 'a condition'],
  ['?>', 'an atomic group'],
];

/**
 * Translates a regular expression of Python's `re` into one of re2js that matches the beginning of the same names.
 *
 * Whatever would mean something else in re2js is written in another way, or refused. Groups of the result capture nothing, and repetitions
 * are greedy: neither matters to the question whether a name matches.
 *
 * @throws {NamingError} when Python refuses the expression, or it cannot be translated
 * @see https://docs.python.org/3/library/re.html#regular-expression-syntax
 */
export function translateRegex(regex: string): string {
  return new Translation(regex).whole();
}

class Translation {
  private readonly text: RegexText;
  private depth = 0;
  private folded = 0;
  private readonly names = new Set<string>();

  constructor(regex: string) {
    this.text = new RegexText(regex);
  }

  whole(): string {
    const flags = this.globalFlags();
    const { text } = this.alternatives(flags);
    if (!this.text.isAtEnd) throw this.text.error('unbalanced parenthesis');
    return grouped(flags, text);
  }

  private globalFlags(): RegexFlags {
    let flags: RegexFlags = NO_FLAGS;
    const given = new Set<string>();
    for (;;) {
      const start = this.text.at;
      if (this.text.take(TAKEN.comment)) continue;
      const found = this.text.takeText('(') ? this.text.take(TAKEN.flags) : undefined;
      if (found?.close !== ')') {
        this.text.at = start;
        return flags;
      }
      for (const flag of found.on ?? '') given.add(flag);
      if (given.has('a') && given.has('u')) throw this.text.error("flags 'a' and 'u' are incompatible");
      flags = this.withFlags(flags, found);
    }
  }

  private withFlags(flags: RegexFlags, { on = '', off = '', close }: RegexMatch): RegexFlags {
    if ((on === '' || off !== '') && close === ')') throw this.text.error('a group without flags');
    if (on.includes('L')) throw this.text.error("cannot use 'L' flag with a str pattern");
    if (Array.from(off).some((flag) => on.includes(flag))) throw this.text.error('a flag is turned on and off');
    if (on.includes('a') && on.includes('u')) throw this.text.error("flags 'a' and 'u' are incompatible");
    if (`${on}${off}`.includes('x')) throw this.text.notTaken('the flag x', 'write the expression without spaces and comments');
    const result: { -readonly [Name in keyof RegexFlags]: boolean } = { ...flags };
    if (on.includes('u')) result.ascii = false;
    for (const [letter, name] of Object.entries(FLAG_NAMES)) {
      if (on.includes(letter)) result[name] = true;
      if (off.includes(letter)) result[name] = false;
    }
    return result;
  }

  private alternatives(flags: RegexFlags): RegexPart {
    const branches: RegexPart[] = [];
    do branches.push(this.branch(flags));
    while (this.text.takeText('|'));
    return joined(branches, '|');
  }

  private branch(flags: RegexFlags): RegexPart {
    const parts: RegexPart[] = [];
    while (!this.text.isAtEnd && !'|)'.includes(this.text.next)) {
      if (this.text.take(TAKEN.comment)) continue;
      const repetition = this.text.take(TAKEN.repetition);
      if (repetition) {
        parts.push(this.repeated(parts.pop(), repetition));
        continue;
      }
      const part = this.part(flags);
      if (parts.at(-1)?.hasEnd && part.kind !== 'end')
        throw this.text.notTaken('$ before other characters', 'write it at the end');
      parts.push(part);
    }
    return joined(parts, '');
  }

  private repeated(part: RegexPart | undefined, { all, least, range, most }: RegexMatch): RegexPart {
    const isUnlimited = range !== undefined && most === '';
    const bounds = least === undefined ? undefined : [Number(least), isUnlimited ? undefined : Number(most ?? least)];
    const [fewest = 0, limit] = bounds ?? [0, all === '?' ? 1 : undefined];
    if (limit !== undefined && limit < fewest) throw this.text.error('min repeat greater than max repeat');
    if (part === undefined || part.kind === 'assertion' || part.kind === 'end') throw this.text.error('nothing to repeat');
    if (part.kind === 'repetition') throw this.text.error('multiple repeat');
    if (this.text.takeText('+')) throw this.text.notTaken('a possessive repetition', 'leave its second + out');
    // a lazy repetition matches the same names as a greedy one
    this.text.takeText('?');
    if (Math.max(fewest, limit ?? 0) > MAX_REPETITIONS)
      throw this.text.notTaken(`a repetition of more than ${MAX_REPETITIONS} times`, 'use a smaller one');
    if (part.hasEnd && (limit === undefined || limit > 1)) throw this.text.notTaken('$ in a repetition', 'write it at the end');
    const times = bounds ? `{${fewest},${limit ?? ''}}` : all;
    return { ...part, text: part.text + times, kind: 'repetition' };
  }

  private part(flags: RegexFlags): RegexPart {
    const { all: character } = this.text.take(TAKEN.character)!;
    switch (character) {
      case '.':
        return { text: '.' };
      case '^':
        return { text: '^', kind: 'assertion' };
      case '$':
        return flags.multiline ? { text: '$', kind: 'assertion' } : { text: String.raw`(?:\n?\z)`, kind: 'end', hasEnd: true };
      case '\\':
        return this.escape(flags);
      case '[':
        return { text: this.set(flags) };
      case '(':
        return this.group(flags);
      default:
        return { text: literal(character, flags) };
    }
  }

  private group(flags: RegexFlags): RegexPart {
    for (const [begin, what] of NOT_LINEAR)
      if (this.text.isNext(begin)) throw this.text.notTaken(what, 'expressions run in linear time');
    let inside = flags;
    const named = this.text.take(TAKEN.name);
    if (named) this.noteName(named.name!);
    else if (this.text.next === '?') {
      const found = this.text.take(TAKEN.flags);
      if (!found) throw this.text.error('unknown extension of a group');
      inside = this.withFlags(flags, found);
      if (found.close === ')') throw this.text.error('global flags not at the start of the expression');
    }
    if (++this.depth > MAX_DEPTH) throw this.text.notTaken(`more than ${MAX_DEPTH} groups within groups`, 'use fewer');
    const { text, hasEnd } = this.alternatives(inside);
    this.depth--;
    if (!this.text.takeText(')')) throw this.text.error('missing ), unterminated subpattern');
    return { text: grouped(inside, text), hasEnd };
  }

  private noteName(name: string): void {
    if (!/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name)) throw this.text.error('bad character in group name');
    if (this.names.has(name)) throw this.text.error('redefinition of a group name');
    this.names.add(name);
  }

  private escape(flags: RegexFlags): RegexPart {
    const kind = this.text.next;
    if (kind === 'A' || kind === 'Z') {
      this.text.at++;
      return { text: kind === 'A' ? String.raw`\A` : String.raw`\z`, kind: 'assertion' };
    }
    if (kind === 'b' || kind === 'B') {
      if (!flags.ascii)
        throw this.text.notTaken(
          `\\${kind}`,
          'it knows ASCII characters only here: begin the expression with (?a) if that is meant',
        );
      this.text.at++;
      return { text: `\\${kind}`, kind: 'assertion' };
    }
    if (this.text.take(TAKEN.backreference)) throw this.text.notTaken('a backreference', 'expressions run in linear time');
    const found = this.takeClass(flags) ?? this.text.escapedCharacter(TAKEN.octal);
    if (typeof found === 'string') return { text: literal(found, flags) };
    // a class has both cases of its letters
    return { text: flags.ignoreCase ? `(?-i:${found.alone})` : found.alone };
  }

  /** Reads `\d` and the like, without the backslash. */
  private takeClass({ ascii }: RegexFlags): CharacterClass | undefined {
    const found = ESCAPED_CLASSES[ascii ? 'ascii' : 'unicode'][this.text.next];
    if (found) this.text.at++;
    return found;
  }

  /** Reads a set after its `[`. */
  private set(flags: RegexFlags): string {
    const negation = this.text.takeText('^') ? '^' : '';
    const ranges: CharacterRange[] = [];
    const classes = new Set<string>();
    const add = (member: string | CharacterClass): void => {
      if (typeof member === 'string') ranges.push([codeOf(member), codeOf(member)]);
      else {
        if (flags.ignoreCase && member.hasLargeRanges) this.addFolded(LAST_WITH_CASE);
        classes.add(member.inSet ?? this.classOutOfSet());
      }
    };
    for (let isFirst = true; isFirst || !this.text.takeText(']'); isFirst = false) {
      const low = this.setMember(flags);
      if (!this.text.takeText('-')) add(low);
      else if (this.text.next === ']') {
        add(low);
        add('-');
      } else {
        const high = this.setMember(flags);
        if (typeof low !== 'string' || typeof high !== 'string' || codeOf(high) < codeOf(low))
          throw this.text.error('bad character range');
        ranges.push([codeOf(low), codeOf(high)]);
        if (flags.ignoreCase) this.addFolded(Math.min(codeOf(high), LAST_WITH_CASE) - codeOf(low));
      }
    }
    return `[${negation}${rangesText(withOtherCase(ranges, flags))}${[...classes].join('')}]`;
  }

  private setMember(flags: RegexFlags): string | CharacterClass {
    const character = this.text.take(TAKEN.character)?.all;
    if (character === undefined) throw this.text.error('unterminated character set');
    if (character !== '\\') return character;
    if (this.text.takeText('b')) return '\b';
    return this.takeClass(flags) ?? this.text.escapedCharacter(TAKEN.octalInSet);
  }

  private addFolded(characters: number): void {
    this.folded += Math.max(characters, 0);
    if (this.folded > MAX_FOLDED_CHARACTERS)
      throw this.text.notTaken(
        `ranges of more than ${MAX_FOLDED_CHARACTERS} characters with the flag i`,
        'use smaller ranges, or leave the flag out',
      );
  }

  private classOutOfSet(): never {
    throw this.text.notTaken(String.raw`\W in a set`, 'begin the expression with (?a) if ASCII characters are meant');
  }
}

function joined(parts: readonly RegexPart[], separator: string): RegexPart {
  return { text: parts.map(({ text }) => text).join(separator), hasEnd: parts.some(({ hasEnd }) => hasEnd) };
}

/** Python's `i` with `a` is about ASCII letters, which are written out. */
function grouped({ ignoreCase, multiline, dotAll, ascii }: RegexFlags, text: string): string {
  const flags = { i: ignoreCase && !ascii, m: multiline, s: dotAll };
  const on = Object.entries(flags).flatMap(([name, isOn]) => (isOn ? name : []));
  const off = Object.entries(flags).flatMap(([name, isOn]) => (isOn ? [] : name));
  return `(?${[...on, ...(off.length > 0 ? ['-'] : []), ...off].join('')}:${text})`;
}

function literal(character: string, flags: RegexFlags): string {
  const code = codeOf(character);
  const all = withOtherCase([[code, code]], flags);
  if (all.length > 1) return `[${rangesText(all)}]`;
  return /[!-/:-@[-^`{-~]/.test(character) ? `\\${character}` : character;
}
