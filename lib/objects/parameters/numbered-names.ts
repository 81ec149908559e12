import { programNamesOf, type ProgramNames } from './free-names.js';
import { escaped, hasWord, type SourceText } from './source-on-stack.js';

/** Names that compilers make of a name that is taken: `text$1` by Rollup, Vite and Rolldown, `_$text` by SWC for ES5. */
const WITH_DOLLAR = /^(?:_\$(?<behind>.+)|(?<before>.+)\$\d+)$/;

/** The numbers that compilers add to a name that is taken: SWC `text1`, esbuild and bun `text2`. */
const ADDED_NUMBER = /^[1-9]\d*$/;

/** The line that esbuild and bun write above each module in a bundle: `// src/names.ts`. */
const MODULE_COMMENT = /^\s*\/\/ \S+\.[cm]?[jt]sx?$/m;

/** Names that SWC, esbuild and TypeScript write into files with decorators. */
const BY_SWC = /\b_ts_(?:decorate|metadata|param)\b|@swc\/helpers|\b_apply_decs_\w/;
const BY_ESBUILD = /\b__(?:decorateClass|decorateElement|legacyDecorateClassTS)\b/;
const BY_TYPESCRIPT = /\b__(?:decorate|esDecorate)\b/;

/** True for `text$1` and `_$text`, which authors do not write. */
export function isMadeWithDollar(name: string): boolean {
  return WITH_DOLLAR.test(name);
}

/** The names that a parameter may have had before a compiler changed it: `axis12` may have been `axis1` or `axis`. */
export function namesBeforeChange(name: string): string[] {
  const { behind, before } = WITH_DOLLAR.exec(name)?.groups ?? {};
  const names = [behind, before].filter((each) => each !== undefined);
  const [{ length }] = /\d*$/.exec(name)!;
  for (let count = 1; count <= Math.min(length, name.length - 1); count++)
    if (ADDED_NUMBER.test(name.slice(-count))) names.push(name.slice(0, -count));
  return names;
}

/** The names that a parameter may have had, unless the other parameters of the method show that its number is the author's. */
export function namesBefore(name: string, names: ReadonlySet<string>): string[] {
  return namesBeforeChange(name).filter((before) => {
    const number = Number(name.slice(before.length));
    return ![before, `${before}${number - 1}`, `${before}${number + 1}`].some((sibling) => names.has(sibling));
  });
}

/**
 * Finds the parameters to whose names a compiler has added a number, because the name was taken: by a global that the file uses (SWC, and
 * esbuild, also without bundling), or by a top-level variable of any module in a bundle (esbuild, bun).
 *
 * A number at the end of a name may be the author's. It is the author's when the file declares the name without the number in another
 * place, or when the method has the parameter without the number, or with the next number: the compiler would have renamed these, too.
 */
export class NumberedNames {
  private readonly bundle: Bundle | undefined;
  private readonly leastNumber: number;
  private globals: ProgramNames | null | undefined = null;

  constructor(private readonly source: SourceText) {
    const { text } = source;
    this.bundle = bundleOf(source);
    this.leastNumber = leastNumberIn(text, this.bundle !== undefined);
  }

  /** @param names all parameters of the method */
  isRenamed(name: string, names: ReadonlySet<string>): boolean {
    const { text, at } = this.source;
    return namesBeforeChange(name).some((before) => {
      if (at === undefined) return !hasWord(text, name) && hasWord(text, before);
      const number = Number(name.slice(before.length));
      if (number > 1 && this.bundle !== undefined && declares(this.bundle, before)) return true;
      if (number < this.leastNumber || !hasWord(text, before)) return false;
      return namesBefore(name, names).includes(before) && this.isGlobal(before);
    });
  }

  /** True for a name that the file uses as a global, and that no function of the file declares. */
  private isGlobal(name: string): boolean {
    if (this.globals === null) this.globals = globalsIn(this.source.text);
    return this.globals === undefined ? name in globalThis : this.globals.free.has(name) && !this.globals.nested.has(name);
  }
}

/** The smallest number that the compiler of a file adds. */
function leastNumberIn(text: string, isBundle: boolean): number {
  if (BY_SWC.test(text)) return 1;
  if (isBundle || BY_ESBUILD.test(text)) return 2;
  // TypeScript's compiler keeps names. Without decorators nobody can tell who has made the file
  return BY_TYPESCRIPT.test(text) ? Infinity : 1;
}

/** The program that was parsed last. Forgotten after the modules that are evaluated together: it may be a large bundle. */
let parsed: { text: string; names: ProgramNames | undefined } | undefined;

function globalsIn(text: string): ProgramNames | undefined {
  if (parsed?.text !== text) {
    parsed = { text, names: programNamesOf(text) };
    setImmediate(() => (parsed = undefined)).unref();
  }
  return parsed.names;
}

/** A bundle, and the indentation of the top-level declarations of one of its modules. */
interface Bundle {
  readonly text: string;
  readonly indentation: string;
}

/** The bundle that this source is; undefined when it is none. */
function bundleOf({ text, at }: SourceText): Bundle | undefined {
  if (at === undefined || !MODULE_COMMENT.test(text)) return undefined;
  const [indentation = ''] = /^ */.exec(text.slice(text.lastIndexOf('\n', at) + 1, at)) ?? [];
  // a method is one step deeper than its class
  return { text, indentation: indentation.slice(2) };
}

/** True when the bundle, or the module's wrapper in the bundle, declares the name. */
function declares({ text, indentation }: Bundle, name: string): boolean {
  const kinds = String.raw`(?:(?:async\s+)?function\*?|class|(?:var|let|const)(?:\s[^;=\n]*,)?|import\s[^;]*)`;
  return new RegExp(String.raw`^(?:${indentation})?(?:export\s+)?${kinds}\s*\b${escaped(name)}\b`, 'm').test(text);
}
