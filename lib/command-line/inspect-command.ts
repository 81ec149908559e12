import { spawn } from 'node:child_process';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { refuseOtherNames } from '../inspector/requests/host-rules.js';
import { Inspector } from '../inspector/inspector.js';
import { type RemoteDaemon, RemoteSource } from '../inspector/sources/remote-source.js';
import { locateNameServer } from '../naming/locate.js';
import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import { tcpLocation } from '../protocol/location.js';
import { PyroUri } from '../protocol/uri.js';
import { portOf } from './terminal/arguments.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { printable } from '../reports/printable.js';
import { print, printJson } from './terminal/output.js';
import {
  ANY_ADDRESS,
  nameServerOptionsOf,
  objectArgument,
  proxyOptionsOf,
  type RemoteArguments,
  takesRemoteArguments,
  uriOf,
} from './remote/remote-arguments.js';
import { orUnreachable, resolvedUri, withRemote } from './remote/remote-connection.js';
import { untilEndedOrUnread } from './terminal/signals.js';

/** Most connections to the web server of the page. A browser opens up to six for each page. */
const MAX_CONNECTIONS = 128;

interface InspectArguments extends RemoteArguments {
  port: number;
  host: string;
  allowCalls?: boolean;
  open?: true;
}

/** `nestjs-pyro inspect URI`: serves a page that shows a daemon and calls its objects. */
export function inspectCommand(): Command {
  return takesRemoteArguments(new Command('inspect').description('serve a page that shows a daemon, and calls its objects'))
    .addArgument(objectArgument(ANY_ADDRESS))
    .option('--port <port>', 'port of the page (0: any free port)', portOf, 0)
    .option('--host <host>', 'address or name of this machine for the page', '127.0.0.1')
    .option('--allow-calls', 'let the page call methods, read and write attributes')
    .option('--open', 'open the page in the browser')
    .action(runInspect);
}

/** Ends when a signal ends it, or when nobody can read the address of the page. */
async function runInspect(text: string, { port, host, allowCalls = false, open, ...given }: InspectArguments): Promise<void> {
  const uri = await resolvedUri(text, given);
  // an address without an answer is an error at once
  await withRemote(PyroUri.at(DAEMON_OBJECT_ID, uri.location!), given, () => Promise.resolve());
  const shown = { location: uri.location!, objectId: uri.object, names: await namesAt(text, uri, given) };
  await using page = await InspectorPage.listen(shown, given, { port, host, allowCalls });
  if (given.json) printJson({ url: page.url, uri: String(uri), allowCalls });
  else
    print(
      `${page.url} shows ${printable(uri.location!)}${allowCalls ? '' : '; --allow-calls lets it call objects'}. Ctrl-C ends it.`,
    );
  if (open) openBrowser(page.url);
  await untilEndedOrUnread();
}

/** The names of the daemon's objects, if the URI is looked up at a name server. */
async function namesAt(text: string, { location }: PyroUri, given: RemoteArguments): Promise<RemoteDaemon['names']> {
  const byObject = new Map<string, string[]>();
  if (uriOf(text).protocol === 'PYRO' && given.ns === undefined) return byObject;
  await using names = await orUnreachable(text, given, locateNameServer(nameServerOptionsOf(given)));
  for (const [name, value] of await names.list()) {
    const uri = PyroUri.tryParse(value);
    if (uri === undefined || uri.location !== location) continue;
    const known = byObject.get(uri.object);
    if (known === undefined) byObject.set(uri.object, [name]);
    else known.push(name);
  }
  return byObject;
}

/** The web server of the page. Its address has a random part, which only the user at the terminal knows. */
class InspectorPage implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    private readonly inspector: Inspector,
    private readonly source: RemoteSource,
    readonly url: string,
  ) {}

  static async listen(
    shown: RemoteDaemon,
    given: RemoteArguments,
    { port, host, allowCalls }: { port: number; host: string; allowCalls: boolean },
  ): Promise<InspectorPage> {
    const token = randomBytes(18).toString('base64url');
    const options = proxyOptionsOf(given);
    let source: RemoteSource | undefined;
    const inspector = new Inspector(
      ({ maxListed }) => (source = new RemoteSource(shown, options, maxListed)),
      { allowCalls },
      (request) => refuseOtherNames(request, host),
    );
    const server = createServer((request, response) => void answer(inspector, token, request, response));
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(port, host);
    await once(server, 'listening').catch((error: unknown) => {
      throw new CommandFailure(`cannot listen on ${host}:${port}: ${(error as Error).message}`, EXIT_CODES.failed.code, {
        cause: error,
      });
    });
    const address = server.address() as AddressInfo;
    return new InspectorPage(server, inspector, source!, `http://${tcpLocation(host, address.port)}/${token}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inspector.close();
    this.server.close();
    this.server.closeAllConnections();
    await this.source.close();
  }
}

async function answer(inspector: Inspector, token: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, given = '', route = '', ...rest] = (request.url ?? '').split('?', 1)[0]!.split('/');
  const isKnown = isSame(given, token) && rest.length === 0;
  if (isKnown && request.method === 'GET') {
    const found = (['', 'snapshot', 'events'] as const).find((name) => name === route);
    if (found !== undefined) return inspector.get(found, request, response);
  }
  if (isKnown && request.method === 'POST' && (route === 'call' || route === 'stream'))
    return inspector.post(route, request, response);
  response.statusCode = 404;
  response.end();
}

function isSame(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Opens the page. If no browser can be started, the user has the address on the terminal. */
function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(command!, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => print(`${command} cannot be started: open the address yourself`));
  child.unref();
}
