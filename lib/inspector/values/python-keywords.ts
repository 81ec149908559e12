/** Names that Python's grammar takes for itself: no variable, member or keyword argument has one. */
export const PYTHON_KEYWORDS: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda ' +
    'nonlocal not or pass raise return try while with yield __debug__'
  ).split(' '),
);
