import { transformSync as swc } from '@swc/core';
import { parse } from 'acorn';
import { transformSync as esbuild } from 'esbuild';
import { describe, expect, it, vi } from 'vitest';
import { namedParameters, readParameters } from '../../../lib/objects/parameters/parameter-reader.js';

vi.mock('acorn', { spy: true });

/** Counts the characters that the parser reads from now on. */
function parsing(): { readonly characters: number } {
  const { calls } = vi.mocked(parse).mock;
  const first = calls.length;
  return {
    get characters() {
      return calls.slice(first).reduce((sum, [source]) => sum + source.length, 0);
    },
  };
}

type AnyFunction = (...args: never[]) => unknown;

/** Makes a function from source text, because the test runner's compiler would rewrite a function in this file. */
const evaluate = (source: string): AnyFunction => new Function(`return ${source}`)() as AnyFunction;
const method = (source: string, key = 'method'): AnyFunction => {
  const type = evaluate(`class Thing { #secret = 1; ${source} }`) as unknown as { prototype: object };
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, key)!;
  return (descriptor.value ?? descriptor.set ?? descriptor.get) as AnyFunction;
};
const names = (fn: AnyFunction): (string | undefined)[] | undefined =>
  readParameters(fn)?.positional.map(({ name, optional }) => (optional ? `${name}?` : name));

describe('readParameters', () => {
  it.each([
    ['method(a, b) {}', ['a', 'b']],
    ['async method(a, b = 1) {}', ['a', 'b?']],
    ['*method(a) {}', ['a']],
    ['async *method(a, b = { c: [1, ")"] }) {}', ['a', 'b?']],
    ['method({ a, b }, [c], d) {}', ['undefined', 'undefined', 'd']],
    ['method({ a } = {}) {}', ['undefined?']],
    ['method(/* a, */ b, // c\n d) {}', ['b', 'd']],
    ["method(a = ')', b = `${'}'}`, c = /[/)]/) {}", ['a?', 'b?', 'c?']],
    ['method(a = (x, y) => x) { return super.toString() + this.#secret }', ['a?']],
    ['method() {}', []],
  ])('readParameters reads the parameters of %s', (source, expected) => {
    expect(names(method(source))?.map(String)).toEqual(expected);
  });

  it.each([
    ["['computed' + 1](a) {}", 'computed1'],
    ["'a name'(a) {}", 'a name'],
    ['get(a) {}', 'get'],
    ['static(a) {}', 'static'],
    ['async(a) {}', 'async'],
    ['function(a) {}', 'function'],
    ['set value(a) {}', 'value'],
    ['12(a) {}', '12'],
  ])('readParameters reads the parameters of a method whose head is %s', (source, key) => {
    expect(names(method(source, key))).toEqual(['a']);
  });

  it.each(['function (a, b) {}', 'function f(a, b) {}', 'async function* f(a, b) {}', '(a, b) => a', 'async (a, b) => {}'])(
    'readParameters reads the parameters of the function %s',
    (source) => {
      expect(names(evaluate(source))).toEqual(['a', 'b']);
    },
  );

  it('readParameters tells a rest parameter apart from the named parameters', () => {
    expect(readParameters(method('method(a, ...more) {}'))).toEqual({
      positional: [{ name: 'a', optional: false }],
      rest: true,
      trustworthy: true,
    });
  });

  it.each([
    'function (a_1) { return __awaiter(this, arguments, void 0, function* (a, b = 1) { yield a; }); }',
    'function (a_1) { return tslib_1.__awaiter(this, arguments, void 0, function* (a, b = 1) { yield a; }); }',
    'function (a_1) { return __asyncGenerator(this, arguments, function* f_1(a, b = 1) { yield a; }); }',
  ])('readParameters finds the parameter names that TypeScript moved to an inner function: %s', (source) => {
    expect(names(evaluate(source))).toEqual(['a', 'b?']);
  });

  it('readParameters keeps the outer parameter names when TypeScript left them there', () => {
    expect(names(evaluate('function (a) { return __awaiter(this, void 0, void 0, function* () {}); }'))).toEqual(['a']);
  });

  it('readParameters reads no parameters of a function without source', () => {
    expect(readParameters(Math.max as AnyFunction)).toBeUndefined();
    expect(readParameters(method('method(a) {}').bind(null) as AnyFunction)).toBeUndefined();
    expect(readParameters(class Thing {} as unknown as AnyFunction)).toBeUndefined();
  });

  it('readParameters does not trust parameter names that look minified or wrapped', () => {
    expect(readParameters(method('method(e,t){return e}'))?.trustworthy).toBe(false);
    expect(readParameters(evaluate('function (...args) { return 1; }'))?.trustworthy).toBe(false);
    expect(readParameters(method('method(e, t) { return e; }'))?.trustworthy).toBe(true);
    expect(readParameters(method('method(){}'))?.trustworthy).toBe(true);
    expect(readParameters(method('method(text2,options){return text2}'))?.trustworthy).toBe(false);
    expect(readParameters(method('method(_0x3f2a1b = 1) { return _0x3f2a1b; }'))?.trustworthy).toBe(false);
    expect(readParameters(method('method(a,b){return a+b;}'))?.trustworthy).toBe(true);
    // an author who writes no spaces
    expect(readParameters(method('method(person,item){return item}'))?.trustworthy).toBe(true);
  });

  it.each([
    'method(x, y){\n    for (const axis of [x, y]) {\n      this.last = axis;\n    }\n  }',
    'async method(ch, n = 2){\r\n    try {\r\n      return [ch, n];\r\n    } finally {\r\n      this.busy = false;\r\n    }\r\n  }',
    'method(a, b){\n\treturn a + b\n}',
    'method(a, b){ return a + b }',
  ])('readParameters trusts the parameter names of an author without a space before the brace: %j', (source) => {
    expect(readParameters(method(source))?.trustworthy).toBe(true);
  });

  it.each([
    'method(e,t){return`a\n    ${e}`}',
    // a minifier that limits the length of lines
    'method(e,t){\nreturn e}',
    'method(e,t){}',
  ])('readParameters does not trust the parameter names of minified code with line breaks: %j', (source) => {
    expect(readParameters(method(source))?.trustworthy).toBe(false);
  });

  it('readParameters reads the parameters of a large method in linear time', () => {
    const parsed = parsing();
    const body = 'x = [x, { y: () => x }];'.repeat(5_000);
    expect(names(method(`method(x) { ${body} }`))).toEqual(['x']);
    expect(parsed.characters).toBeGreaterThan(body.length);
    expect(parsed.characters).toBeLessThan(2 * body.length);
  });
});

