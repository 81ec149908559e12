import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import { arrayConverterOf } from '../../arrays/array-conversion.js';
import type { PlannedParameter } from '../definition/parameter-plan.js';
import type { AnyMethod, CallRecord } from './call-record.js';
import { type Argument, PipedArguments } from './piped-arguments.js';

/** A parameter of a method with its pipes. */
export interface PipedParameter {
  readonly plan: PlannedParameter;
  /** The type that the compiler emitted. */
  readonly metatype: unknown;
  /** Pipes of the application, the class and the method, then those of the parameter. */
  readonly pipes: readonly PipeTransform[];
}

/** Makes the arguments of a method: takes each from its source, and passes it through its pipes. */
export class MethodArguments {
  private readonly single: readonly Argument[];
  private readonly rest: PipedParameter | undefined;
  /** Number of arguments without those of a rest parameter. */
  private readonly count: number;
  /** True when nothing has to be run: neither pipes nor factories of parameter decorators. */
  private readonly isPlain: boolean;
  /** True when also each parameter takes the argument that has its index. */
  private readonly isStraight: boolean;

  /** Factories of parameter decorators get the type and the handler by their execution context. */
  constructor(parameters: readonly PipedParameter[], type: Type, handler: AnyMethod) {
    const isRest = ({ plan }: PipedParameter): boolean => plan.source.kind === 'rest';
    this.single = parameters.filter((parameter) => !isRest(parameter)).map((parameter) => argumentOf(parameter, type, handler));
    this.rest = parameters.find(isRest);
    this.count = Math.max(0, ...parameters.map(({ plan: { index, source } }) => (source.kind === 'rest' ? index : index + 1)));
    this.isPlain = parameters.every(({ plan, pipes }) => pipes.length === 0 && plan.source.kind !== 'custom');
    const isStraight = ({ plan: { index, source } }: PipedParameter): boolean =>
      source.kind === 'argument' && source.slot === index;
    const takesArrays = parameters.some(({ metatype }) => arrayConverterOf(metatype) !== undefined);
    this.isStraight = this.isPlain && !takesArrays && parameters.length === this.count && parameters.every(isStraight);
  }

  /** The arguments for one call; a promise when a pipe gives one, or the factory of a parameter decorator. */
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

/** The arguments that a rest parameter takes: its pipes run for each of them. */
function restArguments({ plan, metatype, pipes }: PipedParameter, { args }: CallRecord): Argument[] {
  const { index, data, schema, source } = plan;
  const slot = source.kind === 'rest' ? source.slot : 0;
  // some compilers emit the type of the rest parameter itself: it is not the type of its items
  const common = { pipes, metatype: metatype === Array ? undefined : metatype, type: 'body', data, schema } as const;
  return args.slice(slot).map((item, offset) => {
    return { ...common, index: index + offset, label: `argument ${slot + offset + 1}`, extract: () => item };
  });
}

function argumentOf({ plan, metatype, pipes }: PipedParameter, type: Type, handler: AnyMethod): Argument {
  const { index, label, data, schema, source } = plan;
  // the types that Nest's pipes know of @Payload(), @Ctx() and custom decorators
  const paramType = source.kind === 'context' || source.kind === 'custom' ? 'custom' : 'body';
  const extract = extractorOf(plan, type, handler);
  const convert = source.kind === 'argument' ? arrayConverterOf(metatype) : undefined;
  if (convert === undefined) return { index, label, data, schema, pipes, metatype, type: paramType, extract };
  // Nest's ValidationPipe would make an instance of the metatype, member by member
  return {
    index,
    label,
    data,
    schema,
    pipes,
    metatype: Object,
    type: paramType,
    extract: (record) => convert(extract(record), label),
  };
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
      return ({ keywords }) => ({ ...keywords });
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
