import { Command } from 'commander';
import { examine } from './doctor/examine.js';
import type { Finding } from './doctor/finding.js';
import { EXIT_CODES } from './terminal/exit-codes.js';
import { print, styled, printJson } from './terminal/output.js';
import { withFlags } from './terminal/option-flags.js';
import { printable } from '../reports/printable.js';
import {
  ANY_ADDRESS,
  objectArgument,
  proxyOptionsOf,
  type RemoteArguments,
  takesRemoteArguments,
  uriOf,
} from './remote/remote-arguments.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_TEXT_CHARS = 2_000;
const SIGNS = { ok: styled('green', 'ok     '), warning: styled('yellow', 'warning'), failed: styled('red', 'failed ') };

/** `nestjs-pyro doctor URI`: finds out step by step why an object cannot be reached, and says what to do. */
export function doctorCommand(): Command {
  return takesRemoteArguments(new Command('doctor').description('find out why an object cannot be reached, and what to do'))
    .addArgument(objectArgument(ANY_ADDRESS))
    .action(runDoctor);
}

async function runDoctor(text: string, given: RemoteArguments): Promise<void> {
  const options = { connectTimeoutMs: DEFAULT_TIMEOUT_MS, callTimeoutMs: DEFAULT_TIMEOUT_MS, ...proxyOptionsOf(given) };
  const findings: Finding[] = [];
  for await (const told of examine(uriOf(text), options)) {
    const finding = { ...told, found: withFlags(told.found, given) };
    findings.push(finding);
    if (!given.json) print(linesOf(finding));
  }
  if (given.json) printJson(findings);
  if (findings.some(({ state }) => state === 'failed')) process.exitCode = EXIT_CODES.unreachable.code;
}

function linesOf({ step, state, found, remedy }: Finding): string[] {
  const line = `${SIGNS[state]}  ${step}: ${printable(found, MAX_TEXT_CHARS)}`;
  return remedy === undefined ? [line] : [line, `         → ${printable(remedy, MAX_TEXT_CHARS)}`];
}
