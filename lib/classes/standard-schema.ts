import { isThenable } from '../calls/thenable.js';
import { withMethods } from '../options/option-checks.js';
import { UnreadableError } from '../serializers/contract/unreadable-error.js';
import { configError } from '../options/option-checks.js';
import { validationMessages } from './dto/validation-messages.js';

/** A schema of zod, valibot, arktype or another library that speaks Standard Schema. @see https://standardschema.dev */
export interface StandardSchema {
  /** The part of a schema that programs other than its library use. */
  readonly '~standard': {
    /** Version of Standard Schema. Version 1 is the only one so far. */
    readonly version: number;
    /** Name of the library that made the schema: `zod`, `valibot`, `arktype`. */
    readonly vendor: string;
    /**
     * Validates a value.
     *
     * @returns `{ value }` with the output of the schema, or `{ issues }` when the value is refused. A promise of either is refused here:
     *   PyroError `CONFIG`
     */
    readonly validate: (value: unknown) => unknown;
  };
}

const STANDARD = withMethods('', 'validate');

/** A rule for options: a Standard Schema. Schemas of arktype are functions. */
export const SCHEMA = {
  takes: 'a Standard Schema, as zod, valibot and arktype make them',
  fits: (value: unknown): boolean =>
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    STANDARD.fits((value as Partial<StandardSchema>)['~standard']),
};

/**
 * Validates a value.
 *
 * @param name of the class, for errors
 * @returns the output of the schema
 * @throws {UnreadableError} with the issues
 * @throws {PyroError} `CONFIG` when the schema is asynchronous
 */
export function validated(schema: StandardSchema, value: unknown, name: string): unknown {
  const result = schema['~standard'].validate(value) as { value?: unknown; issues?: readonly object[] };
  if (isThenable(result)) {
    // nobody handles a later rejection
    Promise.resolve(result).catch(() => undefined);
    throw configError(`the schema of ${name} is asynchronous, and cannot run while a value is read; use a synchronous one`);
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => ({ ...issue, ...plainIssue(issue) }));
  throw new UnreadableError(
    `${name} is refused: ${(validationMessages({ issues }) ?? ['it does not fit its schema']).join('; ')}`,
  );
}

/** Reads an issue. Its path has keys, or objects with a key. Its message may be a getter. */
function plainIssue({ message, path }: { message?: unknown; path?: readonly unknown[] }): object {
  const keys = path?.map((step) => (typeof step === 'object' && step !== null ? (step as { key: unknown }).key : step));
  return { message, path: keys };
}
