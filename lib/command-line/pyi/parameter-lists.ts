import type { ParameterSignature } from '../../daemon/contract/signatures.js';
import { isPythonName, pythonNameFor } from '../python/python-names.js';
import type { VisibleNames } from './visible-names.js';

/**
 * The parameters of a method as Python writes them, without `self`.
 *
 * Usually one text. Python takes no required parameter after an optional parameter, as `heat(celsius, minutes = 5, pause)` in TypeScript.
 * Such a method gets two texts, for `@overload`: the arguments by position, and the call by names that leaves optional arguments out.
 */
export function parameterLists(parameters: readonly ParameterSignature[], visible: VisibleNames): string[] {
  const names = new Set(parameters.flatMap(({ name }) => name ?? []));
  // `naming` may give two parameters the same name: the second has none then
  const isFirst = (name: string, index: number): boolean => parameters.findIndex((each) => each.name === name) === index;
  const all = parameters.map((each, index) => {
    const { name } = each;
    const isNamed = name !== null && isPythonName(name) && name !== 'self' && isFirst(name, index);
    return shownParameter(each, isNamed ? name : undefined, pythonNameFor(`argument${index + 1}`, names), visible);
  });
  const positional = all.filter(({ kind }) => kind.startsWith('positional'));
  const varargs = all.find(({ kind }) => kind === 'varargs');
  const keywords = all.filter(({ kind }) => kind === 'keyword');
  const kwargs = all.find(({ kind }) => kind === 'kwargs');
  const firstOptional = positional.findIndex(({ required }) => !required);
  const lastRequired = positional.findLastIndex(({ required }) => required);
  const isMixed = firstOptional >= 0 && firstOptional < lastRequired;
  const byPosition = positional.map((each, at) => ({ ...each, required: each.required || at < lastRequired }));
  const byName = positional.slice(firstOptional);
  const lists = [listOf({ positional: byPosition, varargs, keywords, kwargs })];
  if (isMixed && byName.every(({ kind }) => kind === 'positional'))
    lists.push(listOf({ positional: positional.slice(0, firstOptional), keywords: [...byName, ...keywords], kwargs }));
  return lists;
}

interface ShownParameter {
  /** As in {@link ParameterSignature}. A parameter whose name Python cannot have is `positional-only`. */
  readonly kind: ParameterSignature['kind'];
  readonly required: boolean;
  readonly text: string;
}

interface ShownParameters {
  readonly positional: readonly ShownParameter[];
  readonly varargs?: ShownParameter | undefined;
  readonly keywords: readonly ShownParameter[];
  readonly kwargs?: ShownParameter | undefined;
}

/**
 * @param name the name of the parameter, if Python can have it
 * @param otherwise a name that Python does not tell to callers
 */
function shownParameter(
  { kind, required, type = 'Any' }: ParameterSignature,
  name: string | undefined,
  otherwise: string,
  visible: VisibleNames,
): ShownParameter {
  const text = `${name ?? otherwise}: ${visible.in(type)}`;
  return { kind: kind === 'positional' && name === undefined ? 'positional-only' : kind, required, text };
}

function listOf({ positional, varargs, keywords, kwargs }: ShownParameters): string {
  const shown = ({ text, required }: ShownParameter): string => `${text}${required ? '' : ' = ...'}`;
  const texts = positional.map(shown);
  // Python has parameters that have no names of their own only in front
  const lastUnnamed = positional.findLastIndex(({ kind }) => kind === 'positional-only');
  if (lastUnnamed >= 0) texts.splice(lastUnnamed + 1, 0, '/');
  if (varargs !== undefined) texts.push(`*${varargs.text}`);
  else if (keywords.length > 0) texts.push('*');
  texts.push(...keywords.map(shown));
  if (kwargs !== undefined) texts.push(`**${kwargs.text}`);
  return texts.join(', ');
}
