import type { BaseDaemon } from '../daemon/base-daemon.js';
import { PyroError } from '../protocol/errors.js';
import { printable, printableMessage, printableStack } from '../reports/printable.js';
import { RepeatedLines } from '../reports/repeated-lines.js';
import { pythonTypeOf } from '../serializers/objects/exceptions.js';
import { LogEntry, type LogFields, type LogSink } from './log-entry.js';
import { knownObjects, peerFields } from './log-texts.js';

/** Logs the errors and warnings of a daemon, and the handshakes that it refuses. Refusals that repeat are counted. */
export function logDaemonEvents(daemon: BaseDaemon, write: LogSink<'debug' | 'warn' | 'error'>): void {
  const errors = new RepeatedLines<'error', LogFields>((level, text, shared) =>
    write(level, new LogEntry(text, { ...shared, event: 'error' })),
  );
  const refusals = new RepeatedLines<'debug' | 'warn', LogFields>((level, text, shared) =>
    write(level, new LogEntry(text, { ...shared, event: 'handshake failed' })),
  );
  daemon.once('close', () => {
    errors.endAll();
    refusals.endAll();
  });
  daemon.on('warning', (text, code) => write('warn', new LogEntry(text, { event: 'warning', code })));
  daemon.on('error', (error) => {
    const fields = (): LogFields => ({ errorType: printable(pythonTypeOf(error)) });
    const line = (): void =>
      write('error', new LogEntry(printableMessage(error), { event: 'error', ...fields(), stack: printableStack(error) }));
    errors.print({ level: 'error', what: 'errors' }, line, fields);
  });
  daemon.on('handshakeFailed', (error, connection, objectId) => {
    // a TLS failure is mostly a mistake in the configuration of server or client; other refusals are the server's decision
    const level = error instanceof PyroError && error.code === 'TLS' ? 'warn' : 'debug';
    const fields = (): LogFields => ({
      ...(objectId !== undefined && { object: printable(objectId) }),
      ...peerFields(connection),
      errorType: printable(pythonTypeOf(error)),
    });
    const line = (): void => {
      const asked = objectId === undefined ? '' : `, which asked for "${printable(objectId)}"`;
      const isUnknown = objectId !== undefined && !daemon.serves(objectId);
      const known = isUnknown ? `; ${knownObjects(daemon)}` : '';
      const text = `refused ${printable(connection.remoteAddress)}${asked}: ${printableMessage(error)}${known}`;
      write(level, new LogEntry(text, { event: 'handshake failed', ...fields() }));
    };
    refusals.print({ level, what: 'refused connections' }, line, fields);
  });
}
