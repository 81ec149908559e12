import * as lezer from '@lezer/python';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { ObjectSignatures, TypeSignature } from '../../../lib/core.js';
import type { MethodSignature, ParameterSignature } from '../../../lib/daemon/contract/signatures.js';
import { interfaceName } from '../../../lib/command-line/types/served-class.js';
import { readSourceSignatures } from '../../../lib/command-line/types/source-signatures.js';
import { type NamedSignatures, writeInterfaces } from '../../../lib/command-line/types/interface-writer.js';

const none: ObjectSignatures = { class: 'Thing', methods: {}, attributes: {} };

/** Objects with a method, or an attribute, for each name: with a parameter and types of this name. */
function named(names: readonly string[]): NamedSignatures[] {
  const entries = <T>(make: (name: string) => T): Record<string, T> =>
    Object.fromEntries(names.map((name) => [name, make(name)]));
  const types = entries((name) => ({ fields: { [name]: { type: 'int', required: true } } }));
  const methods = entries((name) => ({
    parameters: [
      { name, kind: 'positional' as const, required: true, type: name },
      { name, kind: 'varargs' as const, required: false },
    ],
    returns: `list[${name}]`,
    oneway: false,
    stream: false,
  }));
  const attributes = entries((name) => ({ type: name, readable: true, writable: false }));
  return [
    { name: 'Attributes', signatures: { ...none, attributes, types } },
    { name: 'Methods', signatures: { ...none, methods, types } },
  ];
}

/** The file for a method that takes each of the types of a Python source. */
function fileOf(source: string, types: readonly string[]): string {
  const parameters = types.map((name, index) => `, p${index}: ${name}`).join('');
  const text = `${source}\n@expose\nclass Thing:\n    def take(self${parameters}): pass\n`;
  const [signatures] = readSourceSignatures([{ path: 'thing.py', text }], lezer).classes;
  return writeInterfaces([{ name: 'Thing', signatures: signatures! }]);
}

