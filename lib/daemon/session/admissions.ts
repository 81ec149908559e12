import { SecurityError } from '../../protocol/errors.js';
import { safeText } from '../../protocol/safe-text.js';
import type { DaemonConnection } from './connection.js';
import type { Authorization, PyroTarget } from '../contract/target.js';

/** Who the peer is to one object, and what the handshake answers. */
export type Admission = Authorization;

const OPEN: Admission = {};

/** Which objects a connection was let in for: each object's handshake guards are asked once. */
export class Admissions {
  private readonly decided = new Map<PyroTarget, Admission | Promise<Admission>>();
  /** What server-wide validation said; its principal holds where an object names none. */
  everywhere: Admission = OPEN;

  constructor(private readonly connection: DaemonConnection) {}

  /**
   * Lets the connection in for an object, or tells why not.
   *
   * @throws {SecurityError} with the guard's own error as `cause`
   */
  admit(target: PyroTarget, objectId: string): Admission | Promise<Admission> {
    if (target.authorize === undefined) return this.everywhere;
    let admission = this.decided.get(target);
    if (admission === undefined) {
      admission = this.ask(target, objectId);
      this.decided.set(target, admission);
      admission.then(
        (settled) => this.decided.set(target, settled),
        () => undefined,
      );
    }
    return admission;
  }

  /** True when nothing needs to be asked, or it was and the answer was yes. */
  isAdmitted(target: PyroTarget): boolean {
    if (target.authorize === undefined) return true;
    const admission = this.decided.get(target);
    return admission !== undefined && !(admission instanceof Promise);
  }

  private async ask(target: PyroTarget, objectId: string): Promise<Admission> {
    const { connection } = this;
    const { handshake: data, handshakeAnnotations: annotations } = connection;
    try {
      const own = await target.authorize!({ connection, objectId, data, annotations });
      return { response: own.response ?? this.everywhere.response, principal: own.principal ?? this.everywhere.principal };
    } catch (error) {
      const reason = safeText(error);
      throw new SecurityError(reason || 'access denied', { cause: error });
    }
  }
}
