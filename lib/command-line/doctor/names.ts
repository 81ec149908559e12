import { connectTo, nameServersOf, type NameServerOptions } from '../../naming/locate.js';
import type { NameServerClient } from '../../naming/name-server-client.js';
import { nearestName } from '../../options/nearest-name.js';
import { NAME_SERVER_OBJECT_ID } from '../../protocol/constants.js';
import { isLoopback } from '../../protocol/location.js';
import { PyroUri } from '../../protocol/uri.js';
import { type Examination, failed, ok, warning } from './finding.js';

/** Most names that are listed when the wanted name is not registered. */
const MAX_TOLD_NAMES = 10;

/** Advice for a name with a location. People often write this when they mean an object of the daemon at the location. */
export function otherMeaning({ protocol, object, location }: PyroUri): string | undefined {
  if (protocol !== 'PYRONAME' || location === undefined) return undefined;
  return `${location} is asked as a name server; the object ${object} of a daemon there is PYRO:${object}@${location}`;
}

/**
 * Looks a PYRONAME or PYROMETA URI up, step by step.
 *
 * @param found gets the PYRO URI
 */
export async function* examineName(uri: PyroUri, options: NameServerOptions, found: (uri: PyroUri) => void): Examination {
  const { host, port, socketName } = uri;
  const address = host === undefined && socketName === undefined ? {} : { host, port, unixSocket: socketName };
  const [nameServer] = nameServersOf({ ...options, ...address });
  const from = host === undefined && options.host === undefined ? ' (from PYRO_NS_HOST and PYRO_NS_PORT, or their defaults)' : '';
  let names: NameServerClient;
  try {
    names = await connectTo(nameServer!, AbortSignal.timeout(options.connectTimeoutMs!));
  } catch (error) {
    yield failed(
      'name server',
      `${(error as Error).message}${from}`,
      otherMeaning(uri) ??
        'start one (npx nestjs-pyro ns, or pyro5-ns), or say where it is: --ns host:port, or PYRO_NS_HOST and PYRO_NS_PORT',
    );
    return;
  }
  try {
    yield ok('name server', `${nameServer!.location} answers${from}`);
    yield* examineLookup(uri, names, found);
  } finally {
    await names.release();
  }
}

async function* examineLookup(uri: PyroUri, names: NameServerClient, found: (uri: PyroUri) => void): Examination {
  const all =
    uri.protocol === 'PYRONAME' ? await names.list() : await names.yplookup({ all: uri.object.split(',') }).then(urisOf);
  const text = uri.protocol === 'PYRONAME' ? all.get(uri.object) : [...all.values()][0];
  if (text === undefined) {
    yield failed('name', ...missing(uri, uri.protocol === 'PYRONAME' ? all : await names.list()));
    return;
  }
  const registered = new PyroUri(text);
  found(registered);
  yield ok('name', `${uri.object} is ${registered}`);
  const { location = '' } = names.uri;
  if (isLoopback(hostOf(registered.location)) && !isLoopback(hostOf(location)) && registered.protocol === 'PYRO') {
    yield warning(
      'address of the name',
      `${registered.location} is an address that only one machine can reach, its own`,
      'if the object is on another machine: let its daemon listen on an address of the network (host, and natHost behind a NAT)',
    );
  }
}

function missing(uri: PyroUri, all: ReadonlyMap<string, string>): [found: string, remedy: string] {
  const others = [...all.keys()].filter((name) => name !== NAME_SERVER_OBJECT_ID);
  const asked = uri.protocol === 'PYRONAME' ? `the name ${uri.object}` : `an object with the tags ${uri.object}`;
  if (others.length === 0) {
    return [
      `the name server does not have ${asked}; it has no names but its own`,
      'start the program that serves the object, and let it register there: by the option nameServer, in Python by locate_ns().register(…)',
    ];
  }
  const near = nearestName(uri.object, others);
  const more = others.length > MAX_TOLD_NAMES ? `, and ${others.length - MAX_TOLD_NAMES} more` : '';
  return [
    `the name server does not have ${asked}; it has ${others.sort().slice(0, MAX_TOLD_NAMES).join(', ')}${more}`,
    near === undefined ? 'ask for one of these, or start the program that registers it' : `did you mean ${near}?`,
  ];
}

function urisOf(found: ReadonlyMap<string, { uri: string }>): ReadonlyMap<string, string> {
  return new Map([...found].map(([name, { uri }]) => [name, uri]));
}

function hostOf(location = ''): string {
  return location.slice(0, location.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
