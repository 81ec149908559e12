import type { PipeTransform, Type } from '@nestjs/common';
import type { FieldType } from '../../classes/fields/field-types.js';
import type { MethodParameters, Parameter } from '../../objects/parameters/parameter-reader.js';
import { type ParameterFactory, type RouteArgument, takesRemainingKeywords } from '../metadata/parameter-metadata.js';
import { CUSTOM_ROUTE_ARGS_METADATA, RPC_PARAM_TYPES } from '../nest-internals.js';
import { type PyroNaming, wireNameOf } from '../../objects/naming.js';

/** The source of a parameter's value. Slots number the positional arguments of a call, from 0. */
export type ParameterSource =
  | { readonly kind: 'argument'; readonly slot: number }
  | { readonly kind: 'rest'; readonly slot: number }
  | { readonly kind: 'arguments' | 'context' | 'keywords' | 'nothing' }
  | { readonly kind: 'custom'; readonly factory: ParameterFactory };

/** A parameter of a method, and how the pipeline fills it. */
export interface PlannedParameter {
  readonly index: number;
  readonly source: ParameterSource;
  /** Name of the argument for error messages; undefined when the parameter takes no argument, or several. */
  readonly label: string | undefined;
  readonly data: unknown;
  readonly pipes: readonly (PipeTransform | Type<PipeTransform>)[];
  readonly schema: unknown;
  /** The type of the values, by the options of the decorator. */
  readonly type?: FieldType | undefined;
}

/** The plan by which the arguments of a call become the arguments of the method. */
export interface ParameterPlan {
  /** The parameters that clients see; undefined when their names and number are unknown. */
  readonly wire: MethodParameters | undefined;
  readonly takesKeywords: boolean;
  readonly parameters: readonly PlannedParameter[];
}

type UnlabelledParameter = Omit<PlannedParameter, 'label'>;

/** A parameter that may take something from the wire. */
interface WrittenParameter {
  readonly index: number;
  readonly parameter: Parameter;
  readonly rest: boolean;
  /** The parameter's `@Payload(…)`, if it has one. */
  readonly payload: RouteArgument | undefined;
}

/**
 * Plans the parameters of a method.
 *
 * @param given the parameters that were read from the source; or the option `params`, which names wire parameters only
 * @param namesGiven true when the option `params` gives the names: they are wire names
 * @param routeArguments Nest's metadata of the method's parameter decorators
 * @param count number of parameters that TypeScript emitted types for
 * @throws {TypeError} when two parameters have the same wire name
 */
export function planParameters(
  given: MethodParameters | undefined,
  namesGiven: boolean,
  routeArguments: Readonly<Record<string, RouteArgument>>,
  count: number,
  naming: PyroNaming | undefined,
): ParameterPlan {
  const { special, payloads } = decoratedParameters(routeArguments);
  const specialIndexes = new Set(special.map(({ index }) => index));
  const highest = Math.max(count, ...[...specialIndexes, ...payloads.keys()].map((index) => index + 1));
  // the source of a wrapper, `(...args)`, says less than the decorators
  const isWrapped = given?.trustworthy === false && given.positional.length === 0 && (highest > 1 || specialIndexes.has(0));
  const known = isWrapped ? undefined : given;
  const written = writtenParameters(known, namesGiven, specialIndexes, payloads, highest);
  const slots = assignSlots(written.filter(({ rest }) => !rest));
  const names = wireParameters(slots.parameters, namesGiven, naming);
  const parameters = [
    ...special,
    ...written.map(({ index, payload, rest }) =>
      planned(index, rest ? { kind: 'rest', slot: slots.parameters.length } : slots.sources.get(index)!, payload),
    ),
  ];
  const takes = (kind: ParameterSource['kind']): boolean => parameters.some(({ source }) => source.kind === kind);
  const rest = written.some((parameter) => parameter.rest) || (names.length === 0 && takes('arguments'));
  const takesKeywords = takes('keywords');
  // a keyword may be meant for a parameter whose name is unknown: the remaining keywords must not swallow it
  const isGuess = known === undefined && takesKeywords && names.length > 0;
  const isKnown = known !== undefined || isGuess;
  return {
    wire: isKnown ? { positional: names, rest, trustworthy: known?.trustworthy ?? false, declared: namesGiven } : undefined,
    takesKeywords,
    parameters: parameters
      .map((parameter) => ({ ...parameter, label: labelOf(parameter.source, names) }))
      .sort((a, b) => a.index - b.index),
  };
}

interface DecoratedParameters {
  /** Parameters that take no argument of the wire. */
  readonly special: UnlabelledParameter[];
  /** The `@Payload(…)` of parameters, by their index. */
  readonly payloads: ReadonlyMap<number, RouteArgument>;
}

function decoratedParameters(routeArguments: Readonly<Record<string, RouteArgument>>): DecoratedParameters {
  const special: UnlabelledParameter[] = [];
  const payloads = new Map<number, RouteArgument>();
  for (const [key, argument] of Object.entries(routeArguments)) {
    const source = specialSource(key, argument);
    if (source) special.push(planned(argument.index, source, argument));
    else payloads.set(argument.index, argument);
  }
  return { special, payloads };
}

