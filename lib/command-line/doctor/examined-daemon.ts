import { once } from 'node:events';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { resolveProxyOptions } from '../../client/options/resolve-proxy-options.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID, PROTOCOL_VERSION, SERIALIZER_NAMES } from '../../protocol/constants.js';
import { type PyroError, TimeoutError } from '../../protocol/errors.js';
import { acceptedSerializers, isForFailedHandshakes, UNKNOWN_OBJECT } from '../../protocol/refusal-texts.js';
import { PyroUri } from '../../protocol/uri.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import { nearestName } from '../../options/nearest-name.js';
import { printable } from '../../reports/printable.js';
import { addressOf } from '../../client/connection/peer-address.js';
import { rejectionReason } from '../../client/messages/rejections.js';
import { isWithoutTls } from '../../transport/sockets/tls-reasons.js';
import type { AskedPeer } from './asked-peer.js';
import { readNames } from '../../inspector/read-signatures.js';
import { certificateAdvice } from './certificate-advice.js';
import { type Examination, failed, type Finding, ok, warning } from './finding.js';
import { tlsSettingsOf } from './tls-settings.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate that ends within this time causes a warning. */
const SOON_MS = 14 * DAY_MS;
const PINGS = 5;
const MAX_TOLD_IDS = 10;

/** Connects to an object whose port is open, and examines: protocol, TLS, handshake, object, answer time, serializers. */
export async function* examineDaemon(asked: AskedPeer): Examination {
  const { uri, options } = asked;
  let certificate: PeerCertificate | undefined;
  const validateHandshake: PyroProxyOptions['validateHandshake'] = (_, daemon) => {
    certificate = daemon.peerCertificate;
  };
  let remote: Awaited<ReturnType<typeof PyroProxy.connect>>;
  try {
    remote = await PyroProxy.connect(uri, { ...options, validateHandshake });
  } catch (error) {
    yield* examineFailure(asked, error);
    return;
  }
  await using _ = remote;
  yield ok('Pyro', `speaks Pyro5 (protocol ${PROTOCOL_VERSION})`);
  if (certificate) yield validity(certificate);
  yield ok('handshake', `accepted${options.handshake === undefined ? '' : ', with the given data'}`);
  const { methods, attrs } = remote.$metadata!;
  yield ok('object', `${uri.object} exposes ${counted(methods.size, 'method')} and ${counted(attrs.size, 'attribute')}`);
  try {
    yield await answerTime(uri, options);
    yield await serializers(uri, options);
  } catch (error) {
    yield warning('connections', `this program has the last free one: ${(error as Error).message}`, FULL);
  }
}

/** Says why connecting failed. The successful steps come first. @throws {PyroError} `CONFIG` */
export async function* examineFailure(asked: AskedPeer, error: unknown): Examination {
  const { uri, options, handshakeFlag } = asked;
  const { code } = error as PyroError;
  // a wrong option, environment variable or file of this program is no fault of the daemon
  if (code === 'CONFIG') throw error;
  const reason = rejectionReason(error);
  if (reason === undefined) {
    yield await unknownPeer(asked, error as PyroError);
    return;
  }
  yield ok('Pyro', `speaks Pyro5 (protocol ${PROTOCOL_VERSION})`);
  if (code === 'DAEMON_FULL') {
    yield failed('connections', `the daemon has as many as it takes: ${reason}`, FULL);
  } else if (reason === UNKNOWN_OBJECT) {
    yield ok('handshake', 'accepted');
    yield await unknownObject(uri, options, reason);
  } else if (isForFailedHandshakes(reason)) {
    yield failed('handshake', reason, 'correct the handshake data of the programs at this address, and wait');
  } else if (acceptedSerializers(reason) !== undefined) {
    yield failed('serializer', reason, 'choose another one: --serializer, or PYRO_SERIALIZER');
  } else {
    const advice =
      options.handshake === undefined
        ? `give what the daemon asks for: ${handshakeFlag} VALUE`
        : `the given handshake data are not what the daemon asks for: look at ${handshakeFlag}`;
    yield failed('handshake', `refused: ${reason}`, `${advice}. ${SHAPE}`);
  }
}

const FULL =
  'close connections that nobody uses, or raise the limit: THREADPOOL_SIZE in Pyro5 (or its server type multiplex), maxConnections here';

const SHAPE =
  'The server chooses their shape (a text, a dict, the names of its keys): ask its owner; the log of the server may say more';

