import { describe, expect, it } from 'vitest';
import { namedParameters } from '../../../lib/objects/parameters/parameter-reader.js';
import { ArgumentBinder } from '../../../lib/objects/parameters/argument-binder.js';

const binder = (params: string[], takesKeywords = false): ArgumentBinder =>
  new ArgumentBinder('Thing.method', namedParameters(params), takesKeywords);

describe('ArgumentBinder', () => {
  it.each<[string[], unknown[], Record<string, unknown>, string]>([
    [['a'], [], {}, "missing 1 required positional argument: 'a'"],
    [['a', 'b'], [], {}, "missing 2 required positional arguments: 'a' and 'b'"],
    [['a', 'b', 'c'], [], {}, "missing 3 required positional arguments: 'a', 'b', and 'c'"],
    [[], [1], {}, 'takes 1 positional argument but 2 were given'],
    [['a', 'b?'], [1, 2, 3], {}, 'takes from 2 to 3 positional arguments but 4 were given'],
    [['a'], [1], { a: 1 }, "got multiple values for argument 'a'"],
    [['a'], [], { a: 1, x: 1 }, "got an unexpected keyword argument 'x'"],
  ])('ArgumentBinder refuses the arguments when parameters %j are called with %j %j', (params, args, kwargs, text) => {
    expect(() => binder(params).bind(args, kwargs)).toThrow(`Thing.method() ${text}`);
  });

  it('ArgumentBinder refuses more arguments than fit on the stack of V8', () => {
    const many = (count: number): unknown[] => Array.from({ length: count }, () => null);
    const rest = new ArgumentBinder('Thing.method', { ...namedParameters([]), rest: true });
    expect(rest.bind(many(32_768), {}).args).toHaveLength(32_768);
    expect(() => rest.bind(many(32_769), {})).toThrow(
      'Thing.method() is called with 32769 arguments, over 32768; send them as one list',
    );
    expect(() => binder(['a']).bind(many(200_000), {})).toThrow('takes 2 positional arguments but 200001 were given');
  });

  it('ArgumentBinder passes the arguments unchanged when no keyword has to be placed', () => {
    const args = [1, 2];
    expect(binder(['a', 'b']).bind(args, {}).args).toBe(args);
  });

  it('ArgumentBinder passes undefined for parameters that are left out before a keyword', () => {
    expect(binder(['a?', 'b?', 'c?']).bind([], { c: 3 }).args).toEqual([undefined, undefined, 3]);
  });

  it('ArgumentBinder keeps a keyword argument None apart from one that is left out', () => {
    expect(binder(['a']).bind([null], {}).args).toEqual([null]);
    expect(binder(['a']).bind([], { a: null }).args).toEqual([null]);
  });

  it('ArgumentBinder collects the other keywords when asked to', () => {
    const bound = binder(['a'], true).bind([], { a: 1, b: 2, __proto__x: 3 });
    expect(bound.args).toEqual([1]);
    expect({ ...bound.keywords }).toEqual({ b: 2, __proto__x: 3 });
  });

  it('a keyword cannot pollute a prototype', () => {
    const kwargs = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}') as Record<string, unknown>;
    const { keywords } = binder([], true).bind([], kwargs);
    expect(Object.keys(keywords)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(() => binder(['a?']).bind([], kwargs)).toThrow("unexpected keyword argument '__proto__'");
  });

  it('ArgumentBinder takes any positional arguments and no keywords when names are unknown, and tells the remedy', () => {
    const unknown = new ArgumentBinder('Thing.method', undefined);
    expect(unknown.bind([1, 2, 3], {}).args).toEqual([1, 2, 3]);
    expect(() => unknown.bind([], { a: 1 })).toThrow(/^Thing\.method\(\) got an unexpected keyword argument 'a' \(.*`params`\)$/);
  });

  it('ArgumentBinder names a destructured parameter by its position', () => {
    const unnamed = new ArgumentBinder('Thing.method', {
      positional: [{ name: undefined, optional: false }],
      rest: false,
      trustworthy: true,
    });
    expect(() => unnamed.bind([], {})).toThrow("missing 1 required positional argument: 'argument 1'");
  });

  describe('with names that a bundler or minifier may have changed', () => {
    const read = (names: string[], trustworthy = true): ArgumentBinder => {
      const { positional, rest } = namedParameters(names);
      return new ArgumentBinder('Thing.method', { positional, rest, trustworthy }, true);
    };

    it.each([
      ['text2', 'text'],
      ['text$1', 'text'],
      ['axis12', 'axis1'],
      ['axis12', 'axis'],
      ['x1$1', 'x1'],
      ['_$text', 'text'],
    ])('a changed name, %s, is named as the parameter that may have been %s', (name, before) => {
      expect(() => read([`${name}?`], false).bind([], { [before]: 'steel' })).toThrow(
        `Thing.method() got an unexpected keyword argument '${before}' (a compiler or bundler may have renamed the parameter to '${name}'; ` +
          'the server has to give the names as `params`)',
      );
    });

    it('an unexpected keyword names the parameter that may have had the name, also where nothing else shows a compiler', () => {
      const plain = (...given: string[]): ArgumentBinder =>
        new ArgumentBinder('Thing.method', { ...namedParameters(given), declared: false });
      expect(() => plain('process1').bind([], { process: 1 })).toThrow(
        "renamed the parameter to 'process1'; the server has to give",
      );
      expect(() => plain('item1', 'item2').bind([], { item: 1 })).toThrow(/unexpected keyword argument 'item'$/);
      expect(() => plain('text', 'text1').bind([], { texts: 1 })).toThrow(/unexpected keyword argument 'texts'$/);
    });

    it('names that cannot be trusted leave no keyword to the remaining keywords', () => {
      expect(() => read(['e?'], false).bind([], { text: 'steel' })).toThrow('`params`');
      expect(read([], false).bind([], { text: 'steel' }).keywords).toEqual({ text: 'steel' });
    });

    it('a number at the end of a name that the author gave is a part of the name', () => {
      expect(binder(['base64'], true).bind([], { base64: 1, base: 3 })).toMatchObject({ args: [1], keywords: { base: 3 } });
      expect(read(['x2?']).bind([], { x2: 1, x: 2 })).toMatchObject({ args: [1], keywords: { x: 2 } });
    });
  });

  it('ArgumentBinder binds many keywords in linear time', () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `p${index}`);
    let reads = 0;
    const counting = <T extends object>(object: T): T =>
      new Proxy(object, {
        get(target, key) {
          reads++;
          return Reflect.get(target, key) as unknown;
        },
      });
    const positional = counting(names.map((name) => counting({ name, optional: false })));
    const many = new ArgumentBinder('Thing.method', { positional, rest: false, trustworthy: true }, true);
    expect(many.bind([], counting(Object.fromEntries(names.map((name) => [name, 1])))).args).toEqual(names.map(() => 1));
    expect(many.bind([], counting(Object.fromEntries([...names, 'more'].map((name) => [name, 1])))).keywords).toEqual({
      more: 1,
    });
    // each read that compares one name with all others would make 4,000,000
    expect(reads).toBeGreaterThan(names.length);
    expect(reads).toBeLessThan(20 * names.length);
  });
});
