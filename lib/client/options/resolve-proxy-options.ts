import { setMaxListeners } from 'node:events';
import {
  addAnnotations,
  type Annotations,
  ANNOTATIONS_TAKE,
  annotationsFault,
  annotationsOfHook,
  type AnnotationValues,
  NO_ANNOTATIONS,
} from '../../protocol/messages/annotations.js';
import { DEFAULT_HANDSHAKE } from '../../protocol/constants.js';
import { millisecondsOf, type OptionItems, type PyroConfig } from '../../options/config-items.js';
import { environmentConfig } from '../../options/environment.js';
import {
  ABORT_SIGNAL,
  ANYTHING,
  checkOptions,
  configError,
  FUNCTION,
  givenOptions,
  milliseconds,
  numberRules,
  type OptionRule,
  type OptionRules,
  STREAM,
  SWITCH,
  SYNC_FUNCTION,
  TEXTS,
  withMethods,
} from '../../options/option-checks.js';
import { ONE_SERIALIZER, VALUE_RULES } from '../../serializers/contract/serializer-rules.js';
import { CLIENT_TLS, clientTlsItems, clientTlsOf } from '../../options/tls.js';
import type { DateMode, SerializerName, ValueMode } from '../../serializers/contract/serializer.js';
import { PROXY_LIMIT_BOUNDS, PROXY_LIMIT_DEFAULTS } from './proxy-limits.js';
import { addressesOf, checkNameServers, NAME_SERVERS, type NameServerAddress } from './name-resolver.js';
import type { PyroProxyOptions, CallOptions } from './proxy-options.js';
import { warnIfItFails } from '../../reports/warning.js';

/**
 * Options of a proxy with the defaults filled in. Open sockets refer to them, and the listeners of a signal may refer to the proxy. So no
 * signal is among them, or the proxy could not be garbage-collected while it is connected.
 */
export type ResolvedProxyOptions = Omit<PyroProxyOptions, 'signal'> & Required<Pick<PyroProxyOptions, keyof typeof DEFAULTS>>;

const DEFAULTS = {
  ...PROXY_LIMIT_DEFAULTS,
  serializer: 'serpent' as SerializerName,
  handshake: DEFAULT_HANDSHAKE as unknown,
  shareHandshake: false,
  retryDelayMs: 100,
  maxRetryDelayMs: 5_000,
  keepAliveMs: 60_000,
  compression: false,
  serpentBytesRepr: false,
  values: 'natural' as ValueMode,
  dates: 'text' as DateMode,
};

/** The rule of annotations that are given as they are sent. */
const ANNOTATIONS: OptionRule = {
  takes: ANNOTATIONS_TAKE,
  fits: (value) => annotationsFault(value) === undefined,
  describe: annotationsFault,
};

/** The rule of annotations, or of a hook that gives them. An async function gives promises, which cannot be sent. */
const ANNOTATIONS_OR_HOOK: OptionRule = {
  takes: `${ANNOTATIONS_TAKE}, or a function that gives one at once`,
  fits: (value) => SYNC_FUNCTION.fits(value) || ANNOTATIONS.fits(value),
  describe: (value) => SYNC_FUNCTION.describe!(value) ?? annotationsFault(value),
};

/** The rules of the options of a proxy. */
export const PROXY_RULES: OptionRules<PyroProxyOptions> = {
  ...VALUE_RULES,
  ...numberRules(DEFAULTS, PROXY_LIMIT_BOUNDS),
  serializer: ONE_SERIALIZER,
  handshake: ANYTHING,
  validateHandshake: FUNCTION,
  shareHandshake: SWITCH,
  repeatable: TEXTS,
  tls: CLIENT_TLS,
  openSocket: FUNCTION,
  connectedSocket: STREAM,
  annotations: ANNOTATIONS_OR_HOOK,
  onAnnotations: FUNCTION,
  onConnected: FUNCTION,
  onDisconnected: FUNCTION,
  wireLog: FUNCTION,
  telemetry: SWITCH,
  nameServer: NAME_SERVERS,
  receivedProxies: SYNC_FUNCTION,
  autoproxy: withMethods('a PyroDaemon', 'referenceFor'),
  signal: ABORT_SIGNAL,
};

const CALL_RULES: OptionRules<CallOptions> = {
  callTimeoutMs: milliseconds(),
  signal: ABORT_SIGNAL,
  annotations: ANNOTATIONS,
  onAnnotations: FUNCTION,
  repeatable: SWITCH,
  oneway: SWITCH,
};