const DEFAULTS = `export class Lab {
  sync(text = 'everything', options) { return [text, options]; }
  async search(text = 'everything', limit = 5) { return [text, limit, this]; }
  behind(first, text = 'everything', { a } = {}, last = 1) { return [first, text, a, last]; }
  async many(text = 'everything', ...more) { return [text, more]; }
  all(...more) { return more; }
  async destructured({ a } = { a: 1 }, text = 'everything', options) { return [a, text, options]; }
  async *items({ a } = {}, text) { yield [a, text]; }
  async mixed(first, { a } = {}, text = 'everything') { return [first, a, text]; }
}`;

describe('readParameters of methods that a compiler has made for an old target', () => {
  const read = (code: string, name: string): ReturnType<typeof readParameters> => {
    const made = { exports: {} as { Lab: { prototype: Record<string, AnyFunction> } } };
    new Function('module', 'exports', 'require', code)(made, made.exports, () => ({ _: (value: unknown) => value }));
    return readParameters(made.exports.Lab.prototype[name]!);
  };
  const bySwc = (target: 'es5' | 'es2015', externalHelpers: boolean): string =>
    swc(DEFAULTS, { swcrc: false, module: { type: 'commonjs' }, jsc: { target, externalHelpers } }).code;
  const byEsbuild = (): string => esbuild(DEFAULTS, { target: 'es2016', format: 'cjs' }).code;

  it.each([
    ['SWC for ES5', bySwc('es5', false)],
    ['SWC for ES2015', bySwc('es2015', false)],
    ['SWC for ES2015, with its helpers outside', bySwc('es2015', true)],
    ['esbuild for ES2016', byEsbuild()],
  ])('readParameters finds parameters with defaults that %s has moved', (_, code) => {
    const described = (name: string): unknown => {
      const { positional, rest } = read(code, name)!;
      return [...positional.map((each) => `${each.name}${each.optional ? '?' : ''}`), ...(rest ? ['...'] : [])];
    };
    expect(described('sync')).toEqual(['text?', 'options']);
    expect(described('search')).toEqual(['text?', 'limit?']);
    expect(described('behind')).toEqual(['first', 'text?', 'undefined?', 'last?']);
    expect(described('many')).toEqual(['text?', '...']);
    expect(described('all')).toEqual(['...']);
  });

  it.each([
    ['SWC for ES2015', bySwc('es2015', false)],
    ['esbuild for ES2016', byEsbuild()],
  ])('readParameters finds the parameters behind a destructured one that %s has moved', (_, code) => {
    expect(read(code, 'destructured')?.positional.map(({ name }) => name)).toEqual([undefined, 'text', 'options']);
    expect(read(code, 'items')?.positional.map(({ name }) => name)).toEqual([undefined, 'text']);
    expect(read(code, 'mixed')?.positional.map(({ name }) => name)).toEqual(['first', undefined, 'text']);
  });

  it('readParameters does not trust a head that lacks parameters which it cannot find', () => {
    const hidden = { positional: [], rest: true, trustworthy: false };
    for (const name of ['items', 'mixed']) expect(read(bySwc('es5', false), name)).toEqual(hidden);
    expect(readParameters(method('method(){return p(this,arguments,function*({a:e}={},t=1){return t})}'))).toEqual(hidden);
    expect(readParameters(evaluate('function () { return original.apply(this, arguments); }'))).toEqual(hidden);
    expect(names(method('method(text) { return arguments.length > 1 || (() => text)(); }'))).toEqual(['text']);
  });
});

