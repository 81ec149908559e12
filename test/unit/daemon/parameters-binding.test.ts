import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { namedParameters } from '../../../lib/daemon/parameters.js';
import { ArgumentBinder } from '../../../lib/daemon/parameters-binding.js';

const binder = (params: string[], takesKeywords = false): ArgumentBinder => new ArgumentBinder('Thing.method', namedParameters(params), takesKeywords);

interface Case {
  params: string[];
  args: unknown[];
  kwargs: Record<string, unknown>;
}

/** Every mix of a few signatures and a few calls. */
const cases: Case[] = [[], ['a'], ['a?'], ['a', 'b'], ['a', 'b?'], ['a', 'b', 'c'], ['a', '...rest'], ['...rest'], ['a?', 'b?']].flatMap((params) =>
  [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]].flatMap((args) =>
    [{}, { a: 9 }, { b: 9 }, { x: 9 }, { a: 9, x: 9 }, { b: 9, c: 9 }].map((kwargs) => ({ params, args, kwargs })),
  ),
);

/** What CPython says to the same calls: the bound values, or the error's text. */
const PYTHON = `
import json, sys
out = []
for case in json.load(sys.stdin):
    names = [p[:-1] + '=None' if p.endswith('?') else '*rest' if p.startswith('...') else p for p in case['params']]
    used = [n.split('=')[0] for n in names]
    body = '[' + ', '.join(u for u in used) + ']'
    space = {}
    exec(f"class Thing:\\n  def method({', '.join(['self'] + names)}): return {body}", space)
    try:
        out.append(space['Thing']().method(*case['args'], **case['kwargs']))
    except TypeError as error:
        out.append(str(error).split('. Did you mean')[0])
print(json.dumps(out))
`;

describe('ArgumentBinder', () => {
  it('binds and refuses as CPython does', () => {
    const answers = JSON.parse(execFileSync('python3', ['-c', PYTHON], { input: JSON.stringify(cases) }).toString()) as unknown[];
    const ours = cases.map(({ params, args, kwargs }) => {
      try {
        const bound = binder(params).bind(args, kwargs).args;
        const named = params.filter((name) => !name.startsWith('...'));
        const values: unknown[] = named.map((_, index) => bound[index] ?? null);
        return [...values, ...bound.slice(named.length)];
      } catch (error) {
        const { message } = error as Error;
        return params.length === 1 && params[0]!.startsWith('...') ? message.replace(/ \(its parameter names.*/, '') : message;
      }
    });
    expect(answers).toHaveLength(270);
    expect(answers.filter((answer) => typeof answer === 'string').length).toBeGreaterThan(100);
    for (const [index, { params, args, kwargs }] of cases.entries()) {
      expect(ours[index], JSON.stringify({ params, args, kwargs })).toEqual(answers[index]);
    }
  });

  it('hands over the arguments as they are when nothing has to be moved', () => {
    const args = [1, 2];
    expect(binder(['a', 'b']).bind(args, {}).args).toBe(args);
  });

  it('passes undefined for what was left out before a keyword', () => {
    expect(binder(['a?', 'b?', 'c?']).bind([], { c: 3 }).args).toEqual([undefined, undefined, 3]);
  });

  it('keeps None apart from left out', () => {
    expect(binder(['a']).bind([null], {}).args).toEqual([null]);
    expect(binder(['a']).bind([], { a: null }).args).toEqual([null]);
  });

  it('collects the other keywords when asked to', () => {
    const bound = binder(['a'], true).bind([], { a: 1, b: 2, __proto__x: 3 });
    expect(bound.args).toEqual([1]);
    expect({ ...bound.keywords }).toEqual({ b: 2, __proto__x: 3 });
  });

  it('cannot be made to pollute a prototype by a keyword', () => {
    const kwargs = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}') as Record<string, unknown>;
    const { keywords } = binder([], true).bind([], kwargs);
    expect(Object.keys(keywords)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(() => binder(['a?']).bind([], kwargs)).toThrow("unexpected keyword argument '__proto__'");
  });

  it('takes any positional arguments and no keywords when names are unknown, and tells the remedy', () => {
    const unknown = new ArgumentBinder('Thing.method', undefined);
    expect(unknown.bind([1, 2, 3], {}).args).toEqual([1, 2, 3]);
    expect(() => unknown.bind([], { a: 1 })).toThrow(/^Thing\.method\(\) got an unexpected keyword argument 'a' \(.*`params`\)$/);
  });

  it('names a destructured parameter by its position', () => {
    const unnamed = new ArgumentBinder('Thing.method', { positional: [{ name: undefined, optional: false }], rest: false, trustworthy: true });
    expect(() => unnamed.bind([], {})).toThrow("missing 1 required positional argument: 'argument 1'");
  });

  it('binds many keywords in linear time', () => {
    const params = Array.from({ length: 2_000 }, (_, index) => `p${index}`);
    const kwargs = Object.fromEntries(params.map((name) => [name, 1]));
    const started = performance.now();
    for (let round = 0; round < 20; round++) binder(params).bind([], kwargs);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
