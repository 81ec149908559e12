import type { Context } from '@opentelemetry/api';
import { RepeatedLines } from '../reports/repeated-lines.js';
import { warn, warnOfError } from '../reports/warning.js';
import type { Otel } from './otel-api.js';

/** The warnings of all proxies and daemons of this process. */
const warnings = new RepeatedLines<'warn'>((_level, text) => warn(text));

/** Reports an error of the application's SDK of OpenTelemetry, as a warning of the process. */
function warnOfSdk(error: unknown): void {
  warnings.print({ level: 'warn', what: 'errors of the OpenTelemetry SDK' }, () => warnOfError(error));
}

/**
 * Runs code of the application's SDK of OpenTelemetry: a sampler, a span processor, a reader of metrics. Its error is a warning of the
 * process, and harms no call.
 *
 * @returns undefined when the code fails
 */
export function guarded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    warnOfSdk(error);
    return undefined;
  }
}

/**
 * Runs `body` once in an OpenTelemetry context, and gives its result or its error. If the context manager of the application fails, its
 * error is a warning of the process, and `body` runs all the same.
 *
 * @param within undefined: the active context
 */
export function runWithin<T>({ context }: Otel, within: Context | undefined, body: () => T): T {
  if (within === undefined) return body();
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  guarded(() =>
    context.with(within, () => {
      try {
        outcome = { value: body() };
      } catch (error) {
        outcome = { error };
      }
    }),
  );
  // TypeScript does not see that the function above has run
  const ended = outcome as { readonly value: T } | { readonly error: unknown } | undefined;
  if (ended === undefined) return body();
  if ('error' in ended) throw ended.error;
  return ended.value;
}
