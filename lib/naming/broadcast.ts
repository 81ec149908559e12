import { createSocket } from 'node:dgram';
import type { BroadcastAddress } from '../client/options/name-resolver.js';
import { environmentConfig } from '../options/environment.js';
import { DEFAULT_BROADCAST_PORT, NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { PyroUri } from '../protocol/uri.js';

const EVERYBODY = '255.255.255.255';
/** The question for a name server. */
export const QUESTION = 'GET_NSURI';
const MAX_ANSWER_BYTES = 1_000;
const ATTEMPTS = 3;
const ATTEMPT_MS = 700;

/**
 * Asks the local network for a name server. Ignores answers that are not the URI of a name server.
 *
 * @returns undefined when nobody answers within 2.1 s
 * @see Pyro5/core.py, `locate_ns`
 */
export async function findByBroadcast(given: BroadcastAddress, signal: AbortSignal): Promise<PyroUri | undefined> {
  const { NS_BCPORT = DEFAULT_BROADCAST_PORT, BROADCAST_ADDRS = [EVERYBODY] } = environmentConfig();
  const { port = NS_BCPORT, addresses = BROADCAST_ADDRS.map((name) => (name === '<broadcast>' ? EVERYBODY : name)) } = given;
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, () => resolve());
    });
    socket.setBroadcast(true);
    return await new Promise<PyroUri | undefined>((resolve, reject) => {
      let asked = 0;
      const finish = (settle: () => void): void => {
        clearInterval(timer);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => finish(() => reject(signal.reason as Error));
      const ask = (): void => {
        if (asked++ === ATTEMPTS) return finish(() => resolve(undefined));
        // a send error counts as no answer
        for (const address of addresses) socket.send(QUESTION, port, address, () => undefined);
      };
      const timer = setInterval(ask, ATTEMPT_MS);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      socket.removeAllListeners('error').on('error', () => undefined);
      socket.on('message', (answer) => {
        const uri = uriOfAnswer(answer);
        if (uri) finish(() => resolve(uri));
      });
      ask();
    });
  } finally {
    socket.close();
  }
}

function uriOfAnswer(answer: Buffer): PyroUri | undefined {
  if (answer.length > MAX_ANSWER_BYTES) return undefined;
  try {
    const uri = new PyroUri(answer.toString('latin1'));
    return uri.protocol === 'PYRO' && uri.object === NAME_SERVER_OBJECT_ID ? uri : undefined;
  } catch {
    return undefined;
  }
}
