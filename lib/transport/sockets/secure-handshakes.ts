import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { CommunicationError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import type { Acceptor } from './acceptor.js';
import { lookBeforeCut } from '../../calls/event-loop-look.js';
import { TlsCallbackError } from './tls-callbacks.js';
import { NO_COMMON_VERSION } from './tls-reasons.js';

/** An unfinished TLS handshake of a client. */
interface TlsHandshake<Slot> {
  slot: Slot;
  timer: NodeJS.Timeout | undefined;
  /** The deadline has passed once, but bytes of the client had arrived. */
  hasMoreTime: boolean;
}

/** `reason`: OpenSSL's words for the error, without addresses and files of its source. */
type TlsError = NodeJS.ErrnoException & { reason?: string };

/**
 * The TLS handshakes of a server. Each has a time limit, and holds a slot like a connection.
 *
 * @param timeoutMs longest time of a handshake; 0: no limit
 */
export class SecureHandshakes<Slot> {
  private readonly running = new Map<Socket, TlsHandshake<Slot>>();
  /** Entries stay after the entry of `running` is deleted: Node may report why a handshake failed only after its socket is closed. */
  private readonly slots = new WeakMap<Socket, Slot>();

  constructor(
    server: Server,
    private readonly timeoutMs: number,
    private readonly acceptor: Acceptor<Slot>,
  ) {
    server.on('connection', (raw) => this.begin(raw));
    server.on('secureConnection', (socket) => this.succeed(socket));
    server.on('tlsClientError', (error: TlsError, socket) => this.fail(error, socket));
  }

  /** Closes the sockets of all unfinished handshakes. */
  destroyAll(): void {
    for (const raw of this.running.keys()) raw.destroy();
  }

  private begin(raw: Socket): void {
    // Node remembers the address of a closed socket only if the address was read before
    const { remoteAddress } = raw;
    const slot = remoteAddress === undefined ? undefined : this.acceptor.accept(remoteAddress);
    if (slot === undefined) {
      raw.destroy();
      return;
    }
    const handshake: TlsHandshake<Slot> = { slot, timer: undefined, hasMoreTime: false };
    if (this.timeoutMs > 0) {
      handshake.timer = setTimeout(() => this.timeOut(raw), this.timeoutMs);
      handshake.timer.unref();
    }
    this.running.set(raw, handshake);
    this.slots.set(raw, slot);
    raw.once('close', () => {
      if (this.end(raw)) this.acceptor.leave(slot);
    });
  }

  private succeed(socket: TLSSocket): void {
    const raw = rawOf(socket);
    const handshake = this.end(raw);
    // a client that was reset meanwhile has no address any more, and would pass for a client of a unix socket
    const hasGone = socket.remoteAddress === undefined;
    if (handshake && !hasGone) {
      this.acceptor.enter(handshake.slot, socket);
      return;
    }
    if (handshake) this.acceptor.leave(handshake.slot);
    socket.destroy();
  }

  private fail(error: TlsError, socket: TLSSocket): void {
    const raw = rawOf(socket);
    const reason = reasonOf(error, socket);
    if (error instanceof TlsCallbackError) this.refuse(raw, error);
    else if (reason !== undefined) this.refuse(raw, new CommunicationError(reason, { code: 'TLS', cause: error }));
    // OpenSSL may be about to use the connection again: Node emits some of these errors in the middle of OpenSSL's work
    setImmediate(() => raw.destroy());
  }

  private timeOut(raw: Socket): void {
    const { bytesRead } = raw;
    lookBeforeCut(() => {
      const handshake = this.running.get(raw);
      if (handshake === undefined) return;
      // messages of the client were in the kernel, and the next messages are on their way
      if (raw.bytesRead > bytesRead && !handshake.hasMoreTime) {
        handshake.hasMoreTime = true;
        handshake.timer?.refresh();
        return;
      }
      const text = `TLS handshake took longer than handshakeTimeoutMs (${this.timeoutMs} ms)`;
      this.refuse(raw, overLimit('handshakeTimeoutMs', new CommunicationError(text, { code: 'TLS' })));
      raw.destroy();
    });
  }

  private refuse(raw: Socket, error: Error): void {
    const slot = this.slots.get(raw);
    if (slot === undefined) return;
    this.slots.delete(raw);
    this.acceptor.refused(slot, error, raw);
  }

  private end(raw: Socket): TlsHandshake<Slot> | undefined {
    const handshake = this.running.get(raw);
    clearTimeout(handshake?.timer);
    this.running.delete(raw);
    return handshake;
  }
}

/** The socket below a TLS socket. Node has no public property for it; much of Node's own code relies on `_parent`. */
function rawOf(socket: TLSSocket): Socket {
  return (socket as unknown as { _parent: Socket })._parent;
}

const NO_TLS = 'the client does not speak TLS, which this port does; switch it on there (Pyro5: config.SSL = True)';
const UNTRUSTED = 'no authority in tls.ca has signed it';
const NO_CIPHER = 'client and daemon have no cipher in common (tls.ciphers; a key of another kind may help)';

/** Remedies for errors of OpenSSL, by {@link codeName}. */
const failures: Record<string, string> = {
  WRONG_VERSION_NUMBER: NO_TLS,
  HTTP_REQUEST: NO_TLS,
  PACKET_LENGTH_TOO_LONG: NO_TLS,
  PEER_DID_NOT_RETURN_A_CERTIFICATE:
    'the client has no certificate, which tls.requestClientCert asks for (Pyro5: config.SSL_CLIENTCERT, SSL_CLIENTKEY)',
  ALERT_UNKNOWN_CA: 'the client does not trust the authority of tls.cert (Pyro5: config.SSL_CACERTS)',
  ALERT_BAD_CERTIFICATE: 'the client refuses tls.cert; does it name the host that the client connects to?',
  ALERT_CERTIFICATE_EXPIRED: 'the client refuses tls.cert: it has expired',
  ALERT_CERTIFICATE_REVOKED: 'the client refuses tls.cert: its authority has revoked it',
  ALERT_CERTIFICATE_UNKNOWN: 'the client refuses tls.cert; does the client trust its authority, and does it name the host?',
  ALERT_UNSUPPORTED_CERTIFICATE: 'the client refuses tls.cert: it cannot use certificates of this kind',
  UNSUPPORTED_PROTOCOL: NO_COMMON_VERSION,
  ALERT_PROTOCOL_VERSION: NO_COMMON_VERSION,
  NO_SHARED_CIPHER: NO_CIPHER,
  ALERT_HANDSHAKE_FAILURE: NO_CIPHER,
};

/** `ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE`, as Node 20 says, and `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`, as Node 22 and later say. */
const CODE = /^ERR_SSL_(?:(?:SSLV3|TLSV1|TLSV13|SSL\/TLS|TLS)_(?=ALERT_))?/;

/** The code of an error of OpenSSL without the version of TLS in front of an alert: every version of OpenSSL names another version of TLS. */
function codeName(code: string): string {
  return code.replace(CODE, '');
}

/** Why a client's certificate is refused, by Node's code. */
const certificateFailures: Record<string, string> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
};

/** The reason of a failed handshake; undefined when the client only disconnected, as health probes do. */
function reasonOf(error: TlsError, socket: TLSSocket): string | undefined {
  const { code = '' } = error;
  const certificateCode = socket.authorizationError as unknown as string | null;
  if (certificateCode !== null) {
    return `TLS handshake failed: the client's certificate is refused: ${certificateFailures[certificateCode] ?? 'it is not valid'} (${certificateCode})`;
  }
  if (!code.startsWith('ERR_')) return undefined;
  return `TLS handshake failed: ${failures[codeName(code)] ?? error.reason ?? error.message.trim()} (${code})`;
}
