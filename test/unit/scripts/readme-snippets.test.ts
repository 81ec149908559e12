import { describe, expect, it } from 'vitest';
import { readSnippets } from '../../../scripts/readme-snippets.js';

const fence = (tag: string, ...lines: string[]) => ['```' + tag, ...lines, '```'].join('\n');

describe('the runnable blocks of a page', () => {
  it('are those with a mark before them, as they stand', () => {
    const page = [
      '# Title',
      fence('ts', 'notRun();'),
      '<!-- run: server -->',
      '',
      fence('ts', 'serve();', '', '  indented();'),
      'text',
      '<!-- run: client -->',
      fence('python', 'call()'),
      '<!-- output -->',
      '',
      fence('text', 'a', '', 'b'),
      '<!-- run: types -->',
      fence('ts', 'let x: number;'),
    ].join('\n');
    expect(readSnippets(page)).toEqual([
      { role: 'server', language: 'ts', line: 7, code: 'serve();\n\n  indented();\n' },
      { role: 'client', language: 'python', line: 14, code: 'call()\n', output: 'a\n\nb\n' },
      { role: 'types', language: 'ts', line: 25, code: 'let x: number;\n' },
    ]);
  });

  it('are not those that an unmarked block shows', () => {
    expect(readSnippets(fence('markdown', '<!-- run: client -->', 'text'))).toEqual([]);
  });

  it.each([
    ['<!-- run: client -->\ntext', 'line 1: no fenced block'],
    ['<!-- run: client -->', 'line 1: no fenced block'],
    [`<!-- run: client -->\n${fence('sh', 'ls')}`, 'line 2: cannot run "sh" as client'],
    [`<!-- run: types -->\n${fence('python', 'x')}`, 'cannot run "python" as types'],
    [`<!-- output -->\n${fence('text', 'x')}`, 'output without a client'],
    [`<!-- run: cleint -->\n${fence('python', 'x')}`, 'line 1: "<!-- run: cleint -->" is no mark'],
    ['<!-- run: client -->\n```python\ncall()', 'line 2: the fenced block is not closed'],
  ])('must be complete: %j', (page, reason) => {
    expect(() => readSnippets(page)).toThrow(reason);
  });
});