/** The errors of the compiler for a text. */
function diagnosticsOf(text: string): string[] {
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === 'thing.ts' ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true) : getSourceFile.call(host, name, ...rest);
  const program = ts.createProgram(['thing.ts'], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const KEYWORDS = Array.from({ length: ts.SyntaxKind.LastKeyword - ts.SyntaxKind.FirstKeyword + 1 }, (_, index) =>
  ts.tokenToString(ts.SyntaxKind.FirstKeyword + index)!,
);

describe('an interface of a remote object', () => {
  it('an interface of a remote object compiles when every keyword of TypeScript is a method, a parameter, an attribute and a type', () => {
    expect(KEYWORDS).toContain('class');
    const names = [...KEYWORDS, 'arguments', 'constructor', '__proto__', 'self', 'Map', 'Record', 'AsyncIterable', 'Date'];
    expect(diagnosticsOf(writeInterfaces(named(names)))).toEqual([]);
  });

  it('an interface of a remote object extends its base only when the base has fields and does not extend the interface', () => {
    const fields = { x: { type: 'int', required: true } };
    const types: Record<string, TypeSignature> = {
      Own: { fields, base: 'Own' },
      Here: { fields, base: 'There' },
      There: { fields, base: 'Here' },
      OfAlias: { fields, base: 'Word' },
      Word: { alias: 'int | str' },
      Good: { fields, base: 'Base' },
      Base: { fields },
    };
    const attributes = Object.fromEntries(
      Object.keys(types).map((name) => [name, { type: name, readable: true, writable: false }]),
    );
    const text = writeInterfaces([{ name: 'Thing', signatures: { ...none, attributes, types } }]);
    expect(diagnosticsOf(text)).toEqual([]);
    expect(text.match(/ extends \w+/g)).toEqual([' extends Base']);
  });

  describe('with types of Python that name themselves', () => {
    const RECURSIVE = `
Tree = Union[int, List["Tree"]]
Json: TypeAlias = "None | bool | float | str | list[Json] | dict[str, Json]"
type Nested = tuple[Nested, ...] | Annotated[Nested2, "read"]
type Nested2 = str | set[Nested] | dict[int, Nested]
Even = Union[int, Dict[str, "Odd"]]
Odd = Tuple[str, Optional["Even"]]
Sides = Dict[Literal["left", "right"], Optional["Sides"]]
Lists = List[Dict[str, Union["Lists", None]]]
class Box(NamedTuple):
    label: str
    inner: Optional["Box"]
@dataclass
class Node:
    value: Tree
    children: "Children"
    next: Optional["Node"] = None
Children = Dict[str, Node]
class Folder(TypedDict):
    entries: "dict[str, Folder | Json]"
`;
    const NAMES = ['Tree', 'Json', 'Nested', 'Even', 'Sides', 'Lists', 'Box', 'Node', 'Folder'];

    it('recursive types of Python compile, with aliases, tuples and records that say what the types hold', () => {
      const text = fileOf(RECURSIVE, NAMES);
      expect(text.match(/^export type .*$/gm)).toEqual([
        'export type Box = [string, Box | null];',
        'export type Children = { [key: string]: Node };',
        'export type Even = number | { [key: string]: Odd };',
        'export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };',
        'export type Lists = { [key: string]: Lists | null }[];',
        'export type Nested = Nested[] | Nested2;',
        'export type Nested2 = string | Set<Nested> | Map<number, Nested>;',
        'export type Odd = [string, Even | null];',
        "export type Sides = { [key in 'left' | 'right']: Sides | null };",
        'export type Tree = number | Tree[];',
      ]);
      expect(diagnosticsOf(text)).toEqual([]);
    });

    it('recursive types of Python let the compiler accept right values, and refuse wrong ones', () => {
      const text = fileOf(RECURSIVE, NAMES);
      const values: readonly [type: string, right: string, wrong: string][] = [
        ['Tree', '[1, [2, [3]]]', "[1, ['2']]"],
        ['Json', "{ a: [null, { b: 'c' }] }", '{ a: [null, { b: undefined }] }'],
        ['Nested', "[[new Set([['a']])], new Map([[1, 'a']])]", '[[new Set([[1]])]]'],
        ['Even', "{ a: ['b', { c: ['d', null] }] }", "{ a: ['b', { c: ['d', 'e'] }] }"],
        ['Sides', '{ left: null, right: { left: null, right: null } }', '{ left: null, right: { left: null, up: null } }'],
        ['Lists', '[{ a: [{ b: null }] }]', '[{ a: [{ b: 1 }] }]'],
        ['Box', "['a', ['b', null]]", "['a', ['b', 1]]"],
        ['Children', '{ a: { value: [1], children: {}, next: null } }', "{ a: { value: ['1'], children: {}, next: null } }"],
        ['Folder', '{ entries: { a: { entries: {} }, b: 1 } }', '{ entries: { a: { entries: 1 }, b: undefined } }'],
      ];
      const with_ = (value: (row: (typeof values)[number]) => string): string =>
        text + values.map((row, index) => `export const v${index}: ${row[0]} = ${value(row)};\n`).join('');
      expect(diagnosticsOf(with_(([, right]) => right))).toEqual([]);
      expect(diagnosticsOf(with_(([, , wrong]) => wrong))).toHaveLength(values.length);
    });

    it('a type is unknown, and the file says why, if it is a member of its own union', () => {
      const source = `
Own = "Own"
First = Union["Second", int]
Second = Optional[Annotated["Third", "x"]]
Third = "First | str"
Id = NewType("Id", "Id")
Uses = Union[First, int]
Fine = List["First"]
`;
      const text = fileOf(source, ['Own', 'First', 'Id', 'Uses', 'Fine']);
      expect(text.match(/^export type .*$/gm)).toEqual([
        'export type Fine = First[];',
        'export type First = unknown;',
        'export type Id = unknown;',
        'export type Own = unknown;',
        'export type Uses = First | number;',
      ]);
      expect(text).toContain(
        '/** Unknown, because the type of Python is one of the types that it stands for: Union["Second", int] */\nexport type First',
      );
      expect(diagnosticsOf(text)).toEqual([]);
    });

    it('dicts with any keys compile', () => {
      const source =
        'A = Dict[Union[str, int], "A"]\nB = Dict[Optional[str], "B"]\nC = Dict[Literal["x"], int]\nD = Dict["what?", int]\n';
      const text = fileOf(source, ['A', 'B', 'C', 'D', 'Dict[Union[str, None], Dict[Literal["x", "y"], A]]']);
      expect(text.match(/^export type .*$/gm)).toEqual([
        'export type A = Map<string | number, A>;',
        'export type B = Map<string | null, B>;',
        "export type C = { [key in 'x']: number };",
        'export type D = Map<unknown, number>;',
      ]);
      expect(text).toContain("take(p0: A, p1: B, p2: C, p3: D, p4: Map<string | null, Record<'x' | 'y', A>>): unknown");
      expect(diagnosticsOf(text)).toEqual([]);
    });
  });

  it('an interface of a remote object has the keywords of a method, of a record too, and wants those that are required', () => {
    const keyword = { kind: 'keyword' as const, required: false, type: 'int' };
    const kwargs = (type?: string): ParameterSignature => ({ name: 'k', kind: 'kwargs', required: false, ...(type && { type }) });
    const methodOf = (...parameters: ParameterSignature[]): MethodSignature => ({ parameters, oneway: true, stream: false });
    const text = writeInterfaces([
      {
        name: 'Thing',
        signatures: {
          ...none,
          methods: {
            record: methodOf({ ...keyword, name: 'a', kind: 'positional', required: true }, kwargs('Unpack[Options]')),
            optional: methodOf(kwargs('typing.Unpack[Optional]')),
            unknown: methodOf({ ...keyword, name: 'b' }, kwargs('Unpack[Missing]')),
            twice: methodOf({ ...keyword, name: 'b-c' }, { ...keyword, name: 'b-c', type: 'str' }),
            rest: methodOf({ name: 'of', kind: 'varargs', required: false }, { ...keyword, name: 'b', required: true }),
          },
          types: {
            Options: { fields: { mode: { type: 'str', required: true } } },
            Optional: { fields: { mode: { type: 'str', required: false } } },
          },
        },
      },
    ]);
    expect([...text.matchAll(/^ {2}(\w+\(.*\)): void;$/gm)].map(([, method]) => method)).toEqual([
      'optional(keywords?: KeywordArguments<Optional>)',
      'record(a: number | bigint, keywords: KeywordArguments<{ a?: number | bigint } & Options>)',
      'rest(...of: [...unknown[], KeywordArguments<{ b: number | bigint }>])',
      "twice(keywords?: KeywordArguments<{ 'b-c'?: number | bigint }>)",
      'unknown(keywords?: KeywordArguments<{ b?: number | bigint; [k: string]: unknown }>)',
    ]);
    const declared = text.replace(/^import .*$/m, 'type KeywordArguments<V> = { values: V };');
    expect(diagnosticsOf(declared)).toEqual([]);
  });

  it('an interface of a remote object has parameters of one name with numbers', () => {
    const parameters = Array.from({ length: 3 }, () => ({ name: 'a', kind: 'positional' as const, required: true }));
    const methods = { call: { parameters, oneway: false, stream: false } };
    expect(writeInterfaces([{ name: 'Thing', signatures: { ...none, methods } }])).toContain(
      'call(a: unknown, a_: unknown, a_2: unknown)',
    );
  });

  it('an interface of a remote object has many parameters and keywords, and many of one name, each with its own number', () => {
    const COUNT = 100_000;
    const parameters = Array.from({ length: COUNT }, (_, index): ParameterSignature[] => [
      { name: 'same', kind: 'positional-only', required: false },
      { name: `other${index}`, kind: 'keyword', required: false },
    ]).flat();
    const methods = { take: { parameters, oneway: false, stream: false } };
    const text = writeInterfaces([{ name: 'Thing', signatures: { ...none, methods } }]);
    expect(text).toContain('(same?: unknown, same_?: unknown, same_2?: unknown, same_3?: unknown, ');
    expect(text).toContain(`, same_${COUNT - 1}?: unknown, `);
    expect(text).toContain(`other${COUNT - 1}?: `);
  });

  it('an interface of a remote object has `new` as a method, and not as what a class has', () => {
    const text = writeInterfaces(named(['new']));
    expect(text).toContain("  'new'(new_: ");
  });

  it.each(['\u0301', '\u0301a', '1a', '\u200d', '', 'a-b', '\u{1e4d0}', '\ua7cb', 'größe', '名前'])(
    'an interface of a remote object compiles with a parameter, a method and an attribute that are named %j',
    (name) => {
      expect(diagnosticsOf(writeInterfaces(named([name])))).toEqual([]);
    },
  );

  it('an interface of a remote object is refused when its members lead to thousands of types, each of which names the next', () => {
    const chain = (length: number): ObjectSignatures => {
      const types: Record<string, TypeSignature> = {};
      for (let index = 0; index < length; index++) types[`T${index}`] = { alias: index + 1 < length ? `T${index + 1}` : 'int' };
      return { ...none, attributes: { first: { type: 'T0', readable: true, writable: true } }, types };
    };
    expect(() => writeInterfaces([{ name: 'Thing', signatures: chain(20_000) }])).toThrow(
      'the members lead to more than 200 types that are other names of types; a file can have so many: write fewer objects into it',
    );
    expect(diagnosticsOf(writeInterfaces([{ name: 'Thing', signatures: chain(200) }]))).toEqual([]);
  });

  it('an interface of a remote object has the name of its object, but not that of a type that TypeScript has', () => {
    expect(['lab.camera', 'lab.map', 'Date', 'record', '1', 'class'].map(interfaceName)).toEqual([
      'Camera',
      'MapObject',
      'DateObject',
      'RecordObject',
      'Object1',
      'Class',
    ]);
  });
});
