import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { addressesFor, connectTo, type KnownNameServer, nameServersOf } from '../../naming/locate.js';
import { NameServerClient } from '../../naming/name-server-client.js';
import { nearestName } from '../../options/nearest-name.js';
import { NAME_SERVER_OBJECT_ID } from '../../protocol/constants.js';
import { NamingError } from '../../protocol/errors.js';
import { isLoopbackLocation } from '../../protocol/location.js';
import { PyroUri } from '../../protocol/uri.js';
import { examineFailure } from './examined-daemon.js';
import { type Examination, failed, type Finding, ok, warning } from './finding.js';
import { examineNetwork } from './network.js';

/** Most names that are listed when the wanted name is not registered. */
const MAX_TOLD_NAMES = 10;

/** Advice for a name with a location. People often write this when they mean an object of the daemon at the location. */
export function otherMeaning({ protocol, object, location }: PyroUri): string | undefined {
  if (protocol !== 'PYRONAME' || location === undefined) return undefined;
  return `${location} is asked as a name server; the object ${object} of a daemon there is PYRO:${object}@${location}`;
}

/**
 * Looks a PYRONAME or PYROMETA URI up, step by step, at the first name server that answers.
 *
 * @param options the option `nameServer` is the name server, whose address in the URI wins
 * @param found gets the PYRO URI
 */
export async function* examineName(
  uri: PyroUri,
  options: PyroProxyOptions & { connectTimeoutMs: number },
  found: (uri: PyroUri) => void,
): Examination {
  const faults: Finding[] = [];
  for (const nameServer of nameServersOf(addressesFor(uri, options.nameServer ?? {}))) {
    const from = isGiven(nameServer) ? '' : ' (from PYRO_NS_HOST and PYRO_NS_PORT, or their defaults)';
    const names = await connectOrFinding(nameServer, options);
    if (!(names instanceof NameServerClient)) {
      faults.push({ ...names, found: `${names.found}${from}`, remedy: otherMeaning(uri) ?? names.remedy });
      continue;
    }
    try {
      yield* faults.map((fault) => ({ ...fault, state: 'warning' as const }));
      yield ok('name server', `${nameServer.location} answers${from}`);
      yield* examineLookup(uri, names, found);
      return;
    } finally {
      await names.release();
    }
  }
  yield* faults;
}

/** True when the user named the name server, in the URI or by an option. */
function isGiven({ options: { host, unixSocket } }: KnownNameServer): boolean {
  return host !== undefined || unixSocket !== undefined;
}

/** Connects to a name server. @returns the finding why this does not succeed, else */
async function connectOrFinding(
  nameServer: KnownNameServer,
  { connectTimeoutMs }: { connectTimeoutMs: number },
): Promise<NameServerClient | Finding> {
  const uri = PyroUri.at(NAME_SERVER_OBJECT_ID, nameServer.location);
  let last: Finding | undefined;
  for await (const finding of examineNetwork(uri, connectTimeoutMs)) last = finding;
  if (last!.state === 'failed') return failed('name server', last!.found, START);
  try {
    return await connectTo(nameServer, NEVER);
  } catch (error) {
    const cause = error instanceof NamingError ? error.cause : error;
    const { tls, handshake } = nameServer.options;
    const options = { connectTimeoutMs, ...(tls && { tls }), ...(handshake !== undefined && { handshake }) };
    const asked = { uri, options, tlsFlag: '--ns-tls', handshakeFlag: '--ns-handshake' } as const;
    for await (const finding of examineFailure(asked, cause)) last = finding;
    const { step, found, remedy } = last!;
    const isOther = step === 'object';
    return failed(
      'name server',
      isOther ? `${uri.location} is a daemon without a name server` : found,
      isOther ? START : remedy!,
    );
  }
}

const NEVER = new AbortController().signal;
const START =
  'start one there (npx nestjs-pyro ns, or pyro5-ns), or say where it is: --ns host:port, or PYRO_NS_HOST and PYRO_NS_PORT';

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
  if (registered.protocol === 'PYRO' && isLoopbackLocation(registered.location!) && !isLoopbackLocation(names.uri.location!)) {
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
