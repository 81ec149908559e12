/**
 * Pyro5's communication errors, and for each the exception that is sent instead of it once a call has begun.
 *
 * A Python daemon closes the connection after it answered with one of them. A Python proxy drops its connection when it receives
 * one of them, and may repeat the call.
 *
 * @see Pyro5/server.py, `Daemon.handleRequest`; Pyro5/client.py, `Proxy._pyroInvoke`
 */
export const CONNECTION_ENDING_TYPES: ReadonlyMap<string, string> = new Map([
  ['Pyro5.errors.TimeoutError', 'builtins.TimeoutError'],
  ['Pyro5.errors.ConnectionClosedError', 'builtins.ConnectionError'],
  ['Pyro5.errors.CommunicationError', 'Pyro5.errors.PyroError'],
  ['Pyro5.errors.ProtocolError', 'Pyro5.errors.PyroError'],
  ['Pyro5.errors.MessageTooLargeError', 'Pyro5.errors.PyroError'],
  ['Pyro5.errors.SerializeError', 'Pyro5.errors.PyroError'],
]);
