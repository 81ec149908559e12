import { isIPv6 } from 'node:net';
import { Command, Option } from 'commander';
import { BroadcastResponder } from '../name-server/broadcast-responder.js';
import { type PyroNameServerOptions, startNameServer } from '../name-server/name-server.js';
import { givenOptions } from '../options/option-checks.js';
import { isLoopbackAddress } from '../protocol/location.js';
import { printable } from '../reports/printable.js';
import { portOf, secondsOf } from './terminal/arguments.js';
import { print } from './terminal/output.js';
import { untilEnded } from './terminal/signals.js';

/** The arguments of the command line. Options without a note are options of `pyro5-ns`. */
interface NameServerArguments {
  host?: string;
  port?: number;
  unixsocket?: string;
  storage: string;
  bchost?: string;
  bcport?: number;
  nathost?: string;
  natport?: number;
  nobc?: true;
  autoclean?: number;
  /** The clients that may change names. Not in `pyro5-ns`. */
  write: 'everybody' | 'loopback' | 'nobody';
}

/** `nestjs-pyro ns`: runs a name server, with the options and the output of `pyro5-ns`. @see Pyro5/nameserver.py, `main` */
export function nameServerCommand(): Command {
  return new Command('ns')
    .description('run a Pyro name server')
    .option('-n, --host <host>', 'host name to bind the server on')
    .option('-p, --port <port>', 'port to bind the server on (0: any free port; default 9090)', portOf)
    .option('-u, --unixsocket <path>', 'unix domain socket to bind the server on')
    .option('-s, --storage <storage>', 'where names are kept: memory, file:PATH, sql:PATH, redis://…', 'memory')
    .option('--bchost <host>', 'host name to bind the broadcast server on')
    .option('--bcport <port>', 'port to bind the broadcast server on (0: any free port; default 9091)', portOf)
    .option('--nathost <host>', 'external host name in case of NAT')
    .option('--natport <port>', 'external port in case of NAT', portOf)
    .option('-x, --nobc', "don't start a broadcast server")
    .option('--autoclean <seconds>', 'remove names whose servers cannot be reached, looking so often (0: never)', secondsOf)
    .addOption(
      new Option('--write <who>', 'who may register, change and remove names')
        .choices(['everybody', 'loopback', 'nobody'])
        .default('everybody'),
    )
    .action((given: NameServerArguments) => runNameServer(given));
}

/** Ends when a signal ends it. */
async function runNameServer({
  host,
  port,
  unixsocket,
  storage,
  nathost,
  natport,
  autoclean,
  write,
  nobc,
  ...given
}: NameServerArguments): Promise<void> {
  const options: PyroNameServerOptions = {
    // pyro5-ns passes host and port over when it has a unix socket
    ...(unixsocket ? { unixSocket: unixsocket } : { host, port }),
    natHost: nathost,
    natPort: natport,
    autocleanMs: autoclean,
    storage,
    policy: { register: write, remove: write, setMetadata: write },
  };
  await using server = await startNameServer(givenOptions(options));
  const address = server.boundAddress;
  const reason = address === undefined ? undefined : reasonAgainstBroadcasts(address);
  if (reason !== undefined) print(`Not starting broadcast server for ${reason}.`);
  using responder =
    nobc || address === undefined || reason !== undefined
      ? undefined
      : await BroadcastResponder.start(server.innerUri, { host: given.bchost, port: given.bcport });
  if (responder) print(`Broadcast server running on ${responder.location}`);
  const existing = await server.count();
  // the name server itself is one of the names
  if (existing > 1) print(`Persistent store contains ${existing - 1} existing registrations.`);
  print(`NS running on ${server.daemon.locationStr} (${address ?? 'Unix domain socket'})`);
  if (server.daemon.natLocationStr === undefined) print(`URI = ${server.uri}`);
  else print([`internal URI = ${server.innerUri}`, `external URI = ${server.uri}`]);
  server.on('cleaned', (name, uri) => print(`autoclean: removed ${printable(name)}; cannot connect ${printable(uri)}`));
  await untilEnded();
  await server.close();
  print('NS shut down.');
}

/** Why a name server at an address answers no broadcasts: nobody else reaches it, or IPv6 has none. */
function reasonAgainstBroadcasts(address: string): string | undefined {
  if (isIPv6(address)) return 'IPv6';
  return isLoopbackAddress(address) ? 'localhost' : undefined;
}
