import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { KeywordArguments } from 'nestjs-pyro';
import { dumps, loads, PyComplex, PyFloat } from 'nestjs-pyro/serpent';

/**
 * A recording is a file of JSON lines. Values in it are Python literals, as serpent writes them: they keep bytes, large ints, nan,
 * floats such as 2.0, tuples and dicts with any keys.
 */
export type Line = AnswerLine | ItemLine;

/** A question of the program and its answer: a result, an exception or a stream. */
export interface AnswerLine {
  id: number;
  /** `measure(450, averages=16)`; `gain` for a read of an attribute, `gain = 2` for a write. */
  ask: string;
  result?: string;
  error?: RecordedError;
  stream?: true;
}

/** An item of a stream, or its end. */
export interface ItemLine {
  /** The `id` of the answer. */
  of: number;
  item?: string;
  error?: RecordedError;
  /** `left`: the program did not ask for more items. */
  end?: 'done' | 'left';
}

/** An exception of Python, without its traceback, which names files of the instrument's machine. */
export interface RecordedError {
  type: string;
  args: string;
  attributes: string;
}

/** Writes a recording. Each line is in the file when `write` returns, so a crash loses none. */
export class RecordingFile implements Disposable {
  private readonly descriptor: number;
  private lastId = 0;

  /** @throws {Error} `EEXIST`, when there is such a file: a recording is not overwritten by accident */
  constructor(path: string) {
    this.descriptor = openSync(path, 'wx');
  }

  nextId(): number {
    return ++this.lastId;
  }

  write(line: Line): void {
    writeSync(this.descriptor, `${JSON.stringify(line)}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}

export function readRecording(path: string): Line[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}

/** A value as a Python literal. @throws {TypeError} for a value that would be another one when it is read again */
export function literalOf(value: unknown): string {
  const text = dumps(value, { bytesRepr: true, encodeObject: refuseUnfaithful }).toString();
  return text.slice(text.indexOf('\n') + 1);
}

/** The value of a literal, as a remote object with `values: 'natural'` gives it. */
export function valueOf(literal: string): unknown {
  return loads(literal);
}

/** A call as Python writes it. The order of keyword arguments does not matter. */
export function callText(method: string, args: readonly unknown[], keywords?: KeywordArguments): string {
  const named = Object.entries(keywords?.values ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  return `${method}(${[...args.map(literalOf), ...named.map(([name, value]) => `${name}=${literalOf(value)}`)].join(', ')})`;
}

/** Lets pass what {@link valueOf} gives back as it was. Arrays of NumPy, proxies, Dates and instances of classes are not among it. */
function refuseUnfaithful(value: object, path: () => string): undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  const isPlain = prototype === null || prototype === Object.prototype;
  const known = [Array, Map, Set, Uint8Array, PyComplex, PyFloat];
  if (isPlain || known.some((type) => value instanceof type)) return undefined;
  throw new TypeError(`${path()} cannot be recorded: it is of the class ${value.constructor.name}`);
}
