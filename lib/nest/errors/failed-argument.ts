/** Names of the arguments that pipes refused. */
const refused = new WeakMap<object, string>();

/**
 * Notes which argument an error of a pipe is about, where its message will not say: of a mapping or a list the messages
 * name what is wrong inside, of any other value a pipe does not know the name.
 */
export function noteArgument(error: unknown, label: string, value: unknown): void {
  if (typeof error === 'object' && error !== null && (typeof value !== 'object' || value === null)) refused.set(error, label);
}

/** The name of the argument that an error is about, if it has to be said. */
export function refusedArgument(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? refused.get(error) : undefined;
}
