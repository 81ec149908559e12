import { PyComplex } from '../../serpent/index.js';

/** Two numbers of Python have 51 characters at most. */
const MAX_CHARS = 60;
const NUMBER = String.raw`[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|inf|nan)`;
const FLOAT = new RegExp(`^${NUMBER}$`);
/** The imaginary part after a real one has a sign: digits alone can be parted in one way only. */
const COMPLEX = new RegExp(String.raw`^\(?(?:(${NUMBER})(?=[+-]))?(${NUMBER})j\)?$`);

/** Reads a complex number as Python prints it: `(1-2j)`, `2j`. Undefined for other texts. */
export function complexOf(text: string): PyComplex | undefined {
  const [, real = '0', imag] = text.length > MAX_CHARS ? [] : (COMPLEX.exec(text) ?? []);
  return imag === undefined ? undefined : new PyComplex(numberOf(real), numberOf(imag));
}

/** Reads a float as Python prints it: `1e+16`, `inf`, `nan`. Undefined for other texts. */
export function floatOf(text: string): number | undefined {
  return FLOAT.test(text) ? numberOf(text) : undefined;
}

function numberOf(text: string): number {
  if (text.endsWith('f')) return text.startsWith('-') ? -Infinity : Infinity;
  return text.endsWith('n') ? NaN : Number(text);
}
