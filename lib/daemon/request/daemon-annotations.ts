import { type AnnotationValues, annotationsOfHook, type Annotations } from '../../protocol/messages/annotations.js';
import { configError } from '../../options/option-checks.js';
import { asError } from '../../protocol/texts/safe-text.js';

/** Reads what the annotations hook of a daemon gave. @throws {ProtocolError} `BAD_ANNOTATIONS` when it cannot be sent */
export function annotationsOfDaemon(given: AnnotationValues | undefined): Annotations {
  return annotationsOfHook(given, 'the annotations hook of the daemon');
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
  try {
    annotationsOfDaemon(given);
  } catch (error) {
    const cause = asError(error);
    throw configError(cause.message, cause);
  }
}
