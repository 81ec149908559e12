import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { namedParameters } from '../../../../lib/objects/parameters/parameter-reader.js';
import { type ParameterSource, planParameters } from '../../../../lib/nest/definition/parameter-plan.js';
import type { RouteArgument } from '../../../../lib/nest/metadata/parameter-metadata.js';

/** Sources as `index:kind slot`, wire parameters as in `params`. */
function plan(
  names: string[] | undefined,
  routeArguments: Record<string, RouteArgument> = {},
  count = 0,
  namesGiven = false,
): [string, string] {
  const { parameters, wire } = planParameters(names && namedParameters(names), namesGiven, routeArguments, count, undefined);
  const text = ({ kind, ...rest }: ParameterSource): string => ('slot' in rest ? `${kind} ${rest.slot}` : kind);
  const positional = wire?.positional.map(({ name, optional }) => `${name ?? '-'}${optional ? '?' : ''}`);
  return [
    parameters.map(({ index, source }) => `${index}:${text(source)}`).join(' '),
    positional === undefined ? 'unknown' : [...positional, ...(wire?.rest ? ['...'] : [])].join(' '),
  ];
}
const payload = (index: number, data?: string): Record<string, RouteArgument> => ({ [`3:${index}`]: { index, data, pipes: [] } });
const context = (index: number): Record<string, RouteArgument> => ({ [`6:${index}`]: { index, pipes: [] } });

describe('planParameters', () => {
  it('planParameters plans parameters without decorators at their own position', () => {
    expect(plan(['a', 'b?', '...more'])).toEqual(['0:argument 0 1:argument 1 2:rest 2', 'a b? ...']);
  });

  it('planParameters leaves parameters that are no arguments out of the plan', () => {
    expect(plan(['ctx', 'a', 'b'], context(0))).toEqual(['0:context 1:argument 0 2:argument 1', 'a b']);
  });

  it('planParameters plans a parameter for the whole argument list, alone or with others', () => {
    expect(plan(['all'], payload(0))).toEqual(['0:arguments', '...']);
    expect(plan(['a', 'all'], payload(1))).toEqual(['0:argument 0 1:arguments', 'a']);
  });

  it('planParameters plans arguments by number: the parameter’s own number, swapped numbers, another parameter’s number', () => {
    expect(plan(['a', 'b'], payload(0, '0'))).toEqual(['0:argument 0 1:argument 1', 'a b']);
    expect(plan(['b', 'a'], { ...payload(0, '1'), ...payload(1, '0') })).toEqual(['0:argument 1 1:argument 0', 'a b']);
    expect(plan(['a', 'again', 'b'], payload(1, '0'))).toEqual(['0:argument 0 1:argument 0 2:argument 1', 'a b']);
    expect(plan(['b'], payload(0, '1'))).toEqual(['0:argument 1', '- b']);
  });

  it('planParameters plans arguments by name: another parameter’s name, the parameter’s own, and a new name', () => {
    expect(plan(['a', 'again'], payload(1, 'a'))).toEqual(['0:argument 0 1:argument 0', 'a']);
    expect(plan(['a'], payload(0, 'a'))).toEqual(['0:argument 0', 'a']);
    expect(plan(['who'], payload(0, 'person'))).toEqual(['0:argument 0', 'person']);
  });

  it('planParameters applies given `params` names only to parameters that are arguments', () => {
    expect(plan(['a', 'b?'], context(1), 3, true)).toEqual(['0:argument 0 1:context 2:argument 1', 'a b?']);
    expect(plan(['a', '...more'], context(0), 0, true)).toEqual(['0:context 1:argument 0 2:rest 1', 'a ...']);
  });

  it('planParameters plans what it can when no parameter names are known', () => {
    expect(plan(undefined, context(1), 3)).toEqual(['0:argument 0 1:context 2:argument 1 3:rest 2', 'unknown']);
    expect(plan(undefined)).toEqual(['0:rest 0', 'unknown']);
  });
});
