import type { ExecutionContext, PipeTransform } from '@nestjs/common';
import type { PlannedParameter } from '../definition/parameter-plan.js';
import { ExecutionContextHost, type ParamProperties, RPC_PARAM_TYPES } from '../nest-internals.js';
import type { PipelineArguments } from './call-record.js';

export type AnyMethod = (...args: unknown[]) => unknown;

type Extractor = (...args: PipelineArguments) => unknown;

/** A parameter as Nest's pipeline takes it, with the notes of this library. */
export interface FilledParameter extends ParamProperties<unknown, Extractor> {
  /** Name of the argument for error messages; undefined when the parameter takes no argument, or several. */
  readonly label: string | undefined;
  /** Slot of the first argument of a rest parameter; undefined for other parameters. */
  readonly restFrom: number | undefined;
  readonly isCustom: boolean;
  readonly metatype?: unknown;
}

/** Makes the entry of a planned parameter for Nest's pipeline: its kind, its pipes, and where its value comes from. */
export function filledParameter(
  { index, source, label, data, schema }: PlannedParameter,
  pipes: PipeTransform[],
  instance: object,
  method: AnyMethod,
): FilledParameter {
  const common = {
    index,
    label,
    data,
    pipes,
    schema,
    restFrom: undefined,
    isCustom: false,
    type: RPC_PARAM_TYPES.payload,
  } as Omit<FilledParameter, 'extractValue'>;
  switch (source.kind) {
    case 'argument': {
      const { slot } = source;
      return { ...common, extractValue: (args) => args[slot] };
    }
    case 'rest': {
      const { slot } = source;
      return { ...common, restFrom: slot, extractValue: (args) => args.slice(slot) };
    }
    case 'arguments':
      return { ...common, extractValue: (args) => args };
    case 'keywords':
      return { ...common, extractValue: (_args, _context, record) => ({ ...record.keywords }) };
    case 'context':
      return { ...common, type: RPC_PARAM_TYPES.context, extractValue: (_args, context) => context };
    case 'nothing':
      return { ...common, extractValue: () => undefined };
    case 'custom': {
      const { factory } = source;
      const extractValue: Extractor = (...args) => factory(data, rpcHost(args, instance, method) as unknown as ExecutionContext);
      return { ...common, type: 'custom', isCustom: true, extractValue };
    }
  }
}

/** The execution context of a call. */
export function rpcHost(args: PipelineArguments, instance: object, method: AnyMethod): ExecutionContextHost {
  const host = new ExecutionContextHost(args, instance.constructor as never, method);
  host.setType('rpc');
  return host;
}
