/**
 * Codes of the characters that the grammars of Python literals, of json and of ISO times are made of.
 *
 * Readers copy the codes into constants of their own: `const { COMMA, COLON } = CHARACTERS`. V8 treats such constants as
 * literals, but loads an imported constant at each use, which makes reading numbers 15 to 30% slower.
 */
export const CHARACTERS = {
  TAB: 9,
  LINE_FEED: 10,
  FORM_FEED: 12,
  CARRIAGE_RETURN: 13,
  SPACE: 32,
  DOUBLE_QUOTE: 34,
  HASH: 35,
  QUOTE: 39,
  PAREN_OPEN: 40,
  PAREN_CLOSE: 41,
  PLUS: 43,
  COMMA: 44,
  MINUS: 45,
  POINT: 46,
  ZERO: 48,
  SEVEN: 55,
  NINE: 57,
  COLON: 58,
  EQUALS: 61,
  UPPER_A: 65,
  UPPER_F: 70,
  UPPER_I: 73,
  UPPER_N: 78,
  UPPER_T: 84,
  UPPER_U: 85,
  UPPER_Z: 90,
  BRACKET_OPEN: 91,
  BACKSLASH: 92,
  BRACKET_CLOSE: 93,
  UNDERSCORE: 95,
  LOWER_A: 97,
  LOWER_B: 98,
  LOWER_E: 101,
  LOWER_F: 102,
  LOWER_J: 106,
  LOWER_N: 110,
  LOWER_O: 111,
  LOWER_R: 114,
  LOWER_S: 115,
  LOWER_T: 116,
  LOWER_U: 117,
  LOWER_V: 118,
  LOWER_X: 120,
  LOWER_Z: 122,
  BRACE_OPEN: 123,
  BRACE_CLOSE: 125,
  DELETE: 127,
} as const;

const { ZERO, NINE, LOWER_A, LOWER_F, LOWER_Z } = CHARACTERS;

export function isDecimalDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

export function isHexDigit(code: number): boolean {
  return isDecimalDigit(code) || (toLower(code) >= LOWER_A && toLower(code) <= LOWER_F);
}

/** An ASCII letter of either case. */
export function isLetter(code: number): boolean {
  return toLower(code) >= LOWER_A && toLower(code) <= LOWER_Z;
}

/** The code of the lower case letter, when `code` is an ASCII letter. */
export function toLower(code: number): number {
  return code | 32;
}
