/** Python's keyword arguments; made by {@link kwargs}. */
export class KeywordArguments {
  constructor(readonly values: Readonly<Record<string, unknown>>) {}
}

/**
 * Python's keyword arguments, as the last argument of a remote call: `camera.expose(0.5, kwargs({ binning: 2 }))`.
 *
 * Members that are undefined are left out.
 */
export function kwargs(values: Readonly<Record<string, unknown>>): KeywordArguments {
  return new KeywordArguments(values);
}

/**
 * Parts the arguments of a call.
 *
 * @throws {TypeError} when keyword arguments stand anywhere but last
 */
export function partArguments(given: readonly unknown[]): { args: unknown[]; kwargs: Record<string, unknown> } {
  const last = given.at(-1);
  const args = last instanceof KeywordArguments ? given.slice(0, -1) : [...given];
  if (args.some((value) => value instanceof KeywordArguments))
    throw new TypeError('kwargs(…) must be the last argument of a call');
  return { args, kwargs: last instanceof KeywordArguments ? { ...last.values } : {} };
}
