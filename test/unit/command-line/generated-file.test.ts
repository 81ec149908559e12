import { describe, expect, it } from 'vitest';
import { differences } from '../../../lib/command-line/generated-file.js';

describe('the differences of a generated file', () => {
  it('are the lines that only one of the texts has', () => {
    expect(differences('a\nb\nc\n', 'a\nx\nc\n')).toEqual(['- b', '+ x']);
    expect(differences('a\nb\n', 'a\nnew\nb\n')).toEqual(['+ new']);
    expect(differences('a\nold\nb\n', 'a\nb\n')).toEqual(['- old']);
    expect(differences('a\nb\nc\nd\n', 'a\nc\nd\ne\n')).toEqual(['- b', '+ e']);
  });

  it('are cut behind ten lines', () => {
    const found = differences('', Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n'));
    expect(found).toHaveLength(11);
    expect(found.at(-1)).toBe('…');
  });
});
