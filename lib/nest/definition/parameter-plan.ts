import type { PipeTransform, Type } from '@nestjs/common';
import type { MethodParameters, Parameter } from '../../objects/parameter-reader.js';
import { type ParameterFactory, remainingKeywords, type RouteArgument } from '../metadata/parameter-metadata.js';
import { CUSTOM_ROUTE_ARGS_METADATA, RPC_PARAM_TYPES } from '../nest-internals.js';
import { type PyroNaming, wireNameOf } from '../metadata/wire-names.js';

/** Where the value of one parameter of the method comes from. Slots count the arguments on the wire. */
export type ParameterSource =
  | { readonly kind: 'argument'; readonly slot: number }
  | { readonly kind: 'rest'; readonly slot: number }
  | { readonly kind: 'arguments' | 'context' | 'keywords' | 'nothing' }
  | { readonly kind: 'custom'; readonly factory: ParameterFactory };

/** One parameter of the method, as the pipeline fills it. */
export interface PlannedParameter {
  readonly index: number;
  readonly source: ParameterSource;
  /** What clients call its argument; undefined: it takes none, or several. */
  readonly label: string | undefined;
  readonly data: unknown;
  readonly pipes: readonly (PipeTransform | Type<PipeTransform>)[];
  readonly schema: unknown;
}

/** How the arguments of a call become those of the method. */
export interface ParameterPlan {
  /** What binds on the wire; undefined: names and number are unknown. */
  readonly wire: MethodParameters | undefined;
  readonly takesKeywords: boolean;
  readonly parameters: readonly PlannedParameter[];
}

type UnlabelledParameter = Omit<PlannedParameter, 'label'>;

interface Written {
  readonly index: number;
  readonly parameter: Parameter;
  readonly rest: boolean;
  /** `@Payload(…)` of it, if any. */
  readonly payload: RouteArgument | undefined;
}

/**
 * Plans a method's parameters.
 *
 * @param given what was read from the source, or given as `params` (then without those that are no wire parameters)
 * @param namesGiven they were given, and are wire names
 * @param routeArguments Nest's metadata of the method's parameter decorators
 * @param count parameters of the method at least, as far as is known
 * @throws {TypeError} when two parameters have the same wire name
 */
export function planParameters(
  given: MethodParameters | undefined,
  namesGiven: boolean,
  routeArguments: Readonly<Record<string, RouteArgument>>,
  count: number,
  naming: PyroNaming | undefined,
): ParameterPlan {
  const special: UnlabelledParameter[] = [];
  const payloads = new Map<number, RouteArgument>();
  for (const [key, argument] of Object.entries(routeArguments)) {
    const source = specialSource(key, argument);
    if (source) special.push(planned(argument.index, source, argument));
    else payloads.set(argument.index, argument);
  }
  const specialIndexes = new Set(special.map(({ index }) => index));
  const highest = Math.max(count, ...[...specialIndexes, ...payloads.keys()].map((index) => index + 1));
  // of a wrapper's `(...args)` the decorators tell more than the source
  const isWrapped = given?.trustworthy === false && given.positional.length === 0 && (highest > 1 || specialIndexes.has(0));
  const known = isWrapped ? undefined : given;
  const written = writtenParameters(known, namesGiven, specialIndexes, payloads, highest);
  const slots = assignSlots(written.filter(({ rest }) => !rest));
  const parameters = [...special];
  for (const { index, payload, rest } of written) {
    const source: ParameterSource = rest ? { kind: 'rest', slot: slots.parameters.length } : slots.sources.get(index)!;
    parameters.push(planned(index, source, payload));
  }
  const names = slots.parameters.map((parameter): Parameter => ({
    name: parameter.name !== undefined && !namesGiven ? wireNameOf(parameter.name, naming) : parameter.name,
    optional: parameter.optional,
  }));
  const twice = names.find(
    ({ name }, index) => name !== undefined && names.some((other, at) => at < index && other.name === name),
  );
  if (twice) throw new TypeError(`two parameters have the wire name "${twice.name}"`);
  const open =
    written.some(({ rest }) => rest) || (names.length === 0 && parameters.some(({ source }) => source.kind === 'arguments'));
  return {
    wire: known && { positional: names, rest: open, trustworthy: known.trustworthy },
    takesKeywords: parameters.some(({ source }) => source.kind === 'keywords'),
    parameters: parameters
      .map((parameter) => ({ ...parameter, label: labelOf(parameter.source, names) }))
      .sort((a, b) => a.index - b.index),
  };
}

function labelOf(source: ParameterSource, names: readonly Parameter[]): string | undefined {
  return source.kind === 'argument' ? (names[source.slot]?.name ?? `argument ${source.slot + 1}`) : undefined;
}

/** The source of a parameter that is no wire one. */
function specialSource(key: string, { factory }: RouteArgument): ParameterSource | undefined {
  if (key.includes(CUSTOM_ROUTE_ARGS_METADATA)) {
    if (factory === remainingKeywords) return { kind: 'keywords' };
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

/** Parameters that may take something from the wire, in the order of the method. */
function writtenParameters(
  given: MethodParameters | undefined,
  namesGiven: boolean,
  special: ReadonlySet<number>,
  payloads: ReadonlyMap<number, RouteArgument>,
  count: number,
): Written[] {
  const open = (index: number, parameter: Parameter, rest: boolean): Written => ({
    index,
    parameter,
    rest,
    payload: payloads.get(index),
  });
  const unnamed: Parameter = { name: undefined, optional: true };
  if (given !== undefined && !namesGiven) {
    const named = given.positional.map((parameter, index) => open(index, parameter, false));
    if (given.rest) named.push(open(named.length, unnamed, true));
    return named.filter(({ index }) => !special.has(index));
  }
  const written: Written[] = [];
  const names = given?.positional ?? [];
  const atLeast = given === undefined ? count : 0;
  for (let index = 0; written.length < names.length || index < atLeast; index++) {
    if (!special.has(index)) written.push(open(index, names[written.length] ?? unnamed, false));
  }
  if (given === undefined || given.rest) {
    let index = (written.at(-1)?.index ?? -1) + 1;
    while (special.has(index)) index++;
    written.push(open(index, unnamed, true));
  }
  return written;
}

interface Slots {
  /** What the wire has in each slot. */
  readonly parameters: Parameter[];
  /** By the index of the method's parameter. */
  readonly sources: ReadonlyMap<number, ParameterSource>;
}

/** Gives parameters their slots on the wire; one that only looks at another one's argument has none of its own. */
function assignSlots(written: readonly Written[]): Slots {
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
  // a slot that no parameter looks at is still one that clients have to fill
  const parameters = Array.from({ length }, (_, slot): Parameter => slots.get(slot) ?? { name: undefined, optional: false });
  for (const { index, name } of aliases) {
    const slot = parameters.findIndex((parameter) => parameter.name === name);
    sources.set(index, slot < 0 ? { kind: 'nothing' } : { kind: 'argument', slot });
  }
  return { parameters, sources };
}

/** Of `@Payload('0')`. */
function slotNumber(data: unknown): number | undefined {
  return typeof data === 'string' && /^\d{1,3}$/.test(data) ? Number(data) : undefined;
}
