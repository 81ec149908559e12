import { Argument, type Command, type Option } from 'commander';

/** Longest wait for a server after a user has pressed Tab. */
export const COMPLETION_TIMEOUT_MS = 2_000;
/** A line that tells the shell to complete the names of files. */
const FILES = ':files';
/** Text that a shell may list: without line breaks, tabs and escape sequences of a peer. */
const IS_PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;

/** A word that may stand at the cursor. */
interface Candidate {
  readonly word: string;
  readonly description?: string;
}

/** An argument whose values are asked for when the user presses Tab. `Options` are the options of its command and of the command's parents. */
export class LiveArgument<Options> extends Argument {
  /**
   * @param name as commander takes it: `<name>`, `[tags...]`
   * @param valuesOf gives the values that begin with a text. An error counts as none
   */
  constructor(
    name: string,
    readonly valuesOf: (begun: string, options: Options) => Promise<Iterable<string>>,
    description?: string,
  ) {
    super(name, description);
  }
}

/**
 * Completes a command line.
 *
 * @param words the words after the name of the program; the last word is at the cursor, and may be empty
 * @returns lines for the shell: a word, or a word, a tab and its description
 */
export async function completionsOf(program: Command, words: readonly string[]): Promise<string[]> {
  const candidates = await candidatesOf(program, words.slice(0, -1), words.at(-1) ?? '');
  return candidates.map(({ word, description }) => (description ? `${word}\t${description}` : word));
}

async function candidatesOf(program: Command, before: readonly string[], begun: string): Promise<Candidate[]> {
  const open = optionWithoutValue(program, before);
  if (open !== undefined) return beginning(begun, valuesOfOption(open));
  const { chain, args } = commandOf(program, before);
  if (begun.startsWith('-')) return beginning(begun, optionsOf(chain));
  const command = chain.at(-1)!;
  if (command.commands.length > 0) return beginning(begun, commandsOf(command));
  const known = command.registeredArguments;
  const argument = known[args.length] ?? (known.at(-1)?.variadic ? known.at(-1) : undefined);
  if (argument instanceof LiveArgument) return beginning(begun, asCandidates(await liveValues(argument, begun, command)));
  return beginning(begun, asCandidates(argument?.argChoices ?? []));
}

/** The values of an argument; none after an error, because a shell shows no error of a completion. */
async function liveValues(argument: LiveArgument<unknown>, begun: string, command: Command): Promise<Iterable<string>> {
  return argument.valuesOf(begun, command.optsWithGlobals()).catch(() => []);
}

/** The commands that the words name, the program first, and the arguments of the last one. Their options are set. */
function commandOf(program: Command, words: readonly string[]): { chain: Command[]; args: readonly string[] } {
  const chain = [program];
  let rest = words;
  for (;;) {
    const { operands, unknown } = chain.at(-1)!.parseOptions([...rest]);
    const next = chain.at(-1)!.commands.find((command) => command.name() === operands[0]);
    if (next === undefined) return { chain, args: [...operands, ...unknown] };
    chain.push(next);
    rest = [...operands.slice(1), ...unknown];
  }
}

/** The option at the end of the words whose value is at the cursor. */
function optionWithoutValue(program: Command, words: readonly string[]): Option | undefined {
  const flag = words.at(-1);
  if (!flag?.startsWith('-')) return undefined;
  const { chain } = commandOf(program, words.slice(0, -1));
  return chain.flatMap(({ options }) => options).find((option) => option.required && [option.short, option.long].includes(flag));
}

function valuesOfOption(option: Option): Candidate[] {
  if (option.argChoices) return asCandidates(option.argChoices);
  return option.flags.endsWith('<path>') ? [{ word: FILES }] : [];
}

/** The options of a command and of its parents. Options of the program are left out when there is a command. */
function optionsOf([program, ...commands]: readonly Command[]): Candidate[] {
  const options = (commands.length > 0 ? commands : [program!]).flatMap((command) =>
    command.createHelp().visibleOptions(command),
  );
  const byWord = new Map(options.map(({ long, short, description }) => [(long ?? short)!, description]));
  return Array.from(byWord, ([word, description]) => ({ word, description }));
}

function commandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ word: each.name(), description: each.description() }));
}

function asCandidates(words: Iterable<string>): Candidate[] {
  return Array.from(words, (word) => ({ word }));
}

function beginning(begun: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ word }) => word === FILES || (word.startsWith(begun) && IS_PRINTABLE.test(word)));
}
