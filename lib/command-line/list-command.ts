import { Command } from 'commander';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import type { RemoteObject } from '../client/proxy/remote-proxy.js';
import { connectToNameServer, locateNameServer } from '../naming/locate.js';
import type { NameServerClient } from '../naming/name-server-client.js';
import { readNames } from '../inspector/sources/read-signatures.js';
import { DAEMON_METHODS, NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { PyroUri } from '../protocol/uri.js';
import { print, table, printJson } from './terminal/output.js';
import { askingNameServer } from './remote/handshake-data.js';
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
  /** Null when no URI can have the id, as an id of Python with a space. */
  readonly uri: string | null;
  /** The id; absent when the URI has it. */
  readonly objectId?: string;
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
  print(table(['NAME', 'URI', 'TAGS'], rows));
}

function nameServerAt(text: string | undefined, given: RemoteArguments): Promise<NameServerClient> {
  // the name server is the object that is asked, so the options of objects count for it
  const { serializer, tls } = proxyOptionsOf(given);
  const options = { ...(serializer && { serializer }), ...(tls && { tls }), ...nameServerOptionsOf(askingNameServer(given)) };
  return text === undefined ? locateNameServer(options) : connectToNameServer(uriOf(text), options);
}

async function listObjects(text: string, given: RemoteArguments): Promise<void> {
  const uri = await daemonUriOf(text, given);
  const objects = await withRemote(uri, given, async (daemon) => {
    const ids = readNames(await daemon.$call(DAEMON_METHODS.registered));
    const listed: ListedObject[] = [];
    for (const id of ids.sort()) listed.push({ ...named(id, uri.location!), ...(await membersOf(daemon, id)) });
    return listed;
  });
  if (given.json) printJson(objects);
  else {
    const shown = (count: number | undefined): string => (count === undefined ? '?' : String(count));
    const rows = objects.map((object) => [
      object.uri ?? `${object.objectId} (no URI can have this id)`,
      shown(object.methods),
      shown(object.attributes),
    ]);
    print(table(['URI', 'METHODS', 'ATTRIBUTES'], rows));
  }
}

function named(objectId: string, location: string): Pick<ListedObject, 'uri' | 'objectId'> {
  const uri = PyroUri.tryAt(objectId, location);
  return uri === undefined ? { uri: null, objectId } : { uri: String(uri) };
}

async function membersOf(daemon: RemoteObject<UntypedRemote>, id: string): Promise<Pick<ListedObject, 'methods' | 'attributes'>> {
  try {
    const { methods, attrs } = (await daemon.$call(DAEMON_METHODS.metadata, id)) as Record<'methods' | 'attrs', unknown>;
    return { methods: readNames(methods).length, attributes: readNames(attrs).length };
  } catch {
    // the object has gone, or its guards refuse this client
    return {};
  }
}
