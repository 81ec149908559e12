import type { PyroUri } from 'nestjs-pyro/core';
import type { Stage } from './stage.js';

/**
 * An example of Pyro5's distribution. Its Python server is rewritten here, and upstream's own scripts use the new server.
 *
 * The folder has the name of upstream's folder. The default export of `example.ts` is one example, or a list of examples when
 * upstream has several servers for the same scripts.
 */
export interface Example {
  /** Runs before anything is started, both for upstream's server and for the rewritten server. */
  prepare?(stage: Stage): Promise<void>;
  /**
   * Starts our server; the stage closes it.
   *
   * @returns the URI that scripts ask for, when they do
   */
  serve(stage: Stage): Promise<PyroUri | string | void>;
  /** Upstream's scripts, run one after the other. */
  scripts: Script[];
  /** Texts that our server must have printed at the end, in this order; see `Stage.console`. */
  serverPrints?: (string | RegExp)[];
  /**
   * Checks the outputs where patterns are not enough.
   *
   * @param outputs of the scripts, in their order
   * @param serverOutput of our server's console
   * @throws {Error} when they are wrong
   */
  judge?(outputs: string[], serverOutput: string): void;
  /**
   * Upstream's own server scripts. If given, the scripts also run against them, and must print the same as against our server.
   * The first URI that the servers print is the URI of the example.
   */
  original?: Script[];
  /**
   * Set for an example that must not run in parallel with others. It is retried up to three times when it fails. `busy`: it
   * uses the whole machine. `timed`: it depends on times, and may run in parallel only with other timed examples.
   */
  alone?: 'busy' | 'timed';
}

/** A Python script of the distribution, run unchanged. A traceback in its output is a failure. */
export interface Script {
  /** Path in the example's folder, or the name of a module of Pyro5. */
  file: string;
  /** The working directory, relative to the example's folder. Default: the script's own folder. */
  cwd?: string;
  args?: string[];
  env?: Record<string, string>;
  /** Text for the script's standard input, which ends after the text. */
  input?: string | ((uri: string) => string);
  /**
   * Answers that are typed one after the other, each when the script has printed a text. Standard input stays open. An answer
   * may also wait for a text that our server prints.
   */
  dialogue?: [printed: string | RegExp, typed: string | ((uri: string) => string), serverPrinted?: string | RegExp][];
  /** The script runs in parallel with the next ones, which start when it has printed this text, and is stopped after the last one. */
  ready?: string | RegExp;
  /** The script never ends by itself. It is stopped when it has printed this text. */
  until?: string | RegExp;
  /** True for a `ready` script that ends by itself: its end is awaited. */
  ends?: boolean;
  /** Texts that the output must contain, in this order. Required when there is no `original`. */
  prints?: (string | RegExp)[];
  /** True when the script prints tracebacks on purpose. */
  tracebacks?: boolean;
  /** Default 0. Ignored when the script is stopped. */
  exitCode?: number;
  /** A script that runs longer is killed and counts as failed. Default 60,000. */
  timeoutMs?: number;
  /** Removes from the output what may differ between two runs; ports, ids and addresses are removed for all scripts. */
  normalize?: (output: string) => string;
}

/** The text that Pyro5's `serve()` prints when it is ready. */
export const SERVING = 'Pyro daemon running.';
