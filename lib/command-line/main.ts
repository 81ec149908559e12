#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { callCommand, getCommand, pingCommand, setCommand, streamCommand } from './call-commands.js';
import { completeCommand, completionCommand } from './completion-command.js';
import { configCommand } from './config-command.js';
import { describeCommand } from './describe-command.js';
import { doctorCommand } from './doctor-command.js';
import { PyroError } from '../protocol/errors.js';
import { printable } from '../reports/printable.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { inspectCommand } from './inspect-command.js';
import { listCommand } from './list-command.js';
import { withFlags } from './terminal/option-flags.js';
import { handleFailedOutput } from './terminal/output.js';
import { nameServerCommand } from './name-server-command.js';
import { namesCommand } from './names-command.js';
import { pyiCommand } from './pyi-command.js';
import { pythonCommand } from './python-command.js';
import { typesCommand } from './types-command.js';
import { watchCommand } from './watch-command.js';

/** The program `nestjs-pyro`. */
const { version, description } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description: string;
};

const MAX_LINE_CHARS = 2_000;

const program = new Command('nestjs-pyro')
  .description(description)
  .version(version)
  .addCommand(listCommand())
  .addCommand(describeCommand())
  .addCommand(callCommand())
  .addCommand(streamCommand())
  .addCommand(getCommand())
  .addCommand(setCommand())
  .addCommand(pingCommand())
  .addCommand(inspectCommand())
  .addCommand(watchCommand())
  .addCommand(doctorCommand())
  .addCommand(configCommand())
  .addCommand(nameServerCommand())
  .addCommand(namesCommand())
  .addCommand(typesCommand())
  .addCommand(pyiCommand())
  .addCommand(pythonCommand())
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    `\nExit codes: ${Object.values(EXIT_CODES)
      .map(({ code, means }) => `${code} ${means}`)
      .join(', ')}`,
  )
  .addCommand(completionCommand())
  .exitOverride();
program.addCommand(completeCommand(program), { hidden: true });
for (const command of program.commands) command.exitOverride();

handleFailedOutput();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODES.usage.code;
  else fail(error as Error);
}

/**
 * Says why the command failed: `Error: NamingError - unknown name: lab.camera`, as `pyro5-nsc` does. For an exception of Python the text
 * has the Python class, and may have its traceback. The class `Error` is left out.
 */
function fail(error: Error): void {
  const failure = error instanceof CommandFailure ? error.cause : error;
  const remote = failure instanceof PyroRemoteError ? failure : undefined;
  const kind = remote?.pythonType ?? error.name;
  const own = error.message.startsWith(kind) ? error.message.slice(kind.length).replace(/^: /, '') : error.message;
  const message = remote === undefined ? withFlags(error.message, givenOptions()) : own;
  const sign = message === '' || message.startsWith('\n') ? '' : ' - ';
  const text = kind === 'Error' ? message : kind + sign + message;
  const lines = text.split('\n').map((line) => printable(line, MAX_LINE_CHARS));
  process.stderr.write(`Error: ${lines.join('\n')}\n`);
  process.exitCode = exitCodeOf(error);
}

/** The options of the command that runs. */
function givenOptions(): Record<string, unknown> {
  return program.commands.find((command) => command.name() === program.args[0])?.optsWithGlobals() ?? {};
}

function exitCodeOf(error: Error): number {
  if (error instanceof CommandFailure) return error.exitCode;
  const isUsage = error instanceof PyroError && (error.code === 'BAD_URI' || error.code === 'CONFIG');
  return isUsage ? EXIT_CODES.usage.code : EXIT_CODES.failed.code;
}
