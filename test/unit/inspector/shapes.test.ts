import { describe, expect, it } from 'vitest';
import { typedText, typedValue, withMember } from '../../../lib/inspector/page/shape-values.js';
import { TypeTextReader } from '../../../lib/inspector/sources/type-texts.js';

describe('a field for a member', () => {
  it.each([
    ['12', 'int', 12],
    ['12', 'str', '12'],
    ['2026-01-01', 'datetime', '2026-01-01'],
    ['[1, "a"]', 'any', [1, 'a']],
    ['[12345678901234567890, 1e400]', 'any', [12345678901234567890n, Infinity]],
    ['hello', 'any', 'hello'],
    ['1.', 'float', '1.'],
    ['', 'str', undefined],
  ])('a field for a member reads %j of the type %s', (text, type, value) => {
    expect(typedValue(text, type)).toEqual(value);
    expect(typedValue(typedText(value, type), type)).toEqual(value);
  });

  it('a field for a member shows a text that looks like a number in quotes, unless the type is a text', () => {
    expect([typedText('12', 'any'), typedText('12', 'str'), typedText(12, 'any')]).toEqual(['"12"', '12', '12']);
  });
});

describe('a dict that is filled in member by member', () => {
  const member = (name: string): { name: string; isRequired: boolean; shape: { kind: 'scalar'; type: string } } => ({
    name,
    isRequired: true,
    shape: { kind: 'scalar', type: 'any' },
  });
  const shape = { kind: 'dict' as const, className: 'lab.Point', members: [member('x'), member('y')] };

  it('a dict of filled members has its class first, then its members in their order, then the other members that were written', () => {
    const value = withMember({ z: 3, y: 2 }, shape, member('x'), 1);
    expect(JSON.stringify(value)).toBe('{"__class__":"lab.Point","x":1,"y":2,"z":3}');
    expect(JSON.stringify(withMember([1], { ...shape, className: null }, member('y'), 2))).toBe('{"y":2}');
  });

  it('a dict of filled members is not given when no member is left', () => {
    expect(withMember({ __class__: 'lab.Point', x: 1 }, shape, member('x'), undefined)).toBeUndefined();
  });
});

describe('the text of a Python type', () => {
  const types = {
    Step: {
      fields: {
        action: { type: "Literal['go', 'stop']", required: true },
        note: { type: 'ReadOnly[str | None]', required: false },
      },
    },
    Steps: { alias: 'list[Step]' },
    Tree: { fields: { below: { type: 'Optional[Tree]', required: false } } },
  };
  const step = {
    kind: 'dict',
    className: null,
    members: [
      { name: 'action', isRequired: true, shape: { kind: 'choice', choices: ['go', 'stop'] } },
      { name: 'note', isRequired: false, shape: { kind: 'scalar', type: 'str' } },
    ],
  };

  it('the shape of a Python type is that of dicts, lists and literals', () => {
    expect(new TypeTextReader(types).shapeOf('Step')).toEqual(step);
    expect(new TypeTextReader(types).shapeOf('Step | None')).toEqual(step);
    expect(new TypeTextReader(types).shapeOf('Steps')).toEqual({ kind: 'list', item: step });
    expect(new TypeTextReader().shapeOf('Literal[1, -2, "a"]')).toEqual({ kind: 'choice', choices: [1, -2, 'a'] });
  });

  it.each(['Union[Step, None]', 'typing.Optional[lab.Step]', 'Annotated[Step, "told"]', 'NotRequired[None | Step]', '"Step"'])(
    'the shape of a Python type is found in each way to write it: %s',
    (text) => {
      expect(new TypeTextReader(types).shapeOf(text)).toEqual(step);
    },
  );

  it('the shape of a Python type has the texts of inner types that have no shape', () => {
    const item = { kind: 'list', item: { kind: 'scalar', type: 'dict[str, int | None]' } };
    expect(new TypeTextReader().shapeOf('List[Sequence[dict[str, Optional[int]]]]')).toEqual({
      kind: 'list',
      item,
    });
    expect(new TypeTextReader().shapeOf("Literal['a', None]")).toEqual({ kind: 'choice', choices: ['a'] });
    expect(new TypeTextReader().shapeOf('Literal[True]')).toBeUndefined();
  });

  it.each(['int', 'list[int]', 'dict[str, int]', 'Callable[[int], None]', 'constructor', '', 'x'.repeat(10_000)])(
    'a Python type without a shape: %.20s',
    (text) => {
      expect(new TypeTextReader(types).shapeOf(text)).toBeUndefined();
    },
  );

  it('the shape of a Python type ends where types name themselves', () => {
    expect(JSON.stringify(new TypeTextReader(types).shapeOf('Tree'))).toContain('"type":"Optional[Tree]"');
    expect(new TypeTextReader({ A: { alias: 'A' } }).shapeOf('A')).toBeUndefined();
  });

  it('types that name each other often end after 2,000 members of one object', () => {
    const fields = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, { type: 'A', required: true }]));
    const reader = new TypeTextReader({ A: { fields } });
    expect(JSON.stringify(reader.shapeOf('A')).length).toBeLessThan(500_000);
    expect(reader.shapeOf('A')).toBeUndefined();
  });
});
