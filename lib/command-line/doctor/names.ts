import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { addressesFor, connectTo, type KnownNameServer, nameServersOf } from '../../naming/locate.js';
import { NameServerClient } from '../../naming/name-server-client.js';
import { nearestName } from '../../options/nearest-name.js';
import { NAME_SERVER_OBJECT_ID } from '../../protocol/constants.js';
import { NamingError } from '../../protocol/errors.js';
import { isLoopbackLocation } from '../../protocol/location.js';
import { PyroUri } from '../../protocol/uri.js';
import { examineFailure } from './examined-failure.js';
import { failed, type Finding, ok, warning } from './finding.js';
import { examineNetwork } from './network.js';

/** Most names that are listed when the wanted name is not registered. */
const MAX_TOLD_NAMES = 10;
/** Most objects with the tags of a PYROMETA URI that are examined. */
const MAX_EXAMINED = 10;

/** Advice for a name with a location. People often write this when they mean an object of the daemon at the location. */
export function otherMeaning({ protocol, object, location }: PyroUri): string | undefined {
  if (protocol !== 'PYRONAME' || location === undefined) return undefined;
  return `${location} is asked as a name server; the object ${object} of a daemon there is PYRO:${object}@${location}`;
}

/** A name that is registered, the text of its URI, and the name server that has the name. */
interface RegisteredName {
  readonly name: string;
  readonly text: string;
  readonly nameServer: PyroUri;
}

/**
 * Looks a PYRONAME or PYROMETA URI up, step by step, at the first name server that answers and has the name.
 *
 * @param options the option `nameServer` is the name server, whose address in the URI wins
 * @returns the name, or the names with the tags, at most {@link MAX_EXAMINED}; none when the lookup failed
 */
export async function* examineName(
  uri: PyroUri,
  options: PyroProxyOptions & { connectTimeoutMs: number },
): AsyncGenerator<Finding, readonly RegisteredName[]> {
  const before: Finding[] = [];
  for (const nameServer of nameServersOf(addressesFor(uri, options.nameServer ?? {}))) {
    const from = isGiven(nameServer) ? '' : ' (from PYRO_NS_HOST and PYRO_NS_PORT, or their defaults)';
    const names = await connectOrFinding(nameServer, options);
    if (!(names instanceof NameServerClient)) {
      before.push({ ...names.finding, found: `${names.finding.found}${from}`, remedy: remedyFor(uri, names) });
      continue;
    }
    const found = await lookUp(uri, names);
    const answers = ok('name server', `${nameServer.location} answers${from}`);
    if ('state' in found) {
      before.push(answers, found);
      continue;
    }
    yield* before.map((finding) => (finding.state === 'failed' ? { ...finding, state: 'warning' as const } : finding));
    yield answers;
    if (found.length > 1) yield ok('tags', severalHave(uri, found.length));
    return found.slice(0, MAX_EXAMINED);
  }
  yield* before;
  return [];
}

/** Reads the URI of a name. @returns undefined when no client can use the URI */
export async function* examineRegistered({
  name,
  text,
  nameServer,
}: RegisteredName): AsyncGenerator<Finding, PyroUri | undefined> {
  const uri = PyroUri.tryParse(text);
  if (uri?.protocol !== 'PYRO') {
    yield failed(
      'name',
      `${name} is ${text}, which is no PYRO uri`,
      'register the URI of the object itself: PYRO:object@host:port',
    );
    return undefined;
  }
  yield ok('name', `${name} is ${uri}`);
  if (isLoopbackLocation(uri.location!) && !isLoopbackLocation(nameServer.location!)) {
    yield warning(
      'address of the name',
      `${uri.location} is an address that only one machine can reach, its own`,
      'if the object is on another machine: let its daemon listen on an address of the network (host, and natHost behind a NAT)',
    );
  }
  return uri;
}

function severalHave({ object }: PyroUri, count: number): string {
  const examined = count > MAX_EXAMINED ? `; the first ${MAX_EXAMINED} are examined` : '';
  return `${count} objects have the tags ${object}, and a client takes any of them${examined}`;
}

/** True when the user named the name server, in the URI or by an option. */
function isGiven({ options: { host, unixSocket } }: KnownNameServer): boolean {
  return host !== undefined || unixSocket !== undefined;
}

/** Why no name server answers at an address. */
interface NoNameServer {
  readonly finding: Finding & { readonly remedy: string };
  /** True: no connection could be opened. False: somebody answered. */
  readonly isUnreachable: boolean;
}

/** Advice for a name server that does not answer. The address in the URI wins over options and variables, so the advice names what holds. */
function remedyFor(uri: PyroUri, { finding, isUnreachable }: NoNameServer): string {
  if (!isUnreachable) return otherMeaning(uri) ?? finding.remedy;
  return uri.location === undefined ? finding.remedy : START_OR_CORRECT_URI;
}

/** Connects to a name server. @returns the finding why this does not succeed, else */
async function connectOrFinding(
  nameServer: KnownNameServer,
  { connectTimeoutMs }: { connectTimeoutMs: number },
): Promise<NameServerClient | NoNameServer> {
  const uri = PyroUri.at(NAME_SERVER_OBJECT_ID, nameServer.location);
  let last: Finding | undefined;
  for await (const finding of examineNetwork(uri, connectTimeoutMs)) last = finding;
  if (last!.state === 'failed') return { finding: failed('name server', last!.found, START), isUnreachable: true };
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
    const told = isOther ? `${uri.location} is a daemon without a name server` : found;
    return { finding: failed('name server', told, isOther ? START : remedy!), isUnreachable: false };
  }
}

const NEVER = new AbortController().signal;
const START_COMMANDS = 'no name server answers there: start one (npx nestjs-pyro ns, or pyro5-ns), or correct the address';
const VARIABLES = 'PYRO_NS_HOST and PYRO_NS_PORT, here and in Python; the default port is 9090';
const START = `${START_COMMANDS}: --ns host:port, or ${VARIABLES}`;
const START_OR_CORRECT_URI = `${START_COMMANDS} in the URI; a name without an address is looked up by ${VARIABLES}`;

/** Looks the URI up, and ends the connection. @returns the names in their order, or why there are none */
async function lookUp(uri: PyroUri, names: NameServerClient): Promise<readonly RegisteredName[] | Finding> {
  try {
    const isName = uri.protocol === 'PYRONAME';
    const all = isName ? await names.list() : await names.yplookup({ all: uri.object.split(',') }).then(urisOf);
    const found = [...all].filter(([name]) => !isName || name === uri.object);
    if (found.length === 0) return failed('name', ...missing(uri, isName ? all : await names.list()));
    return found
      .map(([name, text]) => ({ name, text, nameServer: names.uri }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    return failed('name', `the name server fails: ${(error as Error).message}`, 'look at the log of the name server');
  } finally {
    await names.release();
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
