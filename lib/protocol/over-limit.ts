/** An error of a reached limit. */
interface LimitError extends Error {
  /** Name of the limit, which is the name of its option. */
  readonly limit?: string;
  readonly code?: unknown;
}

/** Notes on an error which limit was reached. The member is not enumerable, so it does not travel to peers. */
export function overLimit<T extends Error>(limit: string, error: T): T {
  return Object.defineProperty(error, 'limit', { value: limit, configurable: true });
}

const MAX_CAUSES = 5;

/** The limit for each code of the room `serpent/`, which does not know the names of limits. */
const LIMIT_OF_CODE: Readonly<Record<string, string | undefined>> = {
  TOO_DEEP: 'maxDepth',
  TOO_MANY_DIGITS: 'maxIntDigits',
  TOO_COSTLY: 'maxValueBytes',
};

/** The limit that is noted on an error, or on its cause. */
export function limitOf(error: unknown): string | undefined {
  try {
    for (let at = error, depth = 0; at instanceof Error && depth < MAX_CAUSES; at = at.cause, depth++) {
      const { limit, code } = at as LimitError;
      const name = limit ?? (typeof code === 'string' ? LIMIT_OF_CODE[code] : undefined);
      if (typeof name === 'string') return name;
    }
  } catch {
    // a thrown value may be anything: `instanceof` throws for a revoked Proxy
  }
  return undefined;
}
