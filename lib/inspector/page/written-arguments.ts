import type { InspectedParameter } from '../contract/contract.js';

/** The fields of a method's form, as a person filled them in. */
export interface WrittenFields {
  /** The texts by the position of the parameter; empty: not given. */
  values: readonly string[];
  /** Further arguments, one for each line. */
  rest: string;
  /** Further keyword arguments, `name=value`, one for each line. */
  keywords: string;
}

/** The arguments of a call. */
export interface WrittenArguments {
  args: string[];
  kwargs: Record<string, string>;
}

/**
 * Makes the arguments of a call from the fields of its form. A value after an optional parameter that is left out becomes a keyword
 * argument.
 *
 * @throws {Error} when a value cannot be given in any way, with a text for the person
 */
export function writtenArguments(
  parameters: readonly InspectedParameter[],
  { values, rest, keywords }: WrittenFields,
): WrittenArguments {
  const args: string[] = [];
  const kwargs: Record<string, string> = {};
  let isGap = false;
  for (const [index, { name }] of parameters.filter(({ kind }) => kind === 'positional').entries()) {
    const value = values[index] ?? '';
    if (value === '') isGap = true;
    else if (!isGap) args.push(value);
    else if (name === null) throw new Error(`argument ${index + 1} has no name: fill in the arguments before it`);
    else kwargs[name] = value;
  }
  for (const [index, { name, kind }] of parameters.entries()) {
    const value = values[index] ?? '';
    if (kind === 'keyword' && name !== null && value !== '') kwargs[name] = value;
  }
  const further = linesOf(rest);
  if (further.length > 0 && isGap) throw new Error('fill in the arguments before the further ones');
  for (const each of further) args.push(each);
  for (const line of linesOf(keywords)) {
    const at = line.indexOf('=');
    if (at < 1) throw new Error(`"${line}" is no keyword argument: write name=value`);
    kwargs[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return { args, kwargs };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
