import { expect, it } from 'vitest';
import { printable, printableMessage, printableStack } from '../../../lib/reports/printable.js';

it('printable escapes what would change a terminal, begin a line, or turn the direction of a text', () => {
  expect(printable('\x1b[2J\r\n[Nest] FAKE\u2028\u202e\u200b\x9b\ud800')).toBe(
    '\\u001b[2J\\u000d\\u000a[Nest] FAKE\\u2028\\u202e\\u200b\\u009b\\ud800',
  );
  expect(printable('Größe 温度 🙂')).toBe('Größe 温度 🙂');
});

it('printable cuts long texts before it escapes them', () => {
  expect(printable('\n'.repeat(1_000_000))).toBe(`${'\\u000a'.repeat(200)}…`);
});

it('printableMessage takes any thrown value', () => {
  expect(printableMessage(new Error('a\nb'))).toBe('a\\u000ab');
  expect(printableMessage({ toString: 1 })).toBe('without a text');
});

it('no line of a printed stack can be taken for a line of a log', () => {
  const error = new Error('first\n[Nest] FAKE LINE\n\x1b[31m');
  const [head, ...frames] = printableStack(error).split('\n');
  expect(head).toBe('Error: first\\u000a[Nest] FAKE LINE\\u000a\\u001b[31m');
  expect(frames.length).toBeGreaterThan(2);
  expect(frames.every((line) => line.startsWith('    at '))).toBe(true);
  error.stack = `${error.stack}\nRemote traceback:\n[Nest] FAKE\x07`;
  expect(printableStack(error).split('\n').slice(-2)).toEqual(['    Remote traceback:', '    [Nest] FAKE\\u0007']);
});

it('a stack that cannot be read, or is no text, does not end the log', () => {
  const error = new Error('x');
  Object.defineProperty(error, 'stack', {
    get: () => {
      throw new Error('hidden');
    },
  });
  expect(printableStack(error)).toBe('an error without a readable stack');
  Object.defineProperty(error, 'stack', { value: 5 });
  expect(printableStack(error)).toBe('Error: x');
});
