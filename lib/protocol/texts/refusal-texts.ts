/*
 * Refusals that clients recognise. The protocol has no codes for them, and Python sends nothing but a text, so each text is written and read
 * here. The guards of a daemon choose their own texts: a text is compared as a whole.
 */

/** The refusal of a daemon that does not have the object. Python's daemon says the same. @see Pyro5/server.py, `get_metadata` */
export const UNKNOWN_OBJECT = 'unknown object';

/** @see Pyro5/svr_threads.py, `SocketServer_Threadpool.events` */
const FULL_PYTHON_DAEMON = 'no free workers, increase server threadpool size';
const FULL_DAEMON = /^daemon is full(?: for \S+)?: .*\bmax[A-Z]\w*/s;

/** @param why names the limit @param address the remote address that has reached the limit. Undefined: all of them */
export function fullDaemonText(why: string, address?: string): string {
  return `daemon is full${address === undefined ? '' : ` for ${address}`}: ${why}`;
}

/** True for the refusal of a daemon that takes no more connections. */
export function isOfFullDaemon(text: string): boolean {
  return text === FULL_PYTHON_DAEMON || FULL_DAEMON.test(text);
}

const FAILED_HANDSHAKES = 'failed handshakes';
const TOO_MANY_FAILURES = new RegExp(
  `^too many ${FAILED_HANDSHAKES} from \\S+ \\(maxFailedHandshakes is .+\\)\\. Retry in \\d+ s$`,
);

/** @param what `failed handshakes`, or another kind of failures that counts under the same limit */
export function tooManyFailuresText(what: string, address: string, maxFailedHandshakes: number, waitSeconds: number): string {
  return `too many ${what} from ${address} (maxFailedHandshakes is ${maxFailedHandshakes} in a minute). Retry in ${waitSeconds} s`;
}

/** True for the refusal of an address whose handshakes have failed too often. Python's daemon counts none. */
export function isForFailedHandshakes(text: string): boolean {
  return TOO_MANY_FAILURES.test(text);
}

const REFUSED_SERIALIZER = /^message used serializer \d+, which is not accepted; this daemon accepts (.+) \(serializers\)$/;

/** Why a message with this serializer id is refused. Python's daemon closes the connection without a text. */
export function refusedSerializerText(id: number, accepted: readonly string[]): string {
  return `message used serializer ${id}, which is not accepted; this daemon accepts ${accepted.join(', ')} (serializers)`;
}

/** The names of the serializers that a daemon accepts, in its refusal of another one. Undefined: the text is another refusal. */
export function acceptedSerializers(text: string): string[] | undefined {
  return REFUSED_SERIALIZER.exec(text)?.[1]!.split(', ');
}
