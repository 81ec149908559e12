import { Command } from 'commander';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import type { RemoteObject } from '../client/proxy/remote-proxy.js';
import { connectToNameServer, locateNameServer } from '../naming/locate.js';
import type { NameServerClient } from '../naming/name-server-client.js';
import { readNames } from '../inspector/read-signatures.js';
import { DAEMON_METHODS, NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { PyroUri } from '../protocol/uri.js';
import { print, table, printJson } from './terminal/output.js';
import {
  nameServerOptionsOf,
  proxyOptionsOf,
  type RemoteArguments,
  takesRemoteArguments,
  uriOf,
} from './remote/remote-arguments.js';
import { daemonUriOf, orUnreachable, withRemote } from './remote/remote-connection.js';

/** An object of a daemon, and the numbers of its members. The numbers are absent if the daemon does not tell them to this client. */
interface ListedObject {
  readonly uri: string;
  readonly methods?: number;
  readonly attributes?: number;
}

/** `nestjs-pyro ls [URI]`: lists the names of a name server, or the objects of a daemon. */
export function listCommand(): Command {
  return takesRemoteArguments(new Command('ls').description('list the names of a name server, or the objects of a daemon'))
    .argument('[uri]', 'URI of a name server, or of any object of a daemon; or host:port. Without it: the name server')
    .action((text: string | undefined, given: RemoteArguments) => {
      const isNameServer = text === undefined || uriOf(text).object === NAME_SERVER_OBJECT_ID;
      return isNameServer ? listNames(text, given) : listObjects(text, given);
    });
}

async function listNames(text: string | undefined, given: RemoteArguments): Promise<void> {
  await using names = await orUnreachable(text, given, nameServerAt(text, given));
  const found = [...(await names.listWithMetadata())].sort(([one], [other]) => (one < other ? -1 : 1));
  if (given.json) {
    printJson(found.map(([name, { uri, metadata }]) => ({ name, uri, metadata: [...metadata] })));
    return;
  }
  const rows = found.map(([name, { uri, metadata }]) => [name, uri, [...metadata].join(', ')]);
  print(...table(['NAME', 'URI', 'TAGS'], rows));
}

function nameServerAt(text: string | undefined, given: RemoteArguments): Promise<NameServerClient> {
  // the name server is the object that is asked, so the options of objects count for it
  const { serializer, handshake, tls } = proxyOptionsOf(given);
  const asked = { ...(serializer && { serializer }), ...(handshake !== undefined && { handshake }), ...(tls && { tls }) };
  const options = { ...asked, ...nameServerOptionsOf(given) };
  return text === undefined ? locateNameServer(options) : connectToNameServer(uriOf(text), options);
}

async function listObjects(text: string, given: RemoteArguments): Promise<void> {
  const uri = await daemonUriOf(text, given);
  const objects = await withRemote(uri, given, async (daemon) => {
    const ids = readNames(await daemon.$call(DAEMON_METHODS.registered));
    const listed: ListedObject[] = [];
    for (const id of ids.sort()) listed.push({ uri: String(PyroUri.at(id, uri.location!)), ...(await membersOf(daemon, id)) });
    return listed;
  });
  if (given.json) printJson(objects);
  else {
    const shown = (count: number | undefined): string => (count === undefined ? '?' : String(count));
    const rows = objects.map((object) => [object.uri, shown(object.methods), shown(object.attributes)]);
    print(...table(['URI', 'METHODS', 'ATTRIBUTES'], rows));
  }
}

async function membersOf(daemon: RemoteObject<UntypedRemote>, id: string): Promise<Omit<ListedObject, 'uri'>> {
  try {
    const { methods, attrs } = (await daemon.$call(DAEMON_METHODS.metadata, id)) as Record<'methods' | 'attrs', unknown>;
    return { methods: readNames(methods).length, attributes: readNames(attrs).length };
  } catch {
    // the object has gone, or its guards refuse this client
    return {};
  }
}
