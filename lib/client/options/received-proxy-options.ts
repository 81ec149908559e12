import { environmentConfig } from '../../options/environment.js';
import { clientTlsOf } from '../../options/tls.js';
import type { ProxyReference } from '../../protocol/proxy-reference.js';
import { SERIALIZER_IDS, type SerializerName } from '../../serializers/contract/serializer.js';
import type { ClientTlsOptions } from '../../options/tls.js';
import type { PyroProxyOptions } from './proxy-options.js';

/** What of our options holds for proxies that a peer sends: limits and manners, but nothing that says who we are. */
const INHERITED = [
  'serializer',
  'callTimeoutMs',
  'connectTimeoutMs',
  'frameTimeoutMs',
  'maxQueuedCalls',
  'maxRetries',
  'retryDelayMs',
  'maxRetryDelayMs',
  'keepAliveMs',
  'idleTimeoutMs',
  'openSocket',
  'compression',
  'maxMessageBytes',
  'maxDepth',
  'maxIntDigits',
  'serpentBytesRepr',
  'values',
  'classes',
  'receivedProxies',
  'autoproxy',
  'wireLog',
] as const satisfies readonly (keyof PyroProxyOptions)[];

/** Options for proxies that peers send, in one's own words. Of `tls`, certificates and keys of ours are left out. */
export type ReceivedProxyOptions = Pick<
  PyroProxyOptions,
  Exclude<(typeof INHERITED)[number], 'receivedProxies'> | 'tls' | 'nameServer'
>;

/** Our own certificate, in all the ways Node takes it. */
const IDENTITY: ReadonlySet<string> = new Set([
  'cert',
  'key',
  'pfx',
  'passphrase',
  'clientCertEngine',
  'secureContext',
  'session',
]);

/**
 * Options of a proxy that a peer sent. It introduces itself with what the peer gave it, never with handshake data, certificates
 * or annotations of ours.
 */
export function receivedProxyOptions(reference: ProxyReference, parent: PyroProxyOptions): PyroProxyOptions {
  const options: Record<string, unknown> = Object.fromEntries(INHERITED.map((name) => [name, parent[name]]));
  if (reference.serializer !== undefined && Object.hasOwn(SERIALIZER_IDS, reference.serializer)) {
    options['serializer'] = reference.serializer as SerializerName;
  }
  options['handshake'] = reference.handshake;
  options['tls'] = withoutIdentity(parent.tls);
  options['nameServer'] = { ...parent.nameServer, tls: withoutIdentity(parent.nameServer?.tls) };
  return options as PyroProxyOptions;
}

/** False is said, since undefined would be what the environment says, our certificate included. */
function withoutIdentity(given: PyroProxyOptions['tls']): boolean | ClientTlsOptions {
  const tls = given ?? clientTlsOf(environmentConfig()) ?? false;
  if (typeof tls === 'boolean') return tls;
  return Object.fromEntries(Object.entries(tls).filter(([name]) => !IDENTITY.has(name))) as ClientTlsOptions;
}
