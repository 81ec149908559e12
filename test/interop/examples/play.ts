import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { findIn, type Outcome, Program } from '../../../scripts/program.js';
import { ensurePythonEnv } from '../python-env.js';
import type { Example, Script } from './example.js';
import type { NameServers } from './name-servers.js';
import { Stage } from './stage.js';

const SCRIPT_TIMEOUT_MS = 60_000;
const TRACEBACK = 'Traceback (most recent call last)';
const URI = /PYRO:\S+@\S+/;

interface Running {
  script: Script;
  program: Program;
  /** Rejects when the script ends before it has printed what it is to be answered. */
  dialogue: Promise<void>;
}

/**
 * Plays an example: upstream's scripts against our server and, where there is one, against upstream's.
 *
 * @throws {Error} when a script did not end as it should, printed a traceback, or printed something else than it should
 */
export async function assertRuns(name: string, example: Example, nameServers: NameServers): Promise<void> {
  const { scripts, original } = example;
  for (const { file, prints, ready } of scripts) {
    const judged = prints !== undefined || original !== undefined || ready !== undefined;
    if (!judged) throw new Error(`${name}/${file}: give it prints, or the example an original; nothing else would judge it`);
  }
  // side by side: most scripts sleep
  const [ours, theirs] = await Promise.all([
    playOnce(name, nameServers, scripts, (stage) => example.serve(stage)),
    original && playOnce(name, nameServers, [...original, ...scripts]),
  ]);
  for (const [index, script] of scripts.entries()) judge(script, ours[index]!);
  if (theirs === undefined) return;
  for (const [index, script] of scripts.entries()) {
    const expected = comparable(script, theirs[original!.length + index]!);
    expect(comparable(script, ours[index]!), `${script.file} against our server and against Python's`).toBe(expected);
  }
}

/** @returns how each script ended, in their order */
async function playOnce(
  name: string,
  nameServers: NameServers,
  scripts: readonly Script[],
  serve?: Example['serve'],
): Promise<Outcome[]> {
  await using stage = await Stage.set(name, await nameServers.open());
  let uri = String((await serve?.(stage)) ?? '');
  const running: Running[] = [];
  for (const script of scripts) {
    const program = await start(stage, script, uri);
    const dialogue = converse(program, script);
    dialogue.catch(() => {});
    running.push({ script, program, dialogue });
    if (script.ready === undefined) await end(running.at(-1)!);
    else await program.printed(script.ready);
    uri ||= findIn(URI, program.soFar)?.text ?? '';
  }
  const outcomes: Outcome[] = [];
  for (const each of running) outcomes.push(await end(each));
  return outcomes;
}

async function start(stage: Stage, script: Script, uri: string): Promise<Program> {
  const { file, cwd = dirname(file), args = [], env, input, dialogue } = script;
  const directory = join(stage.directory, cwd);
  const program = new Program(await ensurePythonEnv(), [join(stage.directory, file), ...args], {
    cwd: directory,
    env: { ...stage.env, ...env },
    timeoutMs: SCRIPT_TIMEOUT_MS,
    interactive: input !== undefined || dialogue !== undefined,
  });
  stage.defer(() => program.stop());
  if (input !== undefined) {
    program.type(typeof input === 'string' ? input : input(uri));
    program.endInput();
  }
  return program;
}

async function converse(program: Program, { dialogue = [] }: Script): Promise<void> {
  let seen = 0;
  for (const [printed, typed] of dialogue) {
    seen = (await program.printed(printed, seen)).end;
    program.type(`${typed}\n`);
  }
}

/** Waits for what is left of a script, or stops it. */
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
    seen = findIn(wanted, output, seen)?.end ?? refuse(`did not print ${wanted} (behind character ${seen})`);
}

/** A script's output without what differs from run to run: ports, random object ids, correlation ids, addresses of Python objects. */
function comparable({ normalize = (text) => text }: Script, { stdout }: Outcome): string {
  return normalize(
    stdout
      .replaceAll(/\b(?:localhost|127\.0\.0\.1):\d+/g, 'HOST:PORT')
      .replaceAll(/\bobj_[0-9a-f]{32}\b/g, 'OBJECT')
      .replaceAll(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, 'UUID')
      .replaceAll(/\b0x[0-9a-f]{6,}\b/g, 'ADDRESS'),
  );
}
