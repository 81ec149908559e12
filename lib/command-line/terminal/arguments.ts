import { InvalidArgumentError } from 'commander';
import { MAX_TIMER_MS, type OptionRule, PORT, wholeNumber } from '../../options/option-checks.js';

const COUNT = wholeNumber({ least: 1 });

/** Reads a port, from 0 to 65,535. @throws {InvalidArgumentError} */
export function portOf(text: string): number {
  return numberOf(text, PORT);
}

/** Reads seconds as milliseconds. 0 is allowed. @throws {InvalidArgumentError} */
export function secondsOf(text: string): number {
  const ms = Math.ceil(Number(text) * 1_000);
  if (text.trim() !== '' && ms >= 0 && ms <= MAX_TIMER_MS) return ms;
  throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${Math.floor(MAX_TIMER_MS / 1_000)}.`);
}

/** Reads seconds that are a limit as milliseconds. 0 is refused. @throws {InvalidArgumentError} */
export function secondsOfLimit(text: string): number {
  const ms = secondsOf(text);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('It must be over 0 seconds.');
}

/** Reads a number of items, 1 or more. @throws {InvalidArgumentError} */
export function countOf(text: string): number {
  return numberOf(text, COUNT);
}

/** Reads `name=value` and adds it to the earlier arguments. @throws {InvalidArgumentError} */
export function keywordOf(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) };
}

function numberOf(text: string, rule: OptionRule): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && rule.fits(number)) return number;
  throw new InvalidArgumentError(`It must be ${rule.takes}.`);
}
