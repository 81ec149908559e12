import {
  addAnnotations,
  type Annotations,
  type AnnotationValues,
  measureAnnotations,
  NO_ANNOTATIONS,
} from '../../protocol/annotations.js';
import { isThenable } from '../../calls/steps.js';
import { configError } from '../../options/option-checks.js';
import { asError } from '../../protocol/safe-text.js';

/**
 * Reads what the annotations hook of a daemon gave. The ids and data are checked when they are written.
 *
 * @throws {PyroError} `CONFIG`, when the hook gave a promise or another value that holds no annotations
 */
export function annotationsOf(given: AnnotationValues | undefined): Annotations {
  // runs for every reply
  if (given === undefined || given === NO_ANNOTATIONS) return NO_ANNOTATIONS;
  if (typeof given !== 'object' || given === null) throw badAnnotations(`gives ${String(given)}`);
  if (isThenable(given)) {
    // nobody else handles a later rejection of the promise
    Promise.resolve(given).catch(() => undefined);
    throw badAnnotations('gives a promise');
  }
  const annotations = new Map<string, Buffer>();
  addAnnotations(annotations, given);
  return annotations.size === 0 ? NO_ANNOTATIONS : annotations;
}

/**
 * Calls the annotations hook once, so that a mistake is found before the first client. A hook that throws is no mistake yet: it may need a
 * call.
 *
 * @throws {PyroError} `CONFIG`, when what the hook gives cannot be sent
 */
export function checkAnnotationsHook(hook: () => AnnotationValues | undefined): void {
  let given: AnnotationValues | undefined;
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

function badAnnotations(what: string): Error {
  return configError(
    `the annotations hook of the daemon ${what}; it gives a Map or an object of four ASCII letters to Buffers, at once`,
  );
}
