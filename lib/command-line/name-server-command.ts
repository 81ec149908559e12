import { Command, Option } from 'commander';
import { isLoopbackHost } from '../protocol/location.js';
import { type PyroNameServerOptions, startNameServer } from '../name-server/name-server.js';
import { environmentConfig } from '../options/environment.js';
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
  /** False with `--nobc`. */
  bc: boolean;
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
    .action((given: NameServerArguments & { nobc?: true }) => runNameServer(given));
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
}: NameServerArguments & { nobc?: true }): Promise<void> {
  const options: PyroNameServerOptions = {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(unixsocket !== undefined && { unixSocket: unixsocket }),
    ...(nathost !== undefined && { natHost: nathost }),
    ...(natport !== undefined && { natPort: natport }),
    ...(autoclean !== undefined && { autocleanMs: autoclean }),
    storage,
    policy: { register: write, remove: write, setMetadata: write },
    broadcast: !nobc && answersBroadcasts(host, unixsocket) && { host: given.bchost, port: given.bcport },
  };
  await using server = await startNameServer(options);
  if (server.broadcastLocation !== undefined) print(`Broadcast server running on ${server.broadcastLocation}`);
  else if (!nobc && unixsocket === undefined) print('Not starting broadcast server for localhost.');
  const existing = await server.count();
  // the name server itself is one of the names
  if (existing > 1) print(`Persistent store contains ${existing - 1} existing registrations.`);
  print(`NS running on ${server.daemon.locationStr}`);
  if (server.daemon.natLocationStr === undefined) print(`URI = ${server.uri}`);
  else print(`internal URI = ${server.innerUri}`, `external URI = ${server.uri}`);
  server.on('cleaned', (name, uri) => print(`autoclean: removed ${printable(name)}; cannot connect ${printable(uri)}`));
  await untilEnded();
  await server.close();
  print('NS shut down.');
}

/** True when the name server answers broadcasts: it must be reachable from other machines. */
function answersBroadcasts(host: string | undefined, unixSocket: string | undefined): boolean {
  const where = host ?? environmentConfig().HOST ?? 'localhost';
  return unixSocket === undefined && !where.includes(':') && !isLoopbackHost(where);
}
