import { afterEach, beforeEach, type MockInstance, vi } from 'vitest';

/** Callbacks that fail with a text: at once, and as async functions, which the compiler would refuse. */
export const FAILING = [
  [
    'at once',
    (text: string) => (): never => {
      throw new Error(text);
    },
  ],
  [
    'later',
    (text: string) =>
      (async () => {
        throw new Error(text);
      }) as unknown as () => never,
  ],
] as const;

/** The failures that reached the process in a test. */
export interface FailuresOfTest {
  /** Errors that would have ended the process. */
  readonly ended: readonly unknown[];
  /** Texts of the warnings of the process, which are not printed. */
  warnings(): string[];
}

/** Follows the failures of each test of a file. */
export function followFailures(): FailuresOfTest {
  const ended: unknown[] = [];
  const note = (error: unknown): void => void ended.push(error);
  let warned: MockInstance<typeof process.emitWarning>;
  beforeEach(() => {
    ended.length = 0;
    warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    process.on('uncaughtException', note).on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('uncaughtException', note).off('unhandledRejection', note);
    vi.restoreAllMocks();
  });
  return {
    ended,
    warnings: () => warned.mock.calls.map(([warning]) => (warning instanceof Error ? warning.message : warning)),
  };
}