/**
 * Checks the options that are given.
 *
 * @throws {PyroError} `CONFIG`; the text names the option, its value and what it takes
 */
export function checkProxyOptions(options: PyroProxyOptions): void {
  checkOptions(options, PROXY_RULES);
  if (options.nameServer) checkNameServers(options.nameServer);
}

/**
 * Fills in the defaults and checks the options.
 *
 * @throws {PyroError} `CONFIG`; the text names the option, its value and the values it may have
 */
export function resolveProxyOptions(options: PyroProxyOptions): ResolvedProxyOptions {
  checkProxyOptions(options);
  const { signal: _, ...given } = givenOptions(options);
  const resolved: ResolvedProxyOptions = { ...DEFAULTS, ...environmentProxyOptions(given), ...given };
  if (given.nameServer) resolved.nameServer = addressesOf(given.nameServer).map(withoutSignal);
  if (resolved.openSocket && resolved.tls)
    throw configError('tls cannot be had over openSocket; let openSocket open a TLS socket');
  if (resolved.connectedSocket && (resolved.openSocket ?? (resolved.tls || resolved.poolSize > 1 || undefined)))
    throw configError('connectedSocket excludes openSocket, tls and a poolSize over 1');
  return resolved;
}

/** An address may be the options of `locateNameServer`, with a signal. Lookups of a proxy end with the deadline of its attempt to connect. */
function withoutSignal(address: NameServerAddress & { signal?: AbortSignal }): NameServerAddress {
  const { signal: _, ...rest } = address;
  return rest;
}

/**
 * Gives the options of a proxy that environment variables set.
 *
 * @param given options in code, which win over environment variables
 * @throws {PyroError} `CONFIG`, when a variable is wrong
 */
export function environmentProxyOptions(
  given: PyroProxyOptions,
  config: PyroConfig = environmentConfig(),
): Partial<PyroProxyOptions> {
  const callTimeoutMs = millisecondsOf(config.COMMTIMEOUT);
  return givenOptions({
    callTimeoutMs,
    connectTimeoutMs: callTimeoutMs || undefined,
    compression: config.COMPRESSION,
    maxMessageBytes: config.MAX_MESSAGE_SIZE,
    maxRetries: config.MAX_RETRIES,
    serializer: config.SERIALIZER,
    serpentBytesRepr: config.SERPENT_BYTES_REPR,
    tls: given.openSocket || given.connectedSocket || given.tls !== undefined ? undefined : clientTlsOf(config),
  });
}

/** The config items that set each option in {@link environmentProxyOptions}. */
export function itemsOfProxy(config: PyroConfig): OptionItems<PyroProxyOptions> {
  return {
    callTimeoutMs: ['COMMTIMEOUT'],
    connectTimeoutMs: ['COMMTIMEOUT'],
    compression: ['COMPRESSION'],
    maxMessageBytes: ['MAX_MESSAGE_SIZE'],
    maxRetries: ['MAX_RETRIES'],
    serializer: ['SERIALIZER'],
    serpentBytesRepr: ['SERPENT_BYTES_REPR'],
    tls: clientTlsItems(config),
  };
}

/** @throws {PyroError} `CONFIG`, when an option of a call is wrong */
export function checkCallOptions(options: CallOptions): CallOptions {
  checkOptions(options, CALL_RULES);
  // many calls may share a signal, and each call removes its listener: a leak warning of Node would be wrong
  if (options.signal) setMaxListeners(0, options.signal);
  return options;
}

/**
 * Merges the annotations of the proxy, of the trace of a call, and of the call. If an id repeats, the later annotation wins.
 *
 * @throws {ProtocolError} `BAD_ANNOTATIONS` when the hook of the proxy gives what cannot be sent
 */
export function annotationsToSend(
  proxy: PyroProxyOptions['annotations'],
  call?: AnnotationValues,
  trace: Annotations = NO_ANNOTATIONS,
): Annotations {
  if (proxy === undefined && call === undefined) return trace;
  const own = typeof proxy === 'function' ? annotationsOfHook(proxy(), 'the annotations hook of the proxy') : proxy;
  const all = new Map<string, Buffer>();
  for (const values of [own, trace, call]) if (values !== undefined) addAnnotations(all, values);
  return all;
}

/** Tells a hook of the program which annotations a reply has. The error of the hook is a warning of the process: the call was answered. */
export function tellAnnotations(hook: PyroProxyOptions['onAnnotations'], annotations: Annotations): void {
  if (hook) warnIfItFails(() => hook(annotations));
}
