const code = (letter: string): number => letter.charCodeAt(0);

/** Type bytes of marshal. @see CPython, Python/marshal.c, `TYPE_*` */
export const MARSHAL = {
  null: code('0'),
  none: code('N'),
  false: code('F'),
  true: code('T'),
  int: code('i'),
  int64: code('I'),
  long: code('l'),
  float: code('f'),
  binaryFloat: code('g'),
  complex: code('x'),
  binaryComplex: code('y'),
  bytes: code('s'),
  interned: code('t'),
  unicode: code('u'),
  ascii: code('a'),
  asciiInterned: code('A'),
  shortAscii: code('z'),
  shortAsciiInterned: code('Z'),
  tuple: code('('),
  smallTuple: code(')'),
  list: code('['),
  dict: code('{'),
  set: code('<'),
  frozenset: code('>'),
  ref: code('r'),
  /** These two are read only in the info of a SerializedBlob. */
  ellipsis: code('.'),
  stopIteration: code('S'),
} as const;

/** Set in a type byte: the object gets the next reference number. */
export const FLAG_REF = 0x80;
