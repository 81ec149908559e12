import type { ExecutionContext } from '@nestjs/common';
import type { AuthorizeRequest } from '../../daemon/contract/authorization.js';
import type { PyroConnection } from '../context/pyro-context.js';

/** Type of the execution context that handshake guards get. */
export const HANDSHAKE_CONTEXT_TYPE = 'pyro-handshake';

/** What a handshake guard knows of the client, and what it says to it. */
export class PyroHandshakeContext {
  /** What the client sent: anything, `"hello"` by Python's default; undefined on a `connectedSocket`. Nobody checked it yet. */
  readonly data: unknown;
  /** The object that the client wants to use; it need not exist. */
  readonly objectId: string;
  /** Annotations of the CONNECT message. */
  readonly annotations: ReadonlyMap<string, Buffer>;
  readonly connection: PyroConnection;
  private principal: unknown;
  private response: unknown;

  /** @internal */
  constructor(request: AuthorizeRequest) {
    this.data = request.data;
    this.objectId = request.objectId;
    this.annotations = request.annotations;
    this.connection = request.connection;
  }

  /** Of the execution context that a guard was given. @throws {TypeError} in a guard that does not run at a handshake */
  static from(context: ExecutionContext): PyroHandshakeContext {
    const handshake: unknown = context.getArgByIndex(0);
    if (context.getType<string>() === HANDSHAKE_CONTEXT_TYPE && handshake instanceof PyroHandshakeContext) return handshake;
    throw new TypeError(
      `PyroHandshakeContext is only there in handshake guards; this context is of type "${context.getType<string>()}"`,
    );
  }

  /** Says who the client is: `principal` of its calls to this object. The last one said counts. */
  setPrincipal(principal: unknown): void {
    this.principal = principal;
  }

  /** Says what the client is answered, instead of `"hello"`. */
  setResponse(response: unknown): void {
    this.response = response;
  }

  /** @internal */
  outcome(): { principal: unknown; response: unknown } {
    return { principal: this.principal, response: this.response };
  }
}
