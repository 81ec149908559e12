import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { resolveProxyOptions } from '../../client/options/resolve-proxy-options.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID, SERIALIZER_NAMES } from '../../protocol/constants.js';
import type { PyroError } from '../../protocol/errors.js';
import { acceptedSerializers } from '../../protocol/texts/refusal-texts.js';
import { PyroUri } from '../../protocol/uri.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import { printable } from '../../reports/printable.js';
import { rejectionReason } from '../../client/messages/rejections.js';
import type { AskedPeer } from './asked-peer.js';
import { examineFailure, FULL, SPEAKS_PYRO } from './examined-failure.js';
import { type Examination, type Finding, ok, warning } from './finding.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate that ends within this time causes a warning. */
const SOON_MS = 14 * DAY_MS;
const PINGS = 5;

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
  yield SPEAKS_PYRO;
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
    return ok('answer time', `${times.reduce((least, time) => Math.min(least, time)).toFixed(2)} ms, the best of ${PINGS} pings`);
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
