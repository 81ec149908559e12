import { Command } from 'commander';
import { printable } from '../reports/printable.js';
import { print, styled, table, printJson } from './terminal/output.js';
import { objectArgument, type RemoteArguments, takesRemoteArguments } from './remote/remote-arguments.js';
import { remoteSignatures } from './remote/remote-signatures.js';
import { signatureLines } from './types/signature-text.js';

const MAX_LINE_CHARS = 1_000;

/** `nestjs-pyro describe URI`: prints the location of an object, and its members, with signatures and docs if its daemon tells them. */
export function describeCommand(): Command {
  return takesRemoteArguments(new Command('describe').description('print where an object is, and the members that it exposes'))
    .addArgument(objectArgument())
    .action(describe);
}

async function describe(text: string, given: RemoteArguments): Promise<void> {
  const { uri, signatures, isTold } = await remoteSignatures(text, given);
  const methods = named(signatures.methods);
  const attributes = named(signatures.attributes);
  if (given.json) {
    const names = {
      methods: methods.map(({ name, oneway }) => ({ name, oneway })),
      attributes: attributes.map(({ name }) => name),
    };
    printJson({ uri: String(uri), ...names, ...(isTold && { signatures }) });
    return;
  }
  const members = [
    ...methods.map(({ name, oneway }) => [name, oneway ? 'method, oneway' : 'method']),
    ...attributes.map(({ name }) => [name, 'attribute']),
  ];
  const lines = isTold
    ? signatureLines(signatures).map((line) => printable(line, MAX_LINE_CHARS))
    : table(['MEMBER', 'KIND'], members);
  // a name server may have chosen the URI
  print([styled('bold', printable(String(uri), MAX_LINE_CHARS)), '', ...lines]);
}

function named<T>(members: Readonly<Record<string, T>>): (T & { name: string })[] {
  return Object.entries(members)
    .map(([name, each]) => ({ name, ...each }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
