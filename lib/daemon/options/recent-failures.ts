import { safeText } from '../../protocol/texts/safe-text.js';
import { keptText } from '../../reports/printable.js';
import { pythonTypeOf } from '../../serializers/objects/exceptions.js';
import type { FailureSnapshot } from '../contract/snapshot.js';

/** Failures that are kept. */
const MAX_FAILURES = 100;
/** Longest text of an error that is kept. */
const MAX_MESSAGE_CHARS = 200;

/** The parts of a failure that are known besides the error. */
export type FailedWork = Pick<FailureSnapshot, 'kind'> &
  Partial<Record<'objectId' | 'method' | 'remoteAddress' | 'correlationId', string | undefined>>;

/** The latest failures of a daemon, for its snapshots. Of each failure only short texts are kept. */
export class RecentFailures {
  private readonly failures: FailureSnapshot[] = [];
  /** Index at which the next failure is written, once the list is full. */
  private nextAt = 0;

  add(error: unknown, { kind, objectId, method, remoteAddress, correlationId }: FailedWork): void {
    const failure: FailureSnapshot = {
      at: new Date().toISOString(),
      kind,
      errorType: keptText(pythonTypeOf(error)),
      message: keptText(safeText(error), MAX_MESSAGE_CHARS),
      objectId: shown(objectId),
      method: shown(method),
      remoteAddress: shown(remoteAddress),
      correlationId: correlationId ?? null,
    };
    this.failures[this.nextAt] = failure;
    this.nextAt = (this.nextAt + 1) % MAX_FAILURES;
  }

  /** The newest first. */
  list(): FailureSnapshot[] {
    const { failures, nextAt } = this;
    return [...failures.slice(nextAt), ...failures.slice(0, nextAt)].reverse();
  }
}

function shown(text: string | undefined): string | null {
  return text === undefined ? null : keptText(text);
}
