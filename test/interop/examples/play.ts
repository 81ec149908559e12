import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { findIn, type Outcome, Program } from '../../../scripts/program.js';
import { ensurePythonEnv } from '../python-env.js';
import type { Example, Script } from './example.js';
import type { NameServers } from './name-servers.js';
import { Stage } from './stage.js';

const DEFAULT_TIMEOUT_MS = 180_000;
/** Delay before an answer, as when people type: scripts with threads depend on it. */
const TYPING_MS = 200;
const TRACEBACK = 'Traceback (most recent call last)';
const URI = /PYRO:\S+@\S+/;

interface Played {
  /** The end of each script, in their order. */
  outcomes: Outcome[];
  serverOutput: string;
}

interface Running {
  script: Script;
  program: Program;
  /** Rejects when the script ends before it has printed a text that the dialogue answers. */
  dialogue: Promise<void>;
}

/** Waits until the server prints the pattern after the offset `from`; returns the offset of the end of the match. */
type ServerPrinted = (pattern: string | RegExp, from: number) => Promise<number>;

/**
 * Plays an example: upstream's scripts against our server and, where there is one, against upstream's.
 *
 * @throws {Error} when a script did not end as it should, printed a traceback, or printed something else than it should
 */
export async function assertRuns(name: string, example: Example, nameServers: NameServers): Promise<void> {
  const { scripts, original, prepare } = example;
  for (const { file, prints, until, ready } of scripts) {
    const judged = prints ?? until ?? original ?? ready ?? example.judge;
    if (judged === undefined) throw new Error(`${name}/${file}: give it prints or until, or the example an original or a judge`);
  }
  // in parallel, because most scripts sleep
  const plays = [playOnce(name, nameServers, scripts, prepare, example)];
  if (original) plays.push(playOnce(name, nameServers, [...original, ...scripts], prepare));
  // wait for both, so that a failed run leaves nothing running
  await Promise.allSettled(plays);
  const [ours, theirs] = (await Promise.all(plays)) as [Played, Played?];
  for (const [index, script] of scripts.entries()) judge(script, ours.outcomes[index]!);
  example.judge?.(
    ours.outcomes.map(({ output }) => output),
    ours.serverOutput,
  );
  if (theirs === undefined) return;
  for (const [index, script] of scripts.entries()) {
    compare(script, ours.outcomes[index]!, theirs.outcomes[original!.length + index]!);
  }
}

/** @param ours the example whose server is used; undefined when one of the scripts is the server */
async function playOnce(
  name: string,
  nameServers: NameServers,
  scripts: readonly Script[],
  prepare: Example['prepare'],
  ours?: Example,
): Promise<Played> {
  await using stage = await Stage.set(name, await nameServers.open());
  await prepare?.(stage);
  let uri = String((await ours?.serve(stage)) ?? '');
  const running: Running[] = [];
  for (const script of scripts) {
    const program = await start(stage, script, uri);
    const serverPrinted: ServerPrinted = async (pattern, from) =>
      ours ? stage.console.printed(pattern, from) : (await running[0]!.program.printed(pattern, from)).end;
    const dialogue = converse(program, script, uri, serverPrinted);
    dialogue.catch(() => {});
    running.push({ script, program, dialogue });
    if (script.ready === undefined) await end(running.at(-1)!);
    else await program.printed(script.ready);
    uri ||= findIn(URI, program.soFar)?.text ?? '';
  }
  const outcomes: Outcome[] = [];
  for (const each of running) outcomes.push(await end(each));
  let seen = 0;
  for (const wanted of ours?.serverPrints ?? []) seen = await stage.console.printed(wanted, seen);
  return { outcomes, serverOutput: stage.console.text };
}

async function start(stage: Stage, script: Script, uri: string): Promise<Program> {
  const { file, args = [], env, input, dialogue, timeoutMs = DEFAULT_TIMEOUT_MS } = script;
  const isFile = file.endsWith('.py');
  const { cwd = isFile ? dirname(file) : '.' } = script;
  const what = isFile ? [join(stage.directory, file)] : ['-m', file];
  const program = new Program(await ensurePythonEnv(), [...what, ...args], {
    cwd: join(stage.directory, cwd),
    env: { ...stage.env, ...env },
    timeoutMs,
    interactive: input !== undefined || dialogue !== undefined,
  });
  stage.defer(() => program.stop());
  if (input !== undefined) {
    program.type(typeof input === 'string' ? input : input(uri));
    program.endInput();
  }
  return program;
}

async function converse(program: Program, { dialogue = [] }: Script, uri: string, serverPrinted: ServerPrinted): Promise<void> {
  let seen = 0;
  let seenOfServer = 0;
  for (const [printed, typed, server] of dialogue) {
    seen = (await program.printed(printed, seen)).end;
    if (server !== undefined) seenOfServer = await serverPrinted(server, seenOfServer);
    await sleep(TYPING_MS);
    program.type(`${typeof typed === 'string' ? typed : typed(uri)}\n`);
  }
}

/** Waits for the end of a script, or stops it. */
async function end({ script, program, dialogue }: Running): Promise<Outcome> {
  await dialogue;
  if (script.until !== undefined) await program.printed(script.until);
  if (isStopped(script)) await program.stop();
  return program.ended;
}

function isStopped({ ready, until, ends = false }: Script): boolean {
  return until !== undefined || (ready !== undefined && !ends);
}

function judge(script: Script, { exitCode, output }: Outcome): void {
  const { file, exitCode: expected = 0, tracebacks = false, prints = [] } = script;
  const refuse = (why: string): never => {
    throw new Error(`${file} ${why}\n${output}`);
  };
  if (!isStopped(script) && exitCode !== expected) refuse(`ended with ${exitCode ?? 'a signal'} instead of ${expected}`);
  if (!tracebacks && output.includes(TRACEBACK)) refuse('printed a traceback');
  let seen = 0;
  for (const wanted of prints)
    seen = findIn(wanted, output, seen)?.end ?? refuse(`did not print ${wanted} (after character ${seen})`);
}

function compare(script: Script, ours: Outcome, theirs: Outcome): void {
  const [actual, expected] = [comparable(script, ours), comparable(script, theirs)];
  expect(actual, `${script.file} against our server and against Python's`).toBe(expected);
}

/** Replaces what differs between runs in a script's output: ports, random object ids, correlation ids, addresses in memory. */
function comparable({ normalize = (text) => text }: Script, { stdout }: Outcome): string {
  return normalize(
    stdout
      .replaceAll(/\b(?:localhost|127\.0\.0\.1):\d+/g, 'HOST:PORT')
      .replaceAll(/\bobj_[0-9a-f]{32}\b/g, 'OBJECT')
      .replaceAll(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, 'UUID')
      .replaceAll(/\b0x[0-9a-f]{6,}\b/g, 'ADDRESS'),
  );
}
