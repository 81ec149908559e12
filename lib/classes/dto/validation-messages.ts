import { peerText } from '../../protocol/texts/peer-text.js';

/** Depth up to which nested validation errors are read. */
const MAX_VALIDATION_DEPTH = 20;
/** Most messages of one error. Each may name members that a peer has sent. */
const MAX_MESSAGES = 100;
const MAX_MESSAGE_CHARS = 1_000;
const MAX_PATH_STEPS = 20;

/**
 * Messages of class-validator's ValidationErrors and of a ZodError, recognised by their shape: neither package is a dependency. Of many
 * messages the first 100, of long ones the beginning.
 */
export function validationMessages(error: unknown): string[] | undefined {
  if (Array.isArray(error)) {
    const messages = boundedMessages(constraintMessages(error, 0));
    return messages.length > 0 ? messages : undefined;
  }
  const { issues } = (typeof error === 'object' && error !== null ? error : {}) as { issues?: unknown };
  if (!Array.isArray(issues) || issues.length === 0) return undefined;
  return boundedMessages(issueMessages(issues as { path?: unknown; message?: unknown }[]));
}

/** The first 100 messages, each cut after 1,000 characters. A last one says that there are more. */
export function boundedMessages(messages: Iterable<string>): string[] {
  const first: string[] = [];
  for (const message of messages) {
    if (first.length === MAX_MESSAGES) {
      first.push('and more');
      break;
    }
    first.push(peerText(message, MAX_MESSAGE_CHARS));
  }
  return first;
}

function* issueMessages(issues: readonly { path?: unknown; message?: unknown }[]): Generator<string> {
  for (const { path, message } of issues) {
    const steps = Array.isArray(path) ? path.slice(0, MAX_PATH_STEPS).map((step) => peerText(String(step))) : [];
    const where = steps.length > 0 ? `${steps.join('.')}: ` : '';
    yield `${where}${String(message)}`;
  }
}

function* constraintMessages(errors: readonly unknown[], depth: number): Generator<string> {
  if (depth > MAX_VALIDATION_DEPTH) return;
  for (const error of errors) {
    if (typeof error !== 'object' || error === null || !('property' in error)) continue;
    const { constraints, children } = error as { constraints?: Record<string, string>; children?: unknown[] };
    yield* Object.values(constraints ?? {});
    yield* constraintMessages(children ?? [], depth + 1);
  }
}
