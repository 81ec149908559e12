import { Option } from 'commander';
import { contentOf } from './given-file.js';

/**
 * The environment variables with handshake data: for objects, and for name servers. They do not begin with `PYRO_`: Python refuses such
 * variables that it does not know.
 */
export const HANDSHAKE_VARIABLES = { object: 'NESTJS_PYRO_HANDSHAKE', nameServer: 'NESTJS_PYRO_NS_HANDSHAKE' } as const;

/** Stands for the standard input in place of a file. */
const STANDARD_INPUT = '-';

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

/** The handshake data for objects that the options or the environment give. @throws {CommandFailure} when the file cannot be read */
export function objectHandshake(given: HandshakeArguments): string | undefined {
  return givenHandshake(given) ?? fromEnvironment(HANDSHAKE_VARIABLES.object);
}

/** The handshake data for objects that the options give. */
export function givenHandshake({ handshake, handshakeFile }: HandshakeArguments): string | undefined {
  return handshake ?? (handshakeFile === undefined ? undefined : dataIn(handshakeFile));
}

/** The handshake data for name servers that the options or the environment give. */
export function nameServerHandshake({ nsHandshake, nsHandshakeFile }: HandshakeArguments): string | undefined {
  return (
    givenHandshake({ handshake: nsHandshake, handshakeFile: nsHandshakeFile }) ?? fromEnvironment(HANDSHAKE_VARIABLES.nameServer)
  );
}

/** The options without files that are the standard input: when a shell completes a command, its standard input is the terminal. */
export function withoutStandardInput<T extends HandshakeArguments>(given: T): T {
  const { handshakeFile, nsHandshakeFile } = given;
  return {
    ...given,
    handshakeFile: handshakeFile === STANDARD_INPUT ? undefined : handshakeFile,
    nsHandshakeFile: nsHandshakeFile === STANDARD_INPUT ? undefined : nsHandshakeFile,
  };
}

/** The options with handshake data whose values no other command can have: a secret, or a standard input that was read. */
export function hiddenHandshakeFlags({ handshake, handshakeFile, nsHandshake, nsHandshakeFile }: HandshakeArguments): string[] {
  const hidden = {
    '--handshake': handshake !== undefined,
    '--handshake-file': handshakeFile === STANDARD_INPUT,
    '--ns-handshake': nsHandshake !== undefined,
    '--ns-handshake-file': nsHandshakeFile === STANDARD_INPUT,
  };
  return Object.entries(hidden).flatMap(([flag, isHidden]) => (isHidden ? [flag] : []));
}

/** The files with handshake data that another command can read, too. */
export function namedHandshakeFiles(
  given: HandshakeArguments,
): Record<'handshake-file' | 'ns-handshake-file', string | undefined> {
  const { handshakeFile, nsHandshakeFile } = withoutStandardInput(given);
  return { 'handshake-file': handshakeFile, 'ns-handshake-file': nsHandshakeFile };
}

/** An empty variable counts as one that is not set. */
function fromEnvironment(variable: string): string | undefined {
  return process.env[variable] || undefined;
}

/** The standard input; undefined before it was read. A command may ask for its data several times. */
let standardInput: string | undefined;

/** The data in a file, without the line break at its end. */
function dataIn(file: string): string {
  const text = file === STANDARD_INPUT ? (standardInput ??= contentOf(0, 'the standard input')) : contentOf(file);
  return text.replace(/\r?\n$/, '');
}
