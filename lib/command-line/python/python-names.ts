const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda ' +
    'nonlocal not or pass raise return try while with yield __debug__'
  ).split(' '),
);

/**
 * True for a name that Python's code can give to a class, a member or a parameter.
 *
 * False for `__name`, which Python changes within a class, and for a name that Python reads as another name: `ﬁ` as `fi`.
 */
export function isPythonName(name: string): boolean {
  const isMangled = name.startsWith('__') && !name.endsWith('__');
  return /^[\p{XIDS}_]\p{XIDC}*$/u.test(name) && !KEYWORDS.has(name) && !isMangled && name.normalize('NFKC') === name;
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
