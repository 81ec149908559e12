import type { BaseDaemon } from '../daemon/base-daemon.js';
import { PyroError } from '../protocol/errors.js';
import { printable, printableMessage, printableStack } from '../reports/printable.js';
import { RepeatedLines } from '../reports/repeated-lines.js';
import { pythonTypeOf } from '../serializers/objects/exceptions.js';
import { LogEntry, type LogSink } from './log-entry.js';
import { knownObjects, peerFields } from './log-texts.js';

/** Logs the errors and warnings of a daemon, and the handshakes that it refuses. Refusals that repeat are counted. */
export function logDaemonEvents(daemon: BaseDaemon, write: LogSink<'debug' | 'warn' | 'error'>): void {
  const errors = new RepeatedLines<'error'>((level, text) => write(level, new LogEntry(text, { event: 'error' })));
  const refusals = new RepeatedLines<'debug' | 'warn'>((level, text) =>
    write(level, new LogEntry(text, { event: 'handshake failed' })),
  );
  daemon.once('close', () => {
    errors.endAll();
    refusals.endAll();
  });
  daemon.on('warning', (text, code) => write('warn', new LogEntry(text, { event: 'warning', code })));
  daemon.on('error', (error) =>
    errors.print({ level: 'error', what: 'errors' }, () => {
      const errorType = printable(pythonTypeOf(error));
      write('error', new LogEntry(printableMessage(error), { event: 'error', errorType, stack: printableStack(error) }));
    }),
  );
  daemon.on('handshakeFailed', (error, connection, objectId) => {
    // a TLS failure is mostly a mistake in the configuration of server or client; other refusals are the server's decision
    const level = error instanceof PyroError && error.code === 'TLS' ? 'warn' : 'debug';
    refusals.print({ level, what: 'refused connections' }, () => {
      const object = objectId === undefined ? {} : { object: printable(objectId) };
      const asked = objectId === undefined ? '' : `, which asked for "${object.object}"`;
      const isUnknown = objectId !== undefined && !daemon.serves(objectId);
      const known = isUnknown ? `; ${knownObjects(daemon)}` : '';
      const text = `refused ${printable(connection.remoteAddress)}${asked}: ${printableMessage(error)}${known}`;
      const errorType = printable(pythonTypeOf(error));
      write(level, new LogEntry(text, { event: 'handshake failed', ...object, ...peerFields(connection), errorType }));
    });
  });
}
