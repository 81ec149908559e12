/** Makes wire names of the names of members and parameters: the same name, or snake case. Names in options are not changed. */
export type PyroNaming = 'same' | 'snake_case';

/**
 * The wire name of a member or parameter. With `snake_case`: `takeItem` → `take_item`, `getHTTPStatus` → `get_http_status`. Names in snake
 * case stay as they are.
 */
export function wireNameOf(name: string, naming: PyroNaming | undefined): string {
  if (naming !== 'snake_case') return name;
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}
