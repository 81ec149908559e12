import { InvalidArgumentError } from 'commander';

/** Reads a port, from 0 to 65,535. @throws {InvalidArgumentError} */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

/** Reads seconds as milliseconds. @throws {InvalidArgumentError} */
export function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0) return Math.ceil(seconds * 1_000);
  throw new InvalidArgumentError('It must be a number of seconds.');
}

/** Reads a number of items, 1 or more. @throws {InvalidArgumentError} */
export function countOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

/** Reads `name=value` and adds it to the earlier arguments. @throws {InvalidArgumentError} */
export function keywordOf(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) };
}
