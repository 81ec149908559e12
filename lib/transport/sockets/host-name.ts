/** Longest host name that systems take, in characters (POSIX). Names of DNS have 253 at most. */
const MAX_CHARS = 255;

/**
 * Tells why a host cannot be looked up. Node makes ASCII of each host name before it asks the system, and holds the event loop meanwhile:
 * some 0.15 ms for 255 characters, and seconds for names of some 10,000, since each further character of another kind costs more.
 *
 * @returns the reason and the remedy; undefined when the host can be looked up
 */
export function hostFault({ length }: string): string | undefined {
  if (length <= MAX_CHARS) return undefined;
  return `the host has ${length} characters, and names of hosts have ${MAX_CHARS} at most; use a shorter one, or an IP address`;
}
