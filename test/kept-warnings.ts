import { afterAll, beforeAll, type MockInstance, vi } from 'vitest';

/**
 * Keeps warnings that the tests of a file provoke out of the output of the run. Other warnings are printed.
 *
 * @param about what the texts of the warnings have
 * @returns the texts that were kept, in their order
 */
export function keepWarnings(about: RegExp): readonly string[] {
  const kept: string[] = [];
  let emitted: MockInstance<typeof process.emitWarning>;
  beforeAll(() => {
    const emit = process.emitWarning;
    emitted = vi.spyOn(process, 'emitWarning').mockImplementation(((warning: string | Error, ...rest: unknown[]) => {
      const text = warning instanceof Error ? warning.message : warning;
      if (about.test(text)) kept.push(text);
      else Reflect.apply(emit, process, [warning, ...rest]);
    }) as typeof process.emitWarning);
  });
  afterAll(() => {
    emitted.mockRestore();
  });
  return kept;
}
