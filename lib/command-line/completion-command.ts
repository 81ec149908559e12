import { Argument, Command } from 'commander';
import { completionsOf } from './terminal/completion.js';
import { COMPLETION_SCRIPTS, type Shell } from './terminal/completion-scripts.js';

/** `nestjs-pyro completion`: prints a script with which a shell completes the command line of this program. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print the script that lets a shell complete commands, options and names')
    .addArgument(new Argument('<shell>', 'the shell that reads the script').choices(Object.keys(COMPLETION_SCRIPTS)))
    .addHelpText(
      'after',
      `
bash: source <(nestjs-pyro completion bash)          in ~/.bashrc
zsh:  source <(nestjs-pyro completion zsh)           in ~/.zshrc, after compinit
fish: nestjs-pyro completion fish | source           in ~/.config/fish/config.fish`,
    )
    .action((shell: Shell) => void process.stdout.write(COMPLETION_SCRIPTS[shell]));
}

/** `nestjs-pyro complete`, which these scripts call with the words of a command line up to the cursor. It is not in the help. */
export function completeCommand(program: Command): Command {
  return new Command('complete')
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: string[]) => {
      for (const line of await completionsOf(program, words)) process.stdout.write(`${line}\n`);
    });
}
