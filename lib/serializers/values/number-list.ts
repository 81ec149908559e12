/**
 * Begins a list with its first item.
 *
 * V8 holds a list of numbers alone in 8 bytes for each, but only if the literal that made the list makes no others: else in 24.
 */
export function beginList(first: unknown): unknown[] {
  return typeof first === 'number' ? numberList(first) : [first];
}

function numberList(first: number): number[] {
  return [first];
}