/** The parameters by their names on the wire. @throws {TypeError} when two have the same name */
function wireParameters(parameters: readonly Parameter[], namesGiven: boolean, naming: PyroNaming | undefined): Parameter[] {
  const names = new Set<string>();
  return parameters.map(({ name: written, optional }) => {
    const name = written === undefined || namesGiven ? written : wireNameOf(written, naming);
    if (name === undefined) return { name, optional };
    if (names.has(name)) throw new TypeError(`two parameters have the wire name "${name}"`);
    names.add(name);
    return { name, optional };
  });
}

function labelOf(source: ParameterSource, names: readonly Parameter[]): string | undefined {
  return source.kind === 'argument' ? (names[source.slot]?.name ?? `argument ${source.slot + 1}`) : undefined;
}

/** The source of a parameter that takes no argument of the wire; undefined for other parameters. */
function specialSource(key: string, { factory }: RouteArgument): ParameterSource | undefined {
  if (key.includes(CUSTOM_ROUTE_ARGS_METADATA)) {
    if (takesRemainingKeywords(factory)) return { kind: 'keywords' };
    return factory ? { kind: 'custom', factory } : { kind: 'nothing' };
  }
  const type = Number(key.split(':')[0]);
  if (type === RPC_PARAM_TYPES.payload) return undefined;
  return { kind: type === RPC_PARAM_TYPES.context ? 'context' : 'nothing' };
}

function planned(index: number, source: ParameterSource, argument: RouteArgument | undefined): UnlabelledParameter {
  const data = argument?.data ?? ('slot' in source ? String(source.slot) : undefined);
  return { index, source, data, pipes: argument?.pipes ?? [], schema: argument?.schema };
}

/** The parameters that may take something from the wire, in the order of the method. */
function writtenParameters(
  given: MethodParameters | undefined,
  namesGiven: boolean,
  special: ReadonlySet<number>,
  payloads: ReadonlyMap<number, RouteArgument>,
  count: number,
): WrittenParameter[] {
  const entry = (index: number, parameter: Parameter, rest: boolean): WrittenParameter => ({
    index,
    parameter,
    rest,
    payload: payloads.get(index),
  });
  const unnamed: Parameter = { name: undefined, optional: true };
  if (given !== undefined && !namesGiven) {
    const named = given.positional.map((parameter, index) => entry(index, parameter, false));
    if (given.rest) named.push(entry(named.length, unnamed, true));
    return named.filter(({ index }) => !special.has(index));
  }
  const written: WrittenParameter[] = [];
  const names = given?.positional ?? [];
  const atLeast = given === undefined ? count : 0;
  for (let index = 0; written.length < names.length || index < atLeast; index++) {
    if (!special.has(index)) written.push(entry(index, names[written.length] ?? unnamed, false));
  }
  if (given === undefined || given.rest) {
    let index = (written.at(-1)?.index ?? -1) + 1;
    while (special.has(index)) index++;
    written.push(entry(index, unnamed, true));
  }
  return written;
}

interface AssignedSlots {
  /** The wire parameter of each slot. */
  readonly parameters: Parameter[];
  /** Sources by the index of the method's parameter. */
  readonly sources: ReadonlyMap<number, ParameterSource>;
}

/** Gives each parameter its slot on the wire. A `@Payload('name')` parameter that reads the argument of another has no slot. */
function assignSlots(written: readonly WrittenParameter[]): AssignedSlots {
  const slots = new Map<number, Parameter>();
  const sources = new Map<number, ParameterSource>();
  const numbered: { slot: number; parameter: Parameter }[] = [];
  const aliases: { index: number; name: string }[] = [];
  for (const { parameter, payload, index } of written) {
    const next = slots.size;
    const { data } = payload ?? {};
    const slot = slotNumber(data);
    if (payload && typeof data !== 'string') {
      sources.set(index, { kind: 'arguments' });
    } else if (slot !== undefined && slot !== next) {
      numbered.push({ slot, parameter });
      sources.set(index, { kind: 'argument', slot });
    } else if (
      slot === undefined &&
      typeof data === 'string' &&
      written.some((other) => other.index !== index && other.parameter.name === data)
    ) {
      aliases.push({ index, name: data });
    } else {
      slots.set(next, slot === undefined && typeof data === 'string' ? { ...parameter, name: data } : parameter);
      sources.set(index, { kind: 'argument', slot: next });
    }
  }
  for (const { slot, parameter } of numbered) if (!slots.has(slot)) slots.set(slot, parameter);
  const length = Math.max(-1, ...slots.keys()) + 1;
  // clients have to fill a slot even if no parameter reads it
  const parameters = Array.from({ length }, (_, slot): Parameter => slots.get(slot) ?? { name: undefined, optional: false });
  for (const { index, name } of aliases) {
    const slot = parameters.findIndex((parameter) => parameter.name === name);
    sources.set(index, slot < 0 ? { kind: 'nothing' } : { kind: 'argument', slot });
  }
  return { parameters, sources };
}

/** The slot of `@Payload('0')`; undefined when the data is no number. */
function slotNumber(data: unknown): number | undefined {
  return typeof data === 'string' && /^\d{1,3}$/.test(data) ? Number(data) : undefined;
}
