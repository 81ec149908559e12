import { PYTHON_KEYWORDS } from '../../inspector/values/python-keywords.js';

/**
 * True for a name that Python's code can give to a class, a member or a parameter.
 *
 * False for `__name`, which Python changes within a class, and for a name that Python reads as another name: `ﬁ` as `fi`.
 */
export function isPythonName(name: string): boolean {
  const isMangled = name.startsWith('__') && !name.endsWith('__');
  return /^[\p{XIDS}_]\p{XIDC}*$/u.test(name) && !PYTHON_KEYWORDS.has(name) && !isMangled && name.normalize('NFKC') === name;
}

/** A name of a member of an Enum. Python keeps names that begin with `_` for itself. @param taken gets the name */
export function enumMemberName(given: string, taken: Set<string>): string {
  const name = pythonNameFor(/^[\p{XIDS}]/u.test(given) ? given : `m_${given}`, taken);
  taken.add(name);
  return name;
}

/** A name of Python that is similar to the given name, and not taken. */
export function pythonNameFor(given: string, ...taken: readonly ReadonlySet<string>[]): string {
  let name = given
    .normalize('NFKC')
    .replace(/\P{XIDC}/gu, '_')
    .replace(/^(?!\p{XIDS}|_)/u, '_')
    .replace(/^__(?=.*[^_])/, '_');
  while (!isPythonName(name) || taken.some((names) => names.has(name))) name += '_';
  return name;
}
