import { CONNECTION_ENDING_TYPES } from '../../protocol/connection-ending-types.js';
import { GET_ATTRIBUTE, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { ConnectionClosedError } from '../../protocol/errors.js';
import type { OpenedConnection } from '../connection/connection-opener.js';
import type { OutgoingCall } from './outgoing-call.js';

const SECURITY_ERROR = 'Pyro5.errors.SecurityError';
/** Python's own exceptions. None of them is one of Pyro5's communication errors. */
const BUILTIN = 'builtins.';
/** Most failures that a connection remembers, and the longest text of one: a peer chooses the names of its exceptions. */
const MAX_KNOWN = 100;
const MAX_CHARS = 200;

/**
 * Notes on a connection that its daemon may close it because of an error that it has sent.
 *
 * A Python daemon closes the connection after the error of a `@callback` method, a SecurityError, and exceptions of classes below
 * Pyro5's communication errors. The metadata of an object does not tell which methods are `@callback`. So a connection remembers the
 * failures that it has survived, each a method and an exception class, and is asked only about others. A failure before the method was
 * called, in a converter for example, teaches the same: then the next call after an error of a `@callback` method may be lost.
 *
 * @param pythonType Python class of the error
 * @see Pyro5/server.py, `Daemon.handleRequest`
 */
export function noteFailure(opened: OpenedConnection, error: Error, pythonType: string, call: OutgoingCall): void {
  if (CONNECTION_ENDING_TYPES.has(pythonType)) return opened.connection.drop(error);
  // attributes, batches and the daemon's own methods are never `@callback`
  const isAttribute = call.method === GET_ATTRIBUTE || call.method === SET_ATTRIBUTE;
  const isMethod = call.objectId === undefined && call.flags === 0 && !isAttribute;
  if (!isMethod && pythonType.startsWith(BUILTIN)) return;
  const failure = `${pythonType} of ${call.method}`;
  if (opened.survived?.has(failure) !== true) opened.doubt = failure;
}

/** An exception has arrived that could not be read: the daemon may close the connection after it, too. */
export function noteUnreadFailure(opened: OpenedConnection): void {
  opened.doubt = 'an exception that was not read';
}

/** The daemon has answered a request that was sent after the failure: it keeps the connection. */
export function noteAnswer(opened: OpenedConnection): void {
  const failure = opened.doubt!;
  opened.doubt = undefined;
  const survived = (opened.survived ??= new Set());
  // the same method may raise a SecurityError of a server that keeps its connections now, and not later
  if (survived.size < MAX_KNOWN && failure.length <= MAX_CHARS && !failure.startsWith(SECURITY_ERROR)) survived.add(failure);
}

/** Why a call is not sent while the daemon is asked whether it keeps the connection. */
export function unanswered(location: string): ConnectionClosedError {
  const text = `after an error, ${location} was asked whether it keeps the connection, and has not answered`;
  return new ConnectionClosedError(text, { sent: false });
}
