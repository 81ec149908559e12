/** An int as it is given to users: a number when that is exact, else a bigint. */
export function safeInt(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
