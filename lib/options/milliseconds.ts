/** Seconds of Python as the milliseconds of our options. What is more than 0 stays so: 0 switches a limit off. */
export function millisecondsOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.ceil(seconds * 1_000);
}
