import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { namedParameters } from '../../../lib/objects/parameters/parameter-reader.js';
import { ArgumentBinder } from '../../../lib/objects/parameters/argument-binder.js';
import { ensurePythonEnv } from '../../interop/python-env.js';

const binder = (params: string[]): ArgumentBinder => new ArgumentBinder('Thing.method', namedParameters(params));

interface Case {
  params: string[];
  args: unknown[];
  kwargs: Record<string, unknown>;
}

/** Every combination of a few signatures and a few calls. */
const cases: Case[] = [
  [],
  ['a'],
  ['a?'],
  ['a', 'b'],
  ['a', 'b?'],
  ['a', 'b', 'c'],
  ['a', '...rest'],
  ['...rest'],
  ['a?', 'b?'],
].flatMap((params) =>
  [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]].flatMap((args) =>
    [{}, { a: 9 }, { b: 9 }, { x: 9 }, { a: 9, x: 9 }, { b: 9, c: 9 }].map((kwargs) => ({ params, args, kwargs })),
  ),
);

/** CPython's answers to the same calls: the bound values, or the text of the error. */
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
  it('ArgumentBinder binds arguments, or fails with the error text, as CPython does for the same calls', async () => {
    const python = await ensurePythonEnv();
    const answers = JSON.parse(execFileSync(python, ['-c', PYTHON], { input: JSON.stringify(cases) }).toString()) as unknown[];
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
});
