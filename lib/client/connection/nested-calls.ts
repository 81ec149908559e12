import { type CurrentCall, isSameRequest } from '../../calls/current-call.js';
import type { ClientConnection } from './client-connection.js';
import { correlationBytes } from '../../calls/correlation-id.js';

/**
 * Finds out which calls are nested, and so must not wait for a connection.
 *
 * A nested call is made while this program is called back as part of a running call. Example: the proxy calls an object, the object calls
 * this program back, and the called method uses the proxy again. If the nested call waited for the connection of the running call, both
 * would wait for ever.
 *
 * A nested call has the correlation id of the running call. Two calls that one method makes at the same time also have the same id. They
 * are no nested calls, because they are made in the same served request.
 */
export class NestedCalls {
  /** The served call in which the running call of a connection was made. */
  private readonly madeIn = new Map<ClientConnection, CurrentCall>();

  /**
   * Called when a connection was taken for a call.
   *
   * @param call the served call in which the call is made, if any
   */
  taken(connection: ClientConnection, call: CurrentCall | undefined): void {
    if (call) this.madeIn.set(connection, call);
  }

  /** Called when a connection was given back. */
  givenBack(connection: ClientConnection): void {
    this.madeIn.delete(connection);
  }

  /** True when a call made in `call` is nested in a running call of one of the connections. */
  isNested(call: CurrentCall, connections: Iterable<ClientConnection>): boolean {
    const id = correlationBytes(call.correlationId);
    for (const connection of connections) {
      if (connection.awaits(id) && !isSameRequest(this.madeIn.get(connection), call)) return true;
    }
    return false;
  }
}
