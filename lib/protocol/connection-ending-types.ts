const MODULE = 'Pyro5.errors.';

const STAND_INS: readonly [string, string][] = [
  ['TimeoutError', 'builtins.TimeoutError'],
  ['ConnectionClosedError', 'builtins.ConnectionError'],
  ['CommunicationError', 'Pyro5.errors.PyroError'],
  ['ProtocolError', 'Pyro5.errors.PyroError'],
  ['MessageTooLargeError', 'Pyro5.errors.PyroError'],
  ['SerializeError', 'Pyro5.errors.PyroError'],
];

/**
 * Pyro5's communication errors, and for each the exception that is sent instead of it once a call has begun. Pyro5 also reads their names
 * without the module.
 *
 * A Python daemon closes the connection after it answered with one of them. A Python proxy drops its connection when it receives
 * one of them, and may repeat the call.
 *
 * @see Pyro5/server.py, `Daemon.handleRequest`; Pyro5/client.py, `Proxy._pyroInvoke`; Pyro5/serializers.py, `all_exceptions`
 */
export const CONNECTION_ENDING_TYPES: ReadonlyMap<string, string> = new Map(
  STAND_INS.flatMap(([name, standIn]): [string, string][] => [
    [`${MODULE}${name}`, standIn],
    [name, standIn],
  ]),
);
