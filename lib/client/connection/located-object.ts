import type { LookupAddress } from 'node:dns';
import { DEFAULT_HANDSHAKE } from '../../protocol/constants.js';
import { SecurityError } from '../../protocol/errors.js';
import type { Annotations } from '../../protocol/messages/annotations.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { ConnectAddress } from '../../transport/sockets/connector.js';
import { chooserAt, type HostChooser, registrarAt } from '../../transport/sockets/host-choosers.js';
import { hostLookups } from '../../transport/sockets/host-lookups.js';
import type { NameLookup, NameResolver } from '../options/name-resolver.js';
import type { ProxySender } from '../options/received-proxies.js';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.js';
import { addressOf, allowedAddress, mayConnect } from './peer-address.js';

/** The object that a proxy connects to, and what decides where it is. */
export interface SoughtObject {
  uri: PyroUri;
  options: ResolvedProxyOptions;
  /** Looks up PYRONAME and PYROMETA URIs. */
  resolve: NameResolver;
  /** The peer that sent the proxy; undefined: this program chose the URI. */
  sender: ProxySender | undefined;
  /** Who chose the host of a URI without a sender; undefined: this program. */
  hostChooser?: HostChooser | undefined;
  /** Follows the lookup of a name. */
  observer?: { step<T>(step: 'lookup', body: (annotations?: Annotations) => Promise<T>): Promise<T> } | undefined;
}

/** The daemon of an object. */
export interface LocatedObject {
  uri: PyroUri;
  address: ConnectAddress;
  /** Who chose the host; undefined: this program. */
  hostChooser: HostChooser | undefined;
}

/**
 * Finds the daemon of an object.
 *
 * @throws {SecurityError} when the URI of a received proxy may not be used, or an address that a name led to
 * @throws the error of the lookup of a name or host
 */
export async function locateObject(sought: SoughtObject, lookup: NameLookup): Promise<LocatedObject> {
  const { uri, sender, hostChooser } = sought;
  if (uri.protocol !== 'PYRO') {
    return sender === undefined ? locateOwnName(sought, lookup) : locateReceivedName(sought, sender, lookup);
  }
  return sender === undefined ? { uri, address: addressOf(uri), hostChooser } : locateReceived(sought, sender, lookup);
}

async function locateReceived({ uri, options }: SoughtObject, sender: ProxySender, lookup: NameLookup): Promise<LocatedObject> {
  const hostChooser = chooserAt(sender.remoteAddress, options.maxHostLookups);
  const lookUp = lookUpFor(hostChooser, lookup.signal);
  const what = 'a received proxy may not connect';
  const address = await allowedAddress(uri, sender, { allowed: options.receivedProxies, what, lookUp });
  return { uri, address, hostChooser };
}

/** The name server chose the host that a name of this program leads to. */
async function locateOwnName(sought: SoughtObject, lookup: NameLookup): Promise<LocatedObject> {
  const { found, givenBy } = await lookUpName(sought, sought.hostChooser, lookup);
  return addressOfName(sought, { found, givenBy, hostChooser: registrarAt(givenBy.remoteAddress) }, lookup);
}

/** The names that a peer looks up wait among its own, and not among those of the application. */
async function locateReceivedName(sought: SoughtObject, sender: ProxySender, lookup: NameLookup): Promise<LocatedObject> {
  const { uri, options } = sought;
  const { receivedProxies: allowed, maxHostLookups } = options;
  if (!allowed || !mayConnect(uri, sender, allowed)) {
    throw new SecurityError(`a received proxy may not look up ${peerText(String(uri))}; allow it with receivedProxies`);
  }
  const hostChooser = chooserAt(sender.remoteAddress, maxHostLookups);
  const { found, givenBy } = await lookUpName(sought, hostChooser, lookup);
  return addressOfName(sought, { found, givenBy, hostChooser }, lookup);
}

/** The URI that a name stands for, and the name server that gave it. */
interface NamedUri {
  found: PyroUri;
  givenBy: ProxySender;
}

async function lookUpName(
  { uri, options, resolve, observer }: SoughtObject,
  hostChooser: HostChooser | undefined,
  lookup: NameLookup,
): Promise<NamedUri> {
  const ask = (annotations?: Annotations): ReturnType<NameResolver> =>
    resolve(uri, options.nameServer ?? {}, { ...lookup, annotations, hostChooser });
  const { uri: found, givenBy } = await (observer === undefined ? ask() : observer.step('lookup', ask));
  return { found, givenBy };
}

/** Handshake data is a secret: without TLS, a name may lead only to addresses that its name server may choose. */
async function addressOfName(
  { options }: SoughtObject,
  { found, givenBy, hostChooser }: NamedUri & { hostChooser: HostChooser },
  lookup: NameLookup,
): Promise<LocatedObject> {
  const { receivedProxies: allowed, handshake, tls } = options;
  const isSecret = handshake !== DEFAULT_HANDSHAKE && !tls;
  if (!isSecret) return { uri: found, address: addressOf(found), hostChooser };
  const what = 'without tls, handshake data may not be sent to where a name led:';
  const lookUp = lookUpFor(hostChooser, lookup.signal);
  return { uri: found, address: await allowedAddress(found, givenBy, { allowed, what, lookUp }), hostChooser };
}

function lookUpFor(chooser: HostChooser, signal: AbortSignal): (host: string) => Promise<LookupAddress[]> {
  return (host) => hostLookups().lookUp(host, chooser, signal);
}
