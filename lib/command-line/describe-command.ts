import { Command } from 'commander';
import { resolve } from '../naming/locate.js';
import { print, styled, table } from './output.js';
import { orUnreachable, type RemoteArguments, takesRemoteArguments, uriOf, withRemote } from './remote-arguments.js';

/** `nestjs-pyro describe URI`: prints where an object is, and the members that it exposes. */
export function describeCommand(): Command {
  return takesRemoteArguments(new Command('describe').description('print where an object is, and the members that it exposes'))
    .argument('<uri>', 'PYRO:, PYRONAME: or PYROMETA: URI, or a name')
    .action(describe);
}

async function describe(text: string, given: RemoteArguments): Promise<void> {
  const uri = await orUnreachable(text, resolve(uriOf(text), given.ns));
  await withRemote(uri, given, (remote) => {
    const { methods, oneway, attrs } = remote.$metadata!;
    const described = {
      uri: String(uri),
      methods: [...methods].sort().map((name) => ({ name, oneway: oneway.has(name) })),
      attributes: [...attrs].sort(),
    };
    if (given.json) print(JSON.stringify(described));
    else {
      const members = [
        ...described.methods.map(({ name, oneway: isOneway }) => [name, isOneway ? 'method, oneway' : 'method']),
        ...described.attributes.map((name) => [name, 'attribute']),
      ];
      print(styled('bold', described.uri), '', ...table(['MEMBER', 'KIND'], members));
    }
    return Promise.resolve();
  });
}
