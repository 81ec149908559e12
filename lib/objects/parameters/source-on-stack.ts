import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AnyFunction } from '../decorated-functions.js';

/** The text of a file that has a method in it. */
export interface SourceText {
  readonly text: string;
  /** Where the method begins in the text; undefined where a compiler has made the running code in memory, of this text. */
  readonly at: number | undefined;
}

/** Frames of the stack between a decorator and the module of its class, helpers of compilers included. */
const MAX_FRAMES = 20;

const TYPESCRIPT_FILE = /\.[cm]?tsx?$/;

/** The file on the stack that has the source of this method in it, or the TypeScript that a compiler has read. */
export function sourceOf(fn: AnyFunction): SourceText | undefined {
  const method = Function.prototype.toString.call(fn);
  const head = new RegExp(String.raw`(?<![\w$.])${escaped(fn.name)}\s*[(<]`);
  let compiled: SourceText | undefined;
  for (const file of new Set(filesOnStack())) {
    const text = textOf(file) ?? '';
    const at = text.indexOf(method);
    if (at >= 0) return { text, at };
    if (compiled === undefined && TYPESCRIPT_FILE.test(file) && fn.name !== '' && head.test(text))
      compiled = { text, at: undefined };
  }
  return compiled;
}

/** True when a name is a word of the text. */
export function hasWord(text: string, name: string): boolean {
  return new RegExp(String.raw`(?<![\w$])${escaped(name)}(?![\w$])`).test(text);
}

/** A name as a part of a regular expression. */
export function escaped(name: string): string {
  return name.replace(/[^\w]/g, String.raw`\$&`);
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