describe('readParameters of methods that use `arguments`', () => {
  it.each([
    "method(x, y = 2) { helper('move', arguments); return x + y; }",
    'method(x, y = 2) { console.log(arguments); }',
    'method(x, y = 2) { return super.method.apply(this, arguments); }',
    'method(x, y = 2) { return helper(this, arguments); }',
    'method(x, y = 2) { return helper(this, arguments, function (item) { return item; }); }',
    'method(x, y = 2) { return [1].map(() => String(arguments)); }',
    'async method(x, y = 2) { return Math.max(...arguments); }',
    'method(x, y = 2) { return __async(this, arguments, function* () { yield x; }); }',
    'method(x, y = 2){return helper(arguments);}',
  ])('readParameters keeps the head of an author who hands `arguments` on: %s', (source) => {
    const positional = [
      { name: 'x', optional: false },
      { name: 'y', optional: true },
    ];
    expect(readParameters(method(source))).toEqual({ positional, rest: false, trustworthy: true });
  });

  it.each([
    'method(first) { return p(this, arguments, function* (first, { a } = {}) { yield a; }); }',
    'method(first) { return p(function* (first, { a } = {}) { yield a; }).apply(this, arguments); }',
    'method(_0) { return _async_to_generator(function (first) { return arguments[1]; }).apply(this, arguments); }',
    'method(_x, _x2) { return _method.apply(this, arguments); }',
    'method(e,t){return n.apply(this,arguments)}',
    'method(e,t){return n(this,arguments,void 0,function(e,t,r){return r})}',
    'method() { console.log(arguments); }',
  ])('readParameters takes any arguments where a compiler has moved the parameters away from the head: %s', (source) => {
    expect(readParameters(method(source))).toEqual({ positional: [], rest: true, trustworthy: false });
  });
});

describe('namedParameters', () => {
  it('namedParameters reads required, optional and rest parameters from `params`', () => {
    expect(namedParameters(['person', 'item?', '...more'])).toEqual({
      positional: [
        { name: 'person', optional: false },
        { name: 'item', optional: true },
      ],
      rest: true,
      trustworthy: true,
      declared: true,
    });
  });

  it('namedParameters refuses `params` with an empty name, a repeated name, or a name after the rest', () => {
    expect(() => namedParameters(['?'])).toThrow('is empty');
    expect(() => namedParameters(['a', 'a?'])).toThrow('"a" is given twice');
    expect(() => namedParameters(['...a', 'b'])).toThrow('nothing can follow');
  });
});
