import { describe, expect, it } from 'vitest';
import { readSnippets } from '../../../scripts/page-snippets.js';

const fence = (tag: string, ...lines: string[]) => ['```' + tag, ...lines, '```'].join('\n');

describe('the blocks of a page', () => {
  it('the blocks of a page that a mark asks to run are run, and the others are compiled, unchanged', () => {
    const page = [
      '# Title',
      fence('ts', 'let x: number;'),
      '<!-- run: server -->',
      '',
      fence('ts', 'serve();', '', '  indented();'),
      'text',
      '<!-- run: client -->',
      fence('python', 'call()'),
      '<!-- output -->',
      '',
      fence('text', 'a', '', 'b'),
      fence('sh', 'ls'),
    ].join('\n');
    expect(readSnippets(page)).toEqual([
      { role: 'compiled', file: 'line-2.ts', language: 'ts', line: 2, code: 'let x: number;\n' },
      { role: 'server', file: 'line-7.ts', language: 'ts', line: 7, code: 'serve();\n\n  indented();\n' },
      { role: 'client', file: 'line-14.py', language: 'python', line: 14, code: 'call()\n', output: 'a\n\nb\n' },
    ]);
  });

  it('a block of a page may have a name and code that is given to it', () => {
    const page = ['<!-- file: app.module.ts -->', '<!-- given', 'declare const a: A;', '-->', fence('ts', 'a();')].join('\n');
    expect(readSnippets(page)).toEqual([
      { role: 'compiled', file: 'app.module.ts', language: 'ts', line: 5, code: 'declare const a: A;\na();\n' },
    ]);
  });

  it('a whole block of a page may be hidden', () => {
    const page = ['<!-- hidden: app.module.ts', 'class A {}', '-->', '<!-- hidden: server', 'serve();', '-->'].join('\n');
    expect(readSnippets(page)).toEqual([
      { role: 'compiled', file: 'app.module.ts', language: 'ts', line: 1, code: 'class A {}\n' },
      { role: 'server', file: 'line-4.ts', language: 'ts', line: 4, code: 'serve();\n' },
    ]);
  });

  it('a block of a page that is shown inside another block is ignored', () => {
    expect(readSnippets(fence('markdown', '<!-- run: client -->', 'text'))).toEqual([]);
  });

  it.each([
    ['<!-- run: client -->\ntext', 'line 1: no fenced block'],
    ['<!-- run: client -->', 'line 1: no fenced block'],
    ['<!-- given\ncode', 'line 1: "<!-- given" is not closed'],
    ['<!-- hidden: a.ts\ncode', 'line 1: "<!-- hidden: a.ts" is not closed'],
    ['<!-- hidden: what\n-->', 'is no mark of a block'],
    [`<!-- run: client -->\n${fence('sh', 'ls')}`, 'line 2: "sh" can neither be run nor compiled'],
    [`<!-- output -->\n${fence('text', 'x')}`, 'output without a client'],
    [`<!-- run: cleint -->\n${fence('python', 'x')}`, 'line 1: "<!-- run: cleint -->" is no mark'],
    ['<!-- run: client -->\n```python\ncall()', 'line 2: the fenced block is not closed'],
  ])('an incomplete block of a page is refused: %j', (page, reason) => {
    expect(() => readSnippets(page)).toThrow(reason);
  });
});
