import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { ObjectSignatures, TypeSignature } from '../../../lib/core.js';
import { interfaceName } from '../../../lib/command-line/served-class.js';
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

  it('an interface of a remote object extends only a base with fields that does not lead back to it', () => {
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

  it('an interface of a remote object has parameters of one name with numbers', () => {
    const parameters = Array.from({ length: 3 }, () => ({ name: 'a', kind: 'positional' as const, required: true }));
    const methods = { call: { parameters, oneway: false, stream: false } };
    expect(writeInterfaces([{ name: 'Thing', signatures: { ...none, methods } }])).toContain(
      'call(a: unknown, a_: unknown, a_2: unknown)',
    );
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
