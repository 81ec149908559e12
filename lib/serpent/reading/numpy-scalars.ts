import { isDecimalDigit, isLetter, CHARACTERS } from '../text/characters.js';
import type { PyFloat } from '../values/values.js';
import type { Scanner } from './scanner.js';

/** The kind of value in a scalar type of NumPy. */
export type NumpyKind = 'int' | 'float' | 'complex' | 'str' | 'bytes';

/** The names of NumPy in its `repr`: NumPy 2 writes `np.`; a program may have set the longer name. */
const PREFIXES = ['np.', 'numpy.'];

const KINDS: readonly [RegExp, NumpyKind | boolean][] = [
  [/^True_?$/, true],
  [/^False_?$/, false],
  [/^(?:u?int(?:8|16|32|64|c|p)?|u?(?:byte|short|long|longlong))$/, 'int'],
  [/^(?:float(?:16|32|64|96|128)?|half|single|double|longdouble)$/, 'float'],
  [/^(?:complex(?:64|128|192|256)|c(?:single|double|longdouble))$/, 'complex'],
  [/^str_$/, 'str'],
  [/^bytes_$/, 'bytes'],
];

const SPECIAL_FLOATS: ReadonlyMap<string, number> = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['-inf', -Infinity],
]);

/** True when a name of NumPy stands at the cursor. */
export function isNumpyName(scanner: Scanner): boolean {
  return PREFIXES.some((prefix) => scanner.isNext(prefix));
}

/** Reads `np.float64` and gives `float64`. */
export function readNumpyName(scanner: Scanner): string {
  const start = scanner.bytes.indexOf(CHARACTERS.POINT, scanner.pos) + 1;
  let end = start;
  for (
    let code = scanner.codeAt(end);
    isLetter(code) || isDecimalDigit(code) || code === CHARACTERS.UNDERSCORE;
    code = scanner.codeAt(end)
  ) {
    end++;
  }
  scanner.pos = end;
  return scanner.texts.ascii(start, Math.min(end, start + 40));
}

/** The kind of a scalar type, or the value of a constant; undefined for everything else of NumPy. */
export function numpyKindOf(name: string): NumpyKind | boolean | undefined {
  return KINDS.find(([pattern]) => pattern.test(name))?.[1];
}

/** Reads a float that has no literal or is written as a text: `nan`, `-inf`, `'1.5'` of a long double. */
export function numpyNumber(scanner: Scanner, kind: NumpyKind): number | PyFloat | undefined {
  if (kind !== 'float') return undefined;
  const rest = scanner.bytes.toString('latin1', scanner.pos, scanner.pos + 80);
  for (const [name, value] of SPECIAL_FLOATS) {
    if (!rest.startsWith(`${name})`)) continue;
    scanner.pos += name.length;
    return scanner.newFloat(value);
  }
  const quoted = /^'([-+\d.e]+|-?inf|nan)'/.exec(rest);
  const value = quoted && (SPECIAL_FLOATS.get(quoted[1]!) ?? Number(quoted[1]));
  if (!quoted || value === null || (Number.isNaN(value) && quoted[1] !== 'nan')) return undefined;
  scanner.pos += quoted[0].length;
  return scanner.newFloat(value);
}
