import { SerpentError } from './serpent-error.js';
import { valueText } from './value-text.js';

/**
 * Refuses options that are no object, and names that are no options.
 *
 * @param caller the function that takes the options
 * @param internal an option that is known too, but not public
 * @throws {SerpentError} `BAD_OPTION`
 */
export function checkOptionNames(options: object, caller: string, known: readonly string[], internal?: string): void {
  if (typeof options !== 'object' || options === null)
    throw new SerpentError(`${caller}: the options are ${valueText(options)}; they have to be an object`, 'BAD_OPTION');
  for (const name of Object.keys(options))
    if (!known.includes(name) && name !== internal)
      throw new SerpentError(`${caller}: ${name} is no option; the options are ${known.join(', ')}`, 'BAD_OPTION');
}
