import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { addressOf } from '../../client/connection/peer-address.js';
import { exposesNothing } from '../../client/connection/remote-metadata.js';
import { rejectionReason } from '../../client/messages/rejections.js';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { resolveProxyOptions } from '../../client/options/resolve-proxy-options.js';
import { readNames } from '../../inspector/sources/read-signatures.js';
import { nearestName } from '../../options/nearest-name.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID, PROTOCOL_VERSION } from '../../protocol/constants.js';
import { ConnectionClosedError, ProtocolError, type PyroError, type PyroErrorCode, TimeoutError } from '../../protocol/errors.js';
import { limitOf } from '../../protocol/over-limit.js';
import { acceptedSerializers, isForFailedHandshakes, UNKNOWN_OBJECT } from '../../protocol/texts/refusal-texts.js';
import { PyroUri } from '../../protocol/uri.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import { printable } from '../../reports/printable.js';
import { isWithoutTls } from '../../transport/sockets/tls-reasons.js';
import type { AskedPeer } from './asked-peer.js';
import { certificateAdvice } from './certificate-advice.js';
import { type Examination, failed, type Finding, ok } from './finding.js';
import { tlsSettingsOf } from './tls-settings.js';

const MAX_TOLD_IDS = 10;
/** The serializer that every daemon of Pyro5 has. */
const SERPENT = 'serpent';

/** Says why connecting failed. The successful steps come first. @throws {PyroError} `CONFIG` */
export async function* examineFailure(asked: AskedPeer, error: unknown): Examination {
  const { uri, options, handshakeFlag } = asked;
  const { code } = error as PyroError;
  // a wrong option, environment variable or file of this program is no fault of the daemon
  if (code === 'CONFIG') throw error;
  const lacksSerializer = !isOfPyro5(error) && (await lacksOnlySerializer(asked, error));
  if (!lacksSerializer && !isOfPyro5(error)) {
    yield await unknownPeer(asked, error as PyroError);
    return;
  }
  yield SPEAKS_PYRO;
  const reason = rejectionReason(error);
  if (lacksSerializer) {
    yield withoutSerializer(options);
  } else if (reason === undefined) {
    yield* examineAnswer(asked, error as PyroError);
  } else if (code === 'DAEMON_FULL') {
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

/** The step of a peer that has answered in Pyro5. */
export const SPEAKS_PYRO = ok('Pyro', `speaks Pyro5 (protocol ${PROTOCOL_VERSION})`);

/** Errors of the begin of a message: the peer speaks something else than Pyro5. */
const NOT_PYRO5: ReadonlySet<PyroErrorCode> = new Set(['BAD_TAG', 'BAD_VERSION', 'TLS']);

/** True when the peer has sent at least the header of a message of Pyro5. */
function isOfPyro5(error: unknown): boolean {
  if (rejectionReason(error) !== undefined || exposesNothing(error)) return true;
  return error instanceof ProtocolError && !NOT_PYRO5.has(error.code);
}

/** Says what is wrong with the answer of a daemon to the handshake. */
function* examineAnswer({ uri }: AskedPeer, error: PyroError): Iterable<Finding> {
  if (exposesNothing(error)) {
    yield ok('handshake', 'accepted');
    yield failed(
      'object',
      `${uri.object} exposes no methods or attributes`,
      'mark its members: @expose in Python, @PyroMethod here',
    );
  } else if (error.code === 'MESSAGE_TOO_LARGE' || limitOf(error) !== undefined) {
    yield failed(
      'handshake',
      `the answer is over a limit of this program: ${error.message}`,
      'let the object expose less, and the daemon send less handshake data; or raise the limit in your program',
    );
  } else {
    yield failed('handshake', `the answer cannot be read: ${error.message}`, UNREADABLE);
  }
}

const UNREADABLE = 'look at the log of the daemon, and at what stands between: nothing may change the bytes of a connection';

/** True when the peer closes the connection at a message in the serializer of this program, and answers one in serpent. */
async function lacksOnlySerializer({ uri, options }: AskedPeer, error: unknown): Promise<boolean> {
  const isClosed = error instanceof ConnectionClosedError;
  if (!isClosed || resolveProxyOptions(options).serializer === SERPENT) return false;
  try {
    await using _ = await PyroProxy.connect(uri, { ...options, serializer: SERPENT });
    return true;
  } catch (other) {
    return isOfPyro5(other);
  }
}

function withoutSerializer(options: PyroProxyOptions): Finding {
  const { serializer } = resolveProxyOptions(options);
  const install = serializer === 'msgpack' ? 'install msgpack there, or choose another one' : 'choose another one';
  return failed(
    'serializer',
    `the daemon closes the connection at a message in ${serializer}, and answers one in ${SERPENT}`,
    `${install}: --serializer ${SERPENT}, or PYRO_SERIALIZER=${SERPENT}`,
  );
}

/** Advice for a daemon that takes no more connections. */
export const FULL =
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
    await using daemon = await PyroProxy.connect(PyroUri.at(DAEMON_OBJECT_ID, uri.location!), options);
    const ids = readNames(await daemon.$call(DAEMON_METHODS.registered)).sort();
    return { ids, hidesGuarded: daemon.$metadata!.methods.has(DAEMON_METHODS.signatures) };
  } catch {
    return undefined;
  }
}
