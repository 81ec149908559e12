import type { OptionItems, PyroConfig } from '../options/config-items.js';

/**
 * The config items that have set each option.
 *
 * @param options the options that config items set
 * @param items the items that may set each option
 * @returns the names of the items, without `PYRO_`, by option; an option that no item has set is absent
 */
export function optionSources<Options extends object>(
  options: Options,
  items: OptionItems<Options>,
  config: PyroConfig,
): Map<string, string[]> {
  const sources = new Map<string, string[]>();
  for (const option of Object.keys(options) as (keyof Options & string)[]) {
    const names = (items[option] ?? []).filter((name) => config[name] !== undefined);
    sources.set(option, names);
  }
  return sources;
}
