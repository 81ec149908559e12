import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { QUESTION } from '../naming/broadcast.js';
import { DEFAULT_BROADCAST_PORT } from '../protocol/constants.js';
import { publishedUri } from '../naming/registrar/published-uri.js';
import { environmentConfig } from '../options/environment.js';
import { configError } from '../options/option-checks.js';
import { tcpLocation } from '../protocol/location.js';
import type { PyroUri } from '../protocol/uri.js';

/** The address at which a name server answers broadcasts. */
export interface BroadcastResponderAddress {
  /** Interface to listen on. Default: the environment's `PYRO_NS_BCHOST`, or all. */
  host?: string;
  /** UDP port. Default: the environment's `PYRO_NS_BCPORT`, or 9091. 0: the system chooses one. */
  port?: number;
}

/** Most answers in a second. Further questions get no answer, so that nobody can use the name server to flood another machine. */
const MAX_ANSWERS_PER_SECOND = 100;
const MAX_QUESTION_BYTES = 100;

/**
 * Answers programs in the local network that ask for the name server by UDP broadcast.
 *
 * @see Pyro5/nameserver.py, `BroadcastServer`
 */
export class BroadcastResponder implements Disposable {
  private answersLeft = MAX_ANSWERS_PER_SECOND;
  private second = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly uri: PyroUri,
  ) {
    // An answer that is lost is asked for again. Some cannot be sent: to port 0, or after the socket was closed.
    socket.on('message', (question, from) => void this.answer(question, from).catch(() => undefined));
    socket.on('error', () => undefined);
  }

  /**
   * @param uri URI of the name server in this network, without NAT
   * @throws {PyroError} `CONFIG`, when the address cannot be used
   */
  static async start(uri: PyroUri, { host, port }: BroadcastResponderAddress): Promise<BroadcastResponder> {
    const { NS_BCHOST = '', NS_BCPORT = DEFAULT_BROADCAST_PORT } = environmentConfig();
    const [bindHost, bindPort] = [host ?? NS_BCHOST, port ?? NS_BCPORT];
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    try {
      socket.bind(bindPort, bindHost || undefined);
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      const where = tcpLocation(bindHost || '0.0.0.0', bindPort);
      throw configError(`broadcast: cannot listen on UDP ${where}: ${(error as Error).message}`, error as Error);
    }
    return new BroadcastResponder(socket, uri);
  }

  /** `host:port` of the UDP socket. */
  get location(): string {
    const { address, port } = this.socket.address();
    return tcpLocation(address, port);
  }

  close(): void {
    this.socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private async answer(question: Buffer, from: RemoteInfo): Promise<void> {
    if (question.length > MAX_QUESTION_BYTES || question.toString('latin1') !== QUESTION || !this.mayAnswer()) return;
    const uri = publishedUri(this.uri, await addressTowards(from));
    this.socket.send(Buffer.from(uri.toString(), 'latin1'), from.port, from.address, () => undefined);
  }

  private mayAnswer(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.answersLeft = MAX_ANSWERS_PER_SECOND;
    }
    return this.answersLeft-- > 0;
  }
}

/** The address of this machine that reaches a peer; undefined when the peer cannot be reached. */
async function addressTowards({ address, port }: RemoteInfo): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, address);
    await once(socket, 'connect');
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
