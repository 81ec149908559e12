import { describe, expect, it } from 'vitest';
import { typescriptResult, typescriptType, type TypeNames } from '../../../lib/command-line/types/typescript-type.js';

const names: TypeNames = { own: (name) => (name === 'Frame' ? name : undefined), imported: (name) => name };
const argument = (text: string): string => typescriptType(text, 'argument', names);
const result = (text: string): string => typescriptType(text, 'result', names);

describe('the TypeScript type of a Python type', () => {
  it.each([
    ['int', 'number | bigint', 'number'],
    ['builtins.str', 'string', 'string'],
    ['bytes', 'Uint8Array', 'Buffer'],
    ['datetime.datetime', 'string | Date', 'string'],
    ['list[int]', 'readonly (number | bigint)[]', 'number[]'],
    ['typing.List[Optional[int]]', 'readonly (number | bigint | null)[]', '(number | null)[]'],
    ['list', 'readonly unknown[]', 'unknown[]'],
    ['list[list[str]]', 'readonly (readonly string[])[]', 'string[][]'],
    ['tuple[int, str]', 'readonly [number | bigint, string]', '[number, string]'],
    ['Tuple[int, ...]', 'readonly (number | bigint)[]', 'number[]'],
    ['tuple[()]', 'readonly []', '[]'],
    ['dict', 'Record<string, unknown>', 'Record<string, unknown>'],
    ['dict[str, int | None]', 'Record<string, number | bigint | null>', 'Record<string, number | null>'],
    ['Mapping[int, Frame]', 'Map<number | bigint, Frame>', 'Map<number, Frame>'],
    ['frozenset[bool]', 'Set<boolean>', 'Set<boolean>'],
    ['Union[int, float, None]', 'number | bigint | null', 'number | null'],
    ['Literal["a", 1, -2, True, None]', "'a' | 1 | -2 | true | null", "'a' | 1 | -2 | true | null"],
    ["Literal['it\\'s']", '"it\'s"', '"it\'s"'],
    ['"Frame | None"', 'Frame | null', 'Frame | null'],
    ['Optional["list[Frame]"]', 'readonly Frame[] | null', 'Frame[] | null'],
    ["typing.List[ForwardRef('Frame')]", 'readonly Frame[]', 'Frame[]'],
    ['dict[Union[str, int], Frame]', 'Map<string | number | bigint, Frame>', 'Map<string | number, Frame>'],
    ["dict[Literal['a', 'b'], int]", "Record<'a' | 'b', number | bigint>", "Record<'a' | 'b', number>"],
    ['Annotated[int, "unit"]', 'number | bigint', 'number'],
    ['complex', 'PyComplex', 'PyComplex'],
    ['Any', 'unknown', 'unknown'],
    ['int | numpy.ndarray', 'number | bigint | NdArray', 'number | NdArray'],
    ['int | pandas.DataFrame', 'unknown', 'unknown'],
    ['Callable[[int, str], None]', 'unknown', 'unknown'],
    ['constructor', 'unknown', 'unknown'],
  ])('the Python type %s is %s as an argument, %s as a result', (text, asArgument, asResult) => {
    expect([argument(text), result(text)]).toEqual([asArgument, asResult]);
  });

  it('the TypeScript type of a result is a stream for an iterator, and void for None', () => {
    expect(typescriptResult('Iterator[bytes]', false, names)).toBe('AsyncIterable<Buffer>');
    expect(typescriptResult('Generator[int, None, None]', false, names)).toBe('AsyncIterable<number>');
    expect(typescriptResult('Iterable[int]', true, names)).toBe('AsyncIterable<number>');
    expect(typescriptResult('Iterable[int]', false, names)).toBe('number[]');
    expect(typescriptResult(undefined, true, names)).toBe('AsyncIterable<unknown>');
    expect(typescriptResult('None', false, names)).toBe('void');
  });

  it.each([
    '',
    'list[',
    'list]',
    'a b',
    'int; evil()',
    '{}',
    'int |',
    "'unended",
    '`x`',
    '"two\nlines"',
    'int"',
    '['.repeat(1_000),
    'list['.repeat(100),
    'x'.repeat(20_000),
  ])('the TypeScript type of a text that is no type is unknown', (text) => {
    expect(result(text)).toBe('unknown');
  });
});
