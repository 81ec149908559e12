/**
 * Longest path of a unix domain socket, in bytes, without the zero byte at its end. Windows has named pipes instead, which are not
 * cut.
 */
const MAX_PATH_BYTES: Partial<Record<NodeJS.Platform, number>> = {
  linux: 107,
  android: 107,
  sunos: 107,
  darwin: 103,
  freebsd: 103,
  openbsd: 103,
  netbsd: 103,
  win32: Infinity,
};
/** The longest path that POSIX guarantees. */
const LEAST_MAX_PATH_BYTES = 91;

/**
 * Tells why a path of a unix domain socket cannot be used. Without this check Node would cut or change the path, and use another socket.
 *
 * The name of an abstract socket begins with a zero byte. Further zero bytes are refused.
 *
 * @returns the reason and the remedy; undefined when the path can be used
 */
export function unixPathFault(path: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const limit = MAX_PATH_BYTES[platform] ?? LEAST_MAX_PATH_BYTES;
  const bytes = Buffer.byteLength(path);
  if (bytes > limit) return `the path has ${bytes} bytes, and this system takes ${limit} at most; use a shorter one`;
  if (path.indexOf('\0', 1) > 0) return 'the path has a zero byte in it, where the system would cut it; use one without';
  if (/\p{Surrogate}/u.test(path)) return 'the path has half of a surrogate pair in it, which has no bytes; use one without';
  if (/[\n\r]/.test(path)) return 'the path has a line break in it, and a URI ends there; use one without';
  if (path !== path.trim()) return 'the path begins or ends with white space, which a URI loses easily; use one without';
  return undefined;
}
