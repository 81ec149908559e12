import { expect, it } from 'vitest';
import { placeInLiteral } from '../../../lib/serpent/text/place.js';

function placeOf(text: string): ReturnType<typeof placeInLiteral> {
  return placeInLiteral(Buffer.from(text.replace('^', '')), text.indexOf('^'));
}

it.each<[string, (number | string)[], string[]]>([
  ["('lab','add',(1,2,^?),{})", [2, 2], ['lab', 'add']],
  ["# serpent, utf-8\n('lab', 'add', (), {'a': [1], 'b': {'c': ^?}})", [3, 'b', 'c'], ['lab', 'add', '()']],
  ["('la,b(', '''it's [ \\''' ''', (^?", [2, 0], ['la,b(', "'''it's [ \\''' '''"]],
  ["('lab','add',('a,^", [2, 0], ['lab', 'add']],
  ["('lab','add',({1,2,^?},),{})", [2, 0], ['lab', 'add']],
  ['{"object":"lab","method":"add","params":[1,^?]}', ['params', 1], ['"object":"lab"', '"method":"add"']],
  ['^?', [], []],
])('the containers around a place, and the items before it, are told: %s', (text, steps, before) => {
  expect(placeOf(text)).toEqual({ steps, before: before.map((item) => item.replace(/^'''(.*)'''$/, "''$1''")) });
});

it('the first items before a place, and the start of long items and keys, are kept', () => {
  expect(placeOf(`(${'1,'.repeat(100_000)}^?`)).toEqual({ steps: [100_000], before: ['1', '1', '1', '1'] });
  const { steps, before } = placeOf(`('${'x'.repeat(100_000)}', {'${'y'.repeat(100_000)}': ^?`);
  expect(before).toEqual([`'${'x'.repeat(999)}`]);
  expect(steps).toEqual([1, `'${'y'.repeat(999)}`]);
});
