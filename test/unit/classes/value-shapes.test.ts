import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsArray, IsEnum, IsIn, IsInt, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { valueShapeOf } from '../../../lib/classes/value-shapes.js';
import { PyroClass } from '../../../lib/core.js';

enum Mode {
  slow = 'slow',
  fast = 'fast',
}

@PyroClass('shapes.Point', { fields: { x: 'float', y: 'float', 'label?': 'str' } })
class Point {}

@PyroClass('shapes.Route', { fields: { points: [Point], mode: Mode, start: 'shapes.Point' } })
class Route {}

class Step {
  @IsString() action!: string;
  @IsOptional() @IsInt() @Min(1) count?: number;
}

class Plan {
  @ValidateNested() @Type(() => Step) first!: Step;
  @IsArray() @ValidateNested({ each: true }) @Type(() => Step) steps!: Step[];
  @IsEnum(Mode) mode!: Mode;
  @IsIn([1, 2, 4]) binning!: number;
  @IsEnum(Mode, { each: true }) modes!: Mode[];
  @IsInt({ each: true }) counts!: number[];
}

class Tree {
  @IsOptional() @ValidateNested() @Type(() => Tree) below?: Tree;
}

const choice = { kind: 'choice', choices: ['slow', 'fast'] };
const point = {
  kind: 'dict',
  className: 'shapes.Point',
  members: [
    { name: 'x', isRequired: true, shape: { kind: 'scalar', type: 'float' } },
    { name: 'y', isRequired: true, shape: { kind: 'scalar', type: 'float' } },
    { name: 'label', isRequired: false, shape: { kind: 'scalar', type: 'str' } },
  ],
};

describe('the shape of values', () => {
  it('the shape of a value has the fields of a registered class, with classes, lists and enums in them', () => {
    expect(valueShapeOf(Route)).toEqual({
      kind: 'dict',
      className: 'shapes.Route',
      members: [
        { name: 'points', isRequired: true, shape: { kind: 'list', item: point } },
        { name: 'mode', isRequired: true, shape: choice },
        { name: 'start', isRequired: true, shape: point },
      ],
    });
    expect(valueShapeOf(['shapes.Point'])).toEqual({ kind: 'list', item: point });
    expect(valueShapeOf(Mode)).toEqual(choice);
  });

  it('the shape of a value has the members and rules of a class with decorators of class-validator', () => {
    const step = {
      kind: 'dict',
      className: null,
      members: [
        { name: 'action', isRequired: true, shape: { kind: 'scalar', type: 'str' }, rules: ['isString'] },
        { name: 'count', isRequired: false, shape: { kind: 'scalar', type: 'number' }, rules: ['min 1', 'isInt', 'isOptional'] },
      ],
    };
    const shape = valueShapeOf(Plan);
    if (shape?.kind !== 'dict') throw new Error('no dict');
    expect(Object.fromEntries(shape.members.map((member) => [member.name, member.shape]))).toEqual({
      first: step,
      steps: { kind: 'list', item: step },
      mode: choice,
      binning: { kind: 'choice', choices: [1, 2, 4] },
      modes: { kind: 'list', item: choice },
      counts: { kind: 'list', item: { kind: 'scalar', type: 'any' } },
    });
  });

  it('the shape of a value ends where a class has itself as a member', () => {
    let shape = valueShapeOf(Tree);
    let depth = 0;
    for (; shape?.kind === 'dict'; depth++) shape = shape.members[0]!.shape;
    expect(depth).toBe(4);
    expect(shape).toEqual({ kind: 'scalar', type: 'Tree' });
  });

  it.each([[Number], [String], [Array], [Object], [Date], [class {}], ['int'], [['int']], [undefined], [Symbol]])(
    'the shape of a value does not exist for %s',
    (type) => {
      expect(valueShapeOf(type)).toBeUndefined();
    },
  );
});
