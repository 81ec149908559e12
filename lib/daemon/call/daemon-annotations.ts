import { type Annotations, measureAnnotations, NO_ANNOTATIONS } from '../../protocol/annotations.js';
import { isThenable } from '../../calls/steps.js';
import { configError } from '../../options/option-checks.js';
import { asError } from '../../protocol/safe-text.js';

/** Annotations that the application gives: four ASCII letters to bytes. */
export type GivenAnnotations = ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>> | undefined;

/**
 * Reads what the annotations hook of a daemon gave. The ids and data are checked when they are written.
 *
 * @throws {PyroError} `CONFIG`, when the hook gave a promise or another value that holds no annotations
 */
export function annotationsOf(given: GivenAnnotations): Annotations {
  // runs for every reply
  if (given === undefined || given === NO_ANNOTATIONS) return NO_ANNOTATIONS;
  if (typeof given !== 'object' || given === null) throw badAnnotations(`gives ${String(given)}`);
  if (isThenable(given)) {
    // nobody else handles a later rejection of the promise
    Promise.resolve(given).catch(() => undefined);
    throw badAnnotations('gives a promise');
  }
  const entries = given instanceof Map ? (given as ReadonlyMap<string, Uint8Array>) : Object.entries(given);
  const annotations = new Map<string, Buffer>();
  for (const [id, data] of entries) annotations.set(id, bufferOf(data));
  return annotations.size === 0 ? NO_ANNOTATIONS : annotations;
}

/**
 * Calls the annotations hook once, so that a mistake is found before the first client. A hook that throws is no mistake yet: it may need a
 * call.
 *
 * @throws {PyroError} `CONFIG`, when what the hook gives cannot be sent
 */
export function checkAnnotationsHook(hook: () => GivenAnnotations): void {
  let given: GivenAnnotations;
  try {
    given = hook();
  } catch {
    return;
  }
  const annotations = annotationsOf(given);
  try {
    measureAnnotations(annotations);
  } catch (error) {
    throw badAnnotations(`gives what cannot be sent: ${asError(error).message}`);
  }
}

/** A value that is no Uint8Array is refused when it is written, with its id. */
function bufferOf(data: Uint8Array): Buffer {
  if (Buffer.isBuffer(data) || !((data as unknown) instanceof Uint8Array)) return data as Buffer;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function badAnnotations(what: string): Error {
  return configError(
    `the annotations hook of the daemon ${what}; it gives a Map or an object of four ASCII letters to Buffers, at once`,
  );
}