async function unknownPeer(asked: AskedPeer, error: PyroError): Promise<Finding> {
  const { uri, options, tlsFlag } = asked;
  const { code, message } = error;
  const secure = tlsSettingsOf(asked);
  const option = tlsFlag === '--tls' ? 'tls' : 'nameServer.tls';
  const speaksTlsRemedy = `connect with ${tlsFlag}, and --ca for an authority of your own; in programs by the option ${option} here, by config.SSL = True and config.SSL_CACERTS in Python`;
  const where = uri.location!;
  if (code === 'BAD_VERSION') {
    const [, version = ''] = /version: (\d+)/.exec(message) ?? [];
    const what = Number(version) < 100 ? `Pyro4 (protocol ${version})` : `another version of Pyro's protocol, ${version}`;
    return failed('Pyro', `${where} speaks ${what}, and not Pyro5`, 'move that program to Pyro5, or connect with Pyro4');
  }
  if (code === 'TLS') {
    return failed('TLS', `${where} speaks TLS`, speaksTlsRemedy);
  }
  if (code === 'BAD_TAG') {
    const [, begin = ''] = /not with "(.*)"$/s.exec(message) ?? [];
    const known: Record<string, string> = { HTTP: 'a web server', 'SSH-': 'an SSH server', '220 ': 'a mail or FTP server' };
    // old servers answer a request that they do not understand with a page and no headers
    const what = begin.startsWith('<') ? known['HTTP'] : known[begin];
    return failed('Pyro', `${where} is ${what ?? `no Pyro server: it answers "${printable(begin)}…"`}`, WRONG_PORT);
  }
  if (isWithoutTls(error.cause)) {
    return failed('TLS', `${where} does not speak TLS`, `${secure?.off ?? 'connect without TLS'}, or switch TLS on there`);
  }
  const isLate = error instanceof TimeoutError;
  if (secure && !isLate) return failed('TLS', message, certificateAdvice(error, secure));
  if (!secure && (await speaksTls(uri))) {
    return failed('TLS', `${where} speaks TLS`, speaksTlsRemedy);
  }
  if (isLate) {
    return failed('Pyro', `${where} takes the connection, and says nothing within ${options.connectTimeoutMs} ms`, SILENT);
  }
  return failed('Pyro', message, WRONG_PORT);
}

const WRONG_PORT = 'compare the port with the one that the daemon prints at its start';
const SILENT =
  'the server may be busy or hang (Pyro5: all threads of THREADPOOL_SIZE in use; here: a blocked event loop), or it is no Pyro server';

async function speaksTls(uri: PyroUri): Promise<boolean> {
  const address = addressOf(uri);
  if ('unixSocket' in address) return false;
  const socket = connectTls({ ...address, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function unknownObject(uri: PyroUri, options: PyroProxyOptions, reason: string): Promise<Finding> {
  const known = await idsOf(uri, options);
  if (known === undefined) return failed('object', reason, 'ask for an id that the daemon has');
  const { ids, hidesGuarded } = known;
  const near = nearestName(uri.object, ids);
  const more = ids.length > MAX_TOLD_IDS ? `, and ${ids.length - MAX_TOLD_IDS} more` : '';
  const told = ids
    .slice(0, MAX_TOLD_IDS)
    .map((id) => printable(id))
    .join(', ');
  return failed(
    'object',
    `${reason}; the daemon has ${told}${more}`,
    near === undefined
      ? `ask for one of these${hidesGuarded ? ', or for an object with handshake guards, which is not listed' : ''}; an id that a daemon made changes at every start: ask the name server`
      : `did you mean ${near}?`,
  );
}

/**
 * The ids that a daemon lists. A daemon of this package lists an object with handshake guards only to connections that the guards have
 * authorized.
 */
async function idsOf(uri: PyroUri, options: PyroProxyOptions): Promise<{ ids: string[]; hidesGuarded: boolean } | undefined> {
  try {
    await using daemon = await PyroProxy.connect(daemonOf(uri), options);
    const ids = readNames(await daemon.$call(DAEMON_METHODS.registered)).sort();
    return { ids, hidesGuarded: daemon.$metadata!.methods.has(DAEMON_METHODS.signatures) };
  } catch {
    return undefined;
  }
}

/** @throws {PyroError} `DAEMON_FULL` */
async function answerTime(uri: PyroUri, options: PyroProxyOptions): Promise<Finding> {
  try {
    await using daemon = await PyroProxy.connect(daemonOf(uri), options);
    const times: number[] = [];
    for (let ping = 0; ping < PINGS; ping++) {
      const begun = performance.now();
      await daemon.$call(DAEMON_METHODS.ping);
      times.push(performance.now() - begun);
    }
    return ok('answer time', `${Math.min(...times).toFixed(2)} ms, the best of ${PINGS} pings`);
  } catch (error) {
    throwIfFull(error);
    return warning('answer time', `no ping: ${(error as Error).message}`, 'see the log of the daemon');
  }
}

/**
 * Tries the further serializers, each over a new connection. A daemon of this package names all that it accepts when it refuses one. Each
 * refusal counts there as a failed handshake, so no more are tried then.
 *
 * @throws {PyroError} `DAEMON_FULL`
 */
async function serializers(uri: PyroUri, options: PyroProxyOptions): Promise<Finding> {
  const names = SERIALIZER_NAMES;
  const { serializer: own } = resolveProxyOptions(options);
  const accepted = new Set([own]);
  for (const serializer of names.filter((name) => name !== own)) {
    try {
      await using _ = await PyroProxy.connect(uri, { ...options, serializer });
      accepted.add(serializer);
    } catch (error) {
      throwIfFull(error);
      const all = acceptedSerializers(rejectionReason(error) ?? '');
      if (all === undefined) continue;
      return ok('serializers', names.filter((name) => all.includes(name)).join(', '));
    }
  }
  return ok('serializers', names.filter((name) => accepted.has(name)).join(', '));
}

function throwIfFull(error: unknown): void {
  if ((error as PyroError).code === 'DAEMON_FULL') throw error;
}

function validity({ subject, valid_from: from, valid_to: to }: PeerCertificate | DetailedPeerCertificate): Finding {
  const left = Date.parse(to) - Date.now();
  const text = `certificate of ${printable(String(subject?.CN ?? 'a server without a common name'))}, good from ${from} to ${to}`;
  if (left < SOON_MS) return warning('TLS', text, `renew it within ${counted(Math.max(0, Math.floor(left / DAY_MS)), 'day')}`);
  return ok('TLS', text);
}

function daemonOf(uri: PyroUri): PyroUri {
  return PyroUri.at(DAEMON_OBJECT_ID, uri.location!);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
