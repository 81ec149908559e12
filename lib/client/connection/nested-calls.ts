import { type CurrentCall, isSameRequest } from '../../calls/current-call.js';
import type { ClientConnection } from './client-connection.js';
import { correlationBytes } from '../../calls/correlation-id.js';

/**
 * Tells calls that must not wait for a connection: those made while this program is called back, as part of a call that keeps
 * one busy. Both could wait for each other, or for others that do, and never end.
 *
 * The correlation id of a call goes with all that is called on its behalf, so a method that is called back has the id of the
 * call that is under way. Calls that one method makes beside each other have the same id, too, and may well wait.
 */
export class NestedCalls {
  private readonly madeIn = new Map<ClientConnection, CurrentCall>();

  /** @param call that is served where the connection's call is made */
  lent(connection: ClientConnection, call: CurrentCall | undefined): void {
    if (call) this.madeIn.set(connection, call);
  }

  givenBack(connection: ClientConnection): void {
    this.madeIn.delete(connection);
  }

  /** True when what is called within `call` is part of a call that one of the connections carries. */
  isNested(call: CurrentCall, connections: Iterable<ClientConnection>): boolean {
    const id = correlationBytes(call.correlationId);
    for (const connection of connections) {
      if (connection.awaits(id) && !isSameRequest(this.madeIn.get(connection), call)) return true;
    }
    return false;
  }
}
