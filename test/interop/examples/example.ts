import type { PyroUri } from 'nestjs-pyro/core';
import type { Stage } from './stage.js';

/**
 * One example of Pyro5's distribution: its Python server is written anew here, and upstream's own scripts use it.
 *
 * Its folder has the name of upstream's folder. What `example.ts` exports by default is one, or a list of them where upstream has
 * several servers for the same.
 */
export interface Example {
  /** Before anything is started, at upstream's server as at ours. */
  prepare?(stage: Stage): Promise<void>;
  /**
   * Starts our server; the stage closes it.
   *
   * @returns the URI that scripts ask for, when they do
   */
  serve(stage: Stage): Promise<PyroUri | string | void>;
  /** Upstream's scripts, run one after the other. */
  scripts: Script[];
  /** What our server's console has to hold in the end, in this order; see `Stage.console`. */
  serverPrints?: (string | RegExp)[];
  /**
   * What the outputs have to say that no pattern can.
   *
   * @param outputs of the scripts, in their order
   * @param serverOutput of our server's console
   * @throws {Error} when they are wrong
   */
  judge?(outputs: string[], serverOutput: string): void;
  /**
   * Upstream's own server scripts. Where they are given, the scripts are also run against them, and must print the same against ours.
   * The URI is the first that they print.
   */
  original?: Script[];
  /**
   * What must not run beside others, and is tried once more when it fails: `busy`, since it keeps the whole machine so; `timed`, since
   * it measures times: only others that do may run beside it.
   */
  alone?: 'busy' | 'timed';
}

/** A Python script of the distribution, run as it is. A traceback in its output is a failure. */
export interface Script {
  /** Path in the example's folder, or the name of a module of Pyro5. */
  file: string;
  /** Where it runs, in the example's folder. Default: the folder that it lies in. */
  cwd?: string;
  args?: string[];
  env?: Record<string, string>;
  /** Typed at once; its standard input ends behind it. */
  input?: string | ((uri: string) => string);
  /**
   * Typed when it has printed something, one answer after the other; its standard input stays open. An answer may wait for what our
   * server prints as well.
   */
  dialogue?: [printed: string | RegExp, typed: string | ((uri: string) => string), serverPrinted?: string | RegExp][];
  /** Makes it run beside those that follow, which are started when it has printed this. It is stopped behind the last of them. */
  ready?: string | RegExp;
  /** It never ends by itself: it is stopped when it has printed this. */
  until?: string | RegExp;
  /** A `ready` script that ends by itself, and is waited for. */
  ends?: boolean;
  /** What its output has to hold, in this order. Needed where there is no `original`. */
  prints?: (string | RegExp)[];
  /** Whether it prints tracebacks by design. */
  tracebacks?: boolean;
  /** Default 0. Not looked at where it is stopped. */
  exitCode?: number;
  /** A script that runs longer is killed and has failed. Default 60,000. */
  timeoutMs?: number;
  /** What differs between two runs of it and is no matter, beside ports, ids and addresses: gives its output without. */
  normalize?: (output: string) => string;
}

/** What Pyro5's `serve()` prints when it is ready. */
export const SERVING = 'Pyro daemon running.';
