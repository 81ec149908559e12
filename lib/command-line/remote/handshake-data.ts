import { Option } from 'commander';
import { valueOfText } from '../../inspector/values/typed-values.js';
import { CommandFailure, EXIT_CODES } from '../terminal/exit-codes.js';
import { contentOf, isOwnFile, isStandardInput, STANDARD_INPUT } from './given-file.js';

/**
 * The environment variables with handshake data: for objects, and for name servers. They do not begin with `PYRO_`: Python refuses such
 * variables that it does not know.
 */
export const HANDSHAKE_VARIABLES = { object: 'NESTJS_PYRO_HANDSHAKE', nameServer: 'NESTJS_PYRO_NS_HANDSHAKE' } as const;

/** Stands for the standard input in place of a file. */
const DASH = '-';

/** Options with handshake data. Each file has the data of the option before it; `-` is the standard input. */
export interface HandshakeArguments {
  handshake?: string;
  handshakeFile?: string;
  /** Handshake data for the name server. {@link handshake} is for the object alone. */
  nsHandshake?: string;
  nsHandshakeFile?: string;
}

/** The option for a file with handshake data. Other users of the machine see the arguments of a command, but not such a file. */
export function handshakeFileOption(prefix: '' | 'ns-', what: string): Option {
  const conflicting = prefix === '' ? 'handshake' : 'nsHandshake';
  const text = `file with the ${what}; "-" is the standard input`;
  return new Option(`--${prefix}handshake-file <path>`, text).conflicts(conflicting);
}

/**
 * The handshake data for objects that the options or the environment give: the value of a text that is JSON, or the text.
 *
 * @throws {CommandFailure} when the file cannot be read, or is empty
 */
export function objectHandshake({ handshake, handshakeFile }: HandshakeArguments): unknown {
  return valueOf(handshake, handshakeFile, HANDSHAKE_VARIABLES.object);
}

/**
 * The options of a command that asks the name server itself: it is the object then, so `--handshake` is for it. `--ns-handshake` wins over
 * that, and both win over the variable for name servers. The variable for objects is not meant for it.
 */
export function askingNameServer<T extends HandshakeArguments>(given: T): T {
  if (given.nsHandshake !== undefined || given.nsHandshakeFile !== undefined) return given;
  return { ...given, nsHandshake: given.handshake, nsHandshakeFile: given.handshakeFile };
}

/** The handshake data for name servers, as {@link objectHandshake} reads it. @throws {CommandFailure} */
export function nameServerHandshake({ nsHandshake, nsHandshakeFile }: HandshakeArguments): unknown {
  return valueOf(nsHandshake, nsHandshakeFile, HANDSHAKE_VARIABLES.nameServer);
}

/** The options without files that only this process has: when a shell completes a command, its standard input is the terminal. */
export function withoutOwnFiles<T extends HandshakeArguments>(given: T): T {
  const { handshakeFile, nsHandshakeFile } = given;
  return {
    ...given,
    handshakeFile: isHidden(handshakeFile) ? undefined : handshakeFile,
    nsHandshakeFile: isHidden(nsHandshakeFile) ? undefined : nsHandshakeFile,
  };
}

/** The options with handshake data whose values no other command can have: a secret, or a file that only this process has. */
export function hiddenHandshakeFlags({ handshake, handshakeFile, nsHandshake, nsHandshakeFile }: HandshakeArguments): string[] {
  const hidden = {
    '--handshake': handshake !== undefined,
    '--handshake-file': isHidden(handshakeFile),
    '--ns-handshake': nsHandshake !== undefined,
    '--ns-handshake-file': isHidden(nsHandshakeFile),
  };
  return Object.entries(hidden).flatMap(([flag, isHiddenFlag]) => (isHiddenFlag ? [flag] : []));
}

/** The files with handshake data that another command can read, too. */
export function namedHandshakeFiles(
  given: HandshakeArguments,
): Record<'handshake-file' | 'ns-handshake-file', string | undefined> {
  const { handshakeFile, nsHandshakeFile } = withoutOwnFiles(given);
  return { 'handshake-file': handshakeFile, 'ns-handshake-file': nsHandshakeFile };
}

/** Whether the value of an option for a file is the standard input. */
export function takesStandardInput(file: string | undefined): boolean {
  return file === DASH || (file !== undefined && isStandardInput(file));
}

function isHidden(file: string | undefined): boolean {
  return file === DASH || (file !== undefined && isOwnFile(file));
}

/** Texts mean the same in options, files and variables. An empty variable counts as a variable that is not set. */
function valueOf(option: string | undefined, file: string | undefined, variable: string): unknown {
  const text = option ?? (file === undefined ? process.env[variable] || undefined : dataIn(file));
  return text === undefined ? undefined : valueOfText(text);
}

/** The data in a file, without the line break at its end. @throws {CommandFailure} when there is none */
function dataIn(file: string): string {
  const name = takesStandardInput(file) ? 'the standard input' : file;
  const data = contentOf(file === DASH ? STANDARD_INPUT : file, name).replace(/\r?\n$/, '');
  if (data !== '') return data;
  const remedy = 'give a file with the data, or leave the option out when the server wants none';
  throw new CommandFailure(`${name} has no handshake data: it is empty; ${remedy}`, EXIT_CODES.usage.code);
}
