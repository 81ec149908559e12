import { inspect } from 'node:util';
import { printable } from '../../reports/printable.js';
import { recogniseInstances } from '../../copies/process-wide.js';
import type { ExecutionContext } from '@nestjs/common';
import type { Authorization, AuthorizeRequest } from '../../daemon/contract/authorization.js';
import type { PyroConnection } from '../../daemon/contract/connection.js';

/** Type of the execution context of handshake guards. */
export const HANDSHAKE_CONTEXT_TYPE = 'pyro-handshake';

/** The context of one handshake, for handshake guards. */
export class PyroHandshakeContext {
  static {
    recogniseInstances(this, 'PyroHandshakeContext');
  }

  /** Handshake data of the client, unchecked: any value, Python's default is `"hello"`; undefined on a `connectedSocket`. */
  readonly data: unknown;
  /** The object that the client wants to use. It may not exist. */
  readonly objectId: string;
  /** Annotations of the CONNECT message. */
  readonly annotations: ReadonlyMap<string, Buffer>;
  /** The connection of the client. Its `metadata` is a Map of yours that lasts as long as the connection. */
  readonly connection: PyroConnection;
  private principal: unknown;
  private principalKey: string | undefined;
  private response: unknown;

  /** @internal */
  constructor(request: AuthorizeRequest) {
    this.data = request.data;
    this.objectId = request.objectId;
    this.annotations = request.annotations;
    this.connection = request.connection;
  }

  /** @internal */
  toJSON(): object {
    return { objectId: this.objectId, connection: this.connection };
  }

  /** @internal */
  [inspect.custom](): string {
    return `PyroHandshakeContext <${printable(this.objectId)} for ${this.connection.remoteAddress}>`;
  }

  /** The handshake context of a guard's execution context. @throws {TypeError} in a guard that does not run at a handshake */
  static from(context: ExecutionContext): PyroHandshakeContext {
    const handshake: unknown = context.getArgByIndex(0);
    if (context.getType<string>() === HANDSHAKE_CONTEXT_TYPE && handshake instanceof PyroHandshakeContext) return handshake;
    throw new TypeError(
      `PyroHandshakeContext is only there in handshake guards; this context is of type "${context.getType<string>()}"`,
    );
  }

  /**
   * Sets the `principal` of the client's calls to this object. A later call replaces the value.
   *
   * @param key identifies the principal, for example the id of the user: only a connection whose principal has the same key may resume a
   * stream of this connection. Without a key, two objects are the same principal only if they are identical
   * @throws {TypeError} when the key is no text
   */
  setPrincipal(principal: unknown, key?: string): void {
    if (key !== undefined && typeof key !== 'string') throw new TypeError('the key of a principal must be a text');
    this.principal = principal;
    this.principalKey = key;
  }

  /** Sets the response of the handshake. Default: `"hello"`. */
  setResponse(response: unknown): void {
    this.response = response;
  }

  /** @internal */
  outcome(): Authorization {
    const { principal, principalKey, response } = this;
    return { principal, principalKey, response };
  }
}
