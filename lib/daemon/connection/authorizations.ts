import { SecurityError } from '../../protocol/errors.js';
import { safeText } from '../../protocol/safe-text.js';
import { type Authorization, authorizationOf } from '../contract/authorization.js';
import type { PyroConnection } from '../contract/connection.js';
import type { PyroTarget } from '../contract/target.js';

/** The objects that one connection may use. The handshake guards of an object are asked once for each connection. */
export class Authorizations {
  private readonly byTarget = new Map<PyroTarget, Authorization | Promise<Authorization>>();
  /** Answer of the daemon's own hook. It holds for every object that says nothing else. */
  ofDaemon: Authorization = {};

  constructor(private readonly connection: PyroConnection) {}

  /**
   * Authorizes the connection to use an object.
   *
   * @throws {SecurityError} when the connection is refused; `cause` is the guard's own error
   */
  authorize(target: PyroTarget, objectId: string): Authorization | Promise<Authorization> {
    if (target.authorize === undefined) return this.ofDaemon;
    let authorization = this.byTarget.get(target);
    if (authorization === undefined) {
      authorization = this.ask(target, objectId);
      this.byTarget.set(target, authorization);
      authorization.then(
        (settled) => this.byTarget.set(target, settled),
        // the rejected promise stays: the connection is not authorized
        () => undefined,
      );
    }
    return authorization;
  }

  /** True when the object has no guards, or its guards have accepted the connection. Asks no guard. */
  isAuthorized(target: PyroTarget): boolean {
    if (target.authorize === undefined) return true;
    const authorization = this.byTarget.get(target);
    return authorization !== undefined && !(authorization instanceof Promise);
  }

  private async ask(target: PyroTarget, objectId: string): Promise<Authorization> {
    const { connection } = this;
    const { handshake: data, handshakeAnnotations: annotations } = connection;
    try {
      const { ofDaemon } = this;
      const { response = ofDaemon.response, principal = ofDaemon.principal } = authorizationOf(
        await target.authorize!({ connection, objectId, data, annotations }),
      );
      return { response, principal };
    } catch (error) {
      throw new SecurityError(safeText(error) || 'access denied', { cause: error });
    }
  }
}
