import { environmentConfig } from '../../options/environment.js';
import { anonymousTls } from '../../options/tls.js';
import type { ProxyReference } from '../../protocol/proxy-reference.js';
import { SERIALIZER_IDS } from '../../protocol/constants.js';
import type { SerializerName } from '../../serializers/contract/serializer.js';
import { type OptionRules, wholeNumber } from '../../options/option-checks.js';
import { addressesOf, withoutCredentials } from './name-resolver.js';
import type { PyroProxyOptions } from './proxy-options.js';
import { PROXY_RULES, type ResolvedProxyOptions, resolveProxyOptions } from './resolve-proxy-options.js';

/** Default `idleTimeoutMs` of a proxy from a peer: nobody may know when to release the proxy. */
export const RECEIVED_IDLE_TIMEOUT_MS = 30_000;

/** Options that daemons and proxies have, and that the proxies from a peer take over from either: limits and settings. */
export const SHARED_OPTIONS = [
  'frameTimeoutMs',
  'compression',
  'maxMessageBytes',
  'maxValueBytes',
  'maxCheckedObjects',
  'maxAnnotations',
  'maxAnnotationsBytes',
  'maxInflationRatio',
  'maxInflatingBytes',
  'maxDepth',
  'maxIntDigits',
  'maxHostLookups',
  'serpentBytesRepr',
  'values',
  'dates',
  'arrays',
  'classes',
] as const satisfies readonly (keyof PyroProxyOptions)[];

/** Options that a proxy from a peer takes over from a parent proxy: limits and settings, no credentials. */
const INHERITED_OPTIONS = [
  ...SHARED_OPTIONS,
  'serializer',
  'callTimeoutMs',
  'connectTimeoutMs',
  'maxQueuedCalls',
  'maxRetries',
  'retryDelayMs',
  'maxRetryDelayMs',
  'keepAliveMs',
  'idleTimeoutMs',
  'openSocket',
  'maxHandshakeBytes',
  'receivedProxies',
  'autoproxy',
  'wireLog',
  'telemetry',
] as const satisfies readonly (keyof PyroProxyOptions)[];

/**
 * Options of the proxies that clients pass to a daemon. Certificates and keys in `tls` are not used, nor handshake data of a name server.
 */
export interface ReceivedProxyOptions extends Omit<
  PyroProxyOptions,
  | 'handshake'
  | 'validateHandshake'
  | 'shareHandshake'
  | 'annotations'
  | 'onAnnotations'
  | 'onConnected'
  | 'onDisconnected'
  | 'connectedSocket'
  | 'poolSize'
  | 'repeatable'
  | 'receivedProxies'
  | 'signal'
> {
  /**
   * Connections of all these proxies together. At the limit, idle connections are closed; if no connection is idle, the call fails. Default
   * 1,000.
   */
  maxConnections?: number;
}

const { receivedProxies: _, ...INHERITED_RULES } = pickRules(INHERITED_OPTIONS);

/** The rules of the options of the proxies that clients pass to a daemon. */
export const RECEIVED_PROXY_RULES: OptionRules<ReceivedProxyOptions> = {
  ...INHERITED_RULES,
  tls: PROXY_RULES.tls,
  nameServer: PROXY_RULES.nameServer,
  maxConnections: wholeNumber({ least: 1 }),
};

function pickRules<Name extends keyof PyroProxyOptions>(names: readonly Name[]): OptionRules<Pick<PyroProxyOptions, Name>> {
  return Object.fromEntries(names.map((name) => [name, PROXY_RULES[name]])) as OptionRules<Pick<PyroProxyOptions, Name>>;
}

/**
 * Resolves the options of the proxies that peers send to one parent: a daemon, or a proxy whose results have them. Called once for each
 * parent, because it takes longer than all other steps to make a proxy. The proxies have no handshake data, certificates, keys or
 * annotations of this program, and show none to name servers.
 *
 * @throws {PyroError} `CONFIG`
 */
export function resolveReceivedOptions(parent: PyroProxyOptions): ResolvedProxyOptions {
  const options: PyroProxyOptions = Object.fromEntries(INHERITED_OPTIONS.map((name) => [name, parent[name]]));
  const nameServer = addressesOf(parent.nameServer ?? {}).map(withoutCredentials);
  const tls = options.openSocket ? false : anonymousTls(parent.tls, environmentConfig());
  return resolveProxyOptions({ ...options, tls, nameServer });
}

/**
 * Gives the options of one proxy that a peer sent: its handshake data, and its serializer if there is such a one, are what the peer sent
 * with it.
 *
 * @param shared the result of {@link resolveReceivedOptions}
 */
export function optionsOfReceived({ handshake, serializer }: ProxyReference, shared: ResolvedProxyOptions): ResolvedProxyOptions {
  const isKnown = serializer !== undefined && Object.hasOwn(SERIALIZER_IDS, serializer);
  return { ...shared, handshake, serializer: isKnown ? (serializer as SerializerName) : shared.serializer };
}
