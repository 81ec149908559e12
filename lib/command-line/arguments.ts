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
