import { isDeepStrictEqual } from 'node:util';
import type { PyroConfig } from '../options/config-items.js';
import { PyroError } from '../protocol/errors.js';

/** Gives the options that config items set. @throws {PyroError} when the items do not go together */
type OptionsOfItems = (items: PyroConfig) => object;

/**
 * The config items that have set each option: those without which the option would have another value.
 *
 * An item may need another one: `SSL` needs `SSL_SERVERCERT`. Without the item that is needed there are no options at all. So it has set
 * what it sets together with the item that needs it.
 *
 * @param config items that go together
 * @returns the names of the items, without `PYRO_`, by option; an option that no item has set is absent
 */
export function optionSources(config: PyroConfig, ofItems: OptionsOfItems): Map<string, string[]> {
  const sources = new Map<string, string[]>();
  const having = ofItems(config);
  for (const name of Object.keys(config) as (keyof PyroConfig)[]) {
    for (const option of changedOptions(having, lackingOptions(name, config, ofItems))) {
      sources.set(option, [...(sources.get(option) ?? []), name]);
    }
  }
  return sources;
}

/** The options without an item; when the other items do not go together, all sets of options without the item and one that needs it. */
function lackingOptions(name: keyof PyroConfig, config: PyroConfig, ofItems: OptionsOfItems): object[] {
  const others = without(config, name);
  const lacking = optionsOrNone(others, ofItems);
  if (lacking !== undefined) return [lacking];
  return (Object.keys(others) as (keyof PyroConfig)[])
    .map((needing) => optionsOrNone(without(others, needing), ofItems))
    .filter((options) => options !== undefined);
}

function optionsOrNone(items: PyroConfig, ofItems: OptionsOfItems): object | undefined {
  try {
    return ofItems(items);
  } catch (error) {
    if (!(error instanceof PyroError)) throw error;
    return undefined;
  }
}

/** The options whose value is another one in some of the others. */
function changedOptions(having: object, others: readonly object[]): string[] {
  return Object.entries(having)
    .filter(([option, value]) =>
      others.some((lacking) => !isDeepStrictEqual(value, (lacking as Record<string, unknown>)[option])),
    )
    .map(([option]) => option);
}

function without(config: PyroConfig, name: keyof PyroConfig): PyroConfig {
  const { [name]: _, ...others } = config;
  return others;
}
