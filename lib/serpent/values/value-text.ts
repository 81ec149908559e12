/** Longest part of a text that an error message shows. */
const MAX_CHARS = 60;

/** A value for an error message: the text `"abc"`, `5n`, `undefined`, `an object`. The text of a peer is cut and escaped. */
export function valueText(value: unknown): string {
  if (typeof value === 'string')
    return `the text ${JSON.stringify(value.slice(0, MAX_CHARS))}${value.length > MAX_CHARS ? '…' : ''}`;
  if (typeof value === 'bigint') return `the bigint ${String(value).slice(0, MAX_CHARS)}n`;
  if (value === null || typeof value === 'undefined' || typeof value === 'boolean' || typeof value === 'number')
    return String(value);
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
