import { objectOf } from '../../serializers/contract/plain-object.js';
import type { ArgumentMetadata, ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import { type ArrayConverter, arrayConverterOf } from '../../classes/fields/array-conversion.js';
import { servedCall } from '../../daemon/call/call.js';
import type { AnyMethod } from '../definition/object-definition.js';
import type { PlannedParameter } from '../definition/parameter-plan.js';
import type { CallRecord } from './call-record.js';
import { withCounts } from '../validation/checked-arguments.js';
import { refusedArgument } from '../validation/refused-argument.js';
import { type Argument, PipedArguments } from './piped-arguments.js';

/** A parameter of a method with its pipes. */
export interface PipedParameter {
  readonly plan: PlannedParameter;
  /** The type that the compiler emitted. */
  readonly metatype: unknown;
  /** Pipes in the order of their run: of the application, the class, the method, the parameter. */
  readonly pipes: readonly PipeTransform[];
}

/** Makes the arguments of a method: takes each from its source, and passes it through its pipes. */
export class MethodArguments {
  private readonly single: readonly Argument[];
  private readonly rest: RestParameter | undefined;
  /** Number of parameters, without a rest parameter. */
  private readonly count: number;
  /** True when nothing has to be run: neither pipes nor factories of parameter decorators. */
  private readonly isPlain: boolean;
  /** True when nothing has to be run, and each parameter takes the argument that has its index. */
  private readonly isStraight: boolean;

  /** Factories of parameter decorators get the type and the handler by their execution context. */
  constructor(parameters: readonly PipedParameter[], type: Type, handler: AnyMethod) {
    const isRest = ({ plan }: PipedParameter): boolean => plan.source.kind === 'rest';
    this.single = parameters.filter((parameter) => !isRest(parameter)).map((parameter) => argumentOf(parameter, type, handler));
    const rest = parameters.find(isRest);
    this.rest = rest && restParameter(rest);
    this.count = Math.max(0, ...parameters.map(({ plan: { index, source } }) => (source.kind === 'rest' ? index : index + 1)));
    this.isPlain = parameters.every(({ plan, pipes }) => pipes.length === 0 && plan.source.kind !== 'custom');
    const isStraight = ({ plan: { index, source } }: PipedParameter): boolean =>
      source.kind === 'argument' && source.slot === index;
    const takesArrays = parameters.some(({ metatype }) => arrayConverterOf(metatype) !== undefined);
    this.isStraight = this.isPlain && !takesArrays && parameters.length === this.count && parameters.every(isStraight);
  }

  /** The arguments for one call; a promise when a pipe, or the factory of a parameter decorator, gives one. */
  for(record: CallRecord): unknown[] | Promise<unknown[]> {
    if (this.isStraight && record.args.length === this.count) return record.args;
    const all = this.rest === undefined ? this.single : [...this.single, ...restArguments(this.rest, record)];
    const values: unknown[] = [];
    for (let index = 0; index < this.count; index++) values.push(undefined);
    if (!this.isPlain) return new PipedArguments(all, values, record).run();
    for (const { index, extract } of all) values[index] = extract(record);
    return values;
  }
}

/** A rest parameter: its pipes run for each argument that it takes. */
interface RestParameter {
  readonly index: number;
  readonly slot: number;
  /** The part of its arguments that is the same for all. */
  readonly common: Pick<Argument, 'pipes' | 'metatype' | 'type' | 'data' | 'schema'>;
}

function restParameter(parameter: PipedParameter): RestParameter {
  const { index, source, data, schema } = parameter.plan;
  const slot = source.kind === 'rest' ? source.slot : 0;
  // some compilers emit the type of the rest parameter itself: it is not the type of its items
  const metatype = parameter.metatype === Array ? undefined : parameter.metatype;
  const seen = { metatype, type: 'body', data, schema } as const;
  return { index, slot, common: { ...seen, pipes: countingPipes(parameter, seen) } };
}

function restArguments({ index, slot, common }: RestParameter, { args }: CallRecord): Argument[] {
  return args.slice(slot).map((item, offset) => {
    return { ...common, index: index + offset, label: `argument ${slot + offset + 1}`, extract: () => item };
  });
}

function argumentOf(parameter: PipedParameter, type: Type, handler: AnyMethod): Argument {
  const { index, label, data, schema, source } = parameter.plan;
  // the types that Nest's pipes know of @Payload(), @Ctx() and custom decorators
  const paramType = source.kind === 'context' || source.kind === 'custom' ? 'custom' : 'body';
  const given = extractorOf(parameter.plan, type, handler);
  const convert = source.kind === 'argument' ? arrayConverterOf(parameter.metatype) : undefined;
  const extract = convert === undefined ? given : (record: CallRecord) => arrayArgument(convert, given(record), label);
  // Nest's ValidationPipe would make an instance of the metatype, member by member
  const metatype = convert === undefined ? parameter.metatype : Object;
  const pipes = countingPipes(parameter, { metatype, type: paramType, data, schema });
  // a literal of all members: with request-scoped enhancers this runs for each call
  return { index, label, data, schema, pipes, metatype, type: paramType, extract };
}

/** @throws {TypeError} on a value that is no array; over a limit of memory {PyroException} a ValueError */
function arrayArgument(convert: ArrayConverter, value: unknown, label: string | undefined): unknown {
  try {
    return convert(value, label, (bytes) => servedCall().request.spend(bytes));
  } catch (error) {
    throw refusedArgument(error, label ?? 'an argument');
  }
}

function countingPipes(
  { plan: { label, source }, pipes }: PipedParameter,
  seen: Pick<Argument, 'metatype' | 'type' | 'data' | 'schema'>,
): readonly PipeTransform[] {
  // the context comes from no client
  if (source.kind === 'context') return pipes;
  const name = label ?? (source.kind === 'keywords' ? 'keyword arguments' : 'the arguments');
  return withCounts(pipes, seen as ArgumentMetadata, name);
}

/** Gives the value of a parameter before its pipes. */
function extractorOf({ source, data }: PlannedParameter, type: Type, handler: AnyMethod): Argument['extract'] {
  switch (source.kind) {
    case 'argument': {
      const { slot } = source;
      return ({ args }) => args[slot];
    }
    case 'arguments':
      return ({ args }) => args;
    case 'keywords':
      return ({ keywords }) => objectOf(Object.entries(keywords));
    case 'context':
      return ({ context }) => context;
    case 'custom': {
      const { factory } = source;
      return (record) => factory(data, record.host(type, handler) as unknown as ExecutionContext);
    }
    case 'rest':
    case 'nothing':
      return () => undefined;
  }
}
