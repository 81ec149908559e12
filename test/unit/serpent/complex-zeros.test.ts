import { expect, it } from 'vitest';
import { loads, PyComplex } from '../../../lib/serpent/index.js';

/** As `ast.literal_eval` of Python 3.8 to 3.13 reads them. */
it.each<[string, number, number]>([
  ['(-0.0+2.0j)', 0, 2],
  ['(-0.0-2.0j)', -0, -2],
  ['(-0.0+0.0j)', 0, 0],
  ['(-0.0-0.0j)', -0, 0],
  ['(0.0-0.0j)', 0, 0],
  ['(1e+23-0.0j)', 1e23, 0],
  ['(-0-0j)', 0, 0],
  ['-0j', -0, -0],
  ['-2j', -0, -2],
])('the zeros of the complex number %s have the sign that Python gives them', (text, real, imag) => {
  for (const values of ['natural', 'faithful'] as const) {
    const { real: realRead, imag: imagRead } = loads(text, { values }) as PyComplex;
    expect([realRead, imagRead]).toEqual([real, imag]);
  }
});
