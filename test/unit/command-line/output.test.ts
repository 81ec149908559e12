import { expect, it } from 'vitest';
import { PyroProxy } from '../../../lib/core.js';
import { resultText, table } from '../../../lib/command-line/terminal/output.js';
import { textLiteral } from '../../../lib/command-line/types/text-literal.js';
import { PyroRemoteError } from '../../../lib/serializers/objects/exceptions.js';

const EVIL = '\x1b[2J\x9b31m\u202e';

it('a result is printed without commands for a terminal, whatever it has inside', () => {
  const proxy = PyroProxy.to(`PYRO:evil${EVIL}@localhost:9`);
  const text = resultText([new PyroRemoteError('builtins.ValueError', [EVIL]), proxy, { [EVIL]: EVIL }]);
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(text).toContain('\\u001b[2J\\u009b31m\\u202e');
  expect(resultText({ a: 1 })).toBe('{ a: 1 }');
});

it('the text of a proxy is printable in every log', () => {
  const proxy = PyroProxy.to(`PYRO:evil${EVIL}@localhost:9`);
  expect(String(proxy)).toBe('[PyroProxy PYRO:evil\\u001b[2J\\u009b31m\\u202e@localhost:9]');
});

it('a literal in a generated file has no invisible character, and is the same text', () => {
  const literal = textLiteral(`a${EVIL}\u2028'`);
  expect(literal).toBe(`"a\\u001b[2J\\u009b31m\\u202e\\u2028'"`);
  expect(JSON.parse(literal)).toBe(`a${EVIL}\u2028'`);
});

it('a table has as many rows as a peer has sent', () => {
  expect(
    table(
      ['NAME'],
      Array.from({ length: 150_000 }, () => ['lab.camera']),
    ),
  ).toHaveLength(150_001);
});
