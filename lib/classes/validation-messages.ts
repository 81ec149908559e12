/** Depth up to which nested validation errors are read. */
const MAX_VALIDATION_DEPTH = 20;

/** Messages of class-validator's ValidationErrors and of a ZodError, recognised by their shape: neither package is a dependency. */
export function validationMessages(error: unknown): string[] | undefined {
  if (Array.isArray(error)) {
    const messages = constraintMessages(error, 0);
    return messages.length > 0 ? messages : undefined;
  }
  const { issues } = (typeof error === 'object' && error !== null ? error : {}) as { issues?: unknown };
  if (!Array.isArray(issues) || issues.length === 0) return undefined;
  const lines = (issues as { path?: unknown; message?: unknown }[]).map(({ path, message } = {}) => {
    const where = Array.isArray(path) && path.length > 0 ? `${path.map(String).join('.')}: ` : '';
    return `${where}${String(message)}`;
  });
  return lines;
}

function constraintMessages(errors: unknown[], depth: number): string[] {
  if (depth > MAX_VALIDATION_DEPTH) return [];
  return errors.flatMap((error) => {
    if (typeof error !== 'object' || error === null || !('property' in error)) return [];
    const { constraints, children } = error as { constraints?: Record<string, string>; children?: unknown[] };
    return [...Object.values(constraints ?? {}), ...constraintMessages(children ?? [], depth + 1)];
  });
}
