#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { completeCommand, completionCommand } from './completion-command.js';
import { namesCommand } from './names-command.js';
import { nameServerCommand } from './name-server-command.js';
import { CommandFailure, EXIT_CODES } from './exit-codes.js';

/** The program `nestjs-pyro`: one command for each file of this folder. */
const { version, description } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description: string;
};

const program = new Command('nestjs-pyro')
  .description(description)
  .version(version)
  .addCommand(nameServerCommand())
  .addCommand(namesCommand())
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

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODES.usage.code;
  else {
    process.stderr.write(`Error: ${(error as Error).name} - ${(error as Error).message}\n`);
    process.exitCode = error instanceof CommandFailure ? error.exitCode : EXIT_CODES.failed.code;
  }
}
