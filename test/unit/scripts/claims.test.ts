import { describe, expect, it } from 'vitest';
import { type Claim, faultsOf, readClaims, unfinishedReasons, withoutPeer } from '../../../scripts/claims.js';
import { TestReport } from '../../../scripts/test-report.js';

const PAGE = `# Title

| other | table |
| --- | --- |
| \`not read\` | |

## test_a.py

Tests without a file are those of \`test/unit/a.test.ts\`.

| upstream case | ours |
| --- | --- |
| \`A::one\` \`A::two\` | \`> group > does it\` |
| \`A::th*\` | \`unit/b.test.ts > {x,y} > works\`<br>\`> in {each}\` And \`more\`. |

## Elsewhere

| upstream case | ours |
| --- | --- |
| \`test_b.py::*\` | A reason. |
`;

describe('readClaims', () => {
  it('readClaims reads the rows and tests of the tables with the given title', () => {
    expect(readClaims(PAGE, 'upstream case')).toEqual<Claim[]>([
      {
        names: ['test_a.py::A::one', 'test_a.py::A::two'],
        tests: ['unit/a.test.ts > group > does it'],
        hasText: false,
        line: 13,
      },
      {
        names: ['test_a.py::A::th*'],
        tests: [
          'unit/b.test.ts > x > works',
          'unit/b.test.ts > y > works',
          'unit/a.test.ts > in serpent',
          'unit/a.test.ts > in marshal',
          'unit/a.test.ts > in json',
          'unit/a.test.ts > in msgpack',
        ],
        hasText: true,
        line: 14,
      },
      { names: ['test_b.py::*'], tests: [], hasText: true, line: 20 },
    ]);
  });
});

it('readClaims looks for reasons in the last cell alone', () => {
  const page = '| Nest | here | shown by |\n| --- | --- | --- |\n| one | `ours` | |\n| two | ours | A reason. |\n';
  expect(readClaims(page, 'Nest').map(({ hasText }) => hasText)).toEqual([false, true]);
});

describe('faultsOf', () => {
  const report = new TestReport(
    [
      {
        testResults: [
          {
            name: '/project/test/unit/a.test.ts',
            assertionResults: [
              { ancestorTitles: ['group'], title: 'passes', status: 'passed' },
              { ancestorTitles: [], title: 'fails', status: 'failed' },
              { ancestorTitles: [], title: 'is skipped', status: 'skipped' },
              { ancestorTitles: [], title: 'twice', status: 'failed' },
              { ancestorTitles: [], title: 'twice', status: 'passed' },
            ],
          },
        ],
      },
    ],
    '/project/test',
  );
  const claim = (names: string[], ...tests: string[]): Claim => ({
    names,
    tests: tests.map((test) => `unit/a.test.ts > ${test}`),
    hasText: false,
    line: 1,
  });
  const reason = (...names: string[]): Claim => ({ names, tests: [], hasText: true, line: 1 });

  it('faultsOf finds no fault when every name has a row with a passed test or a reason', () => {
    expect(faultsOf([claim(['a.b', 'a.c'], 'group > passes'), reason('d*')], ['a.b', 'a.c', 'd', 'd.e'], report)).toEqual([]);
  });

  it.each([
    ['a name without a row', [reason('a')], ['b has no row']],
    ['a row for nothing', [reason('a'), reason('b'), reason('c*')], ['line 1: c* is not there in Python (any more)']],
    ['a row that says nothing', [reason('a'), claim(['b'])], ['line 1: b has neither a test nor a reason']],
    ['a row without a name', [reason('a', 'b'), reason()], ['line 1: the first cell names nothing between backticks']],
    ['a test that failed', [reason('a'), claim(['b'], 'fails')], ['line 1: unit/a.test.ts > fails: failed']],
    ['a test that did not run', [reason('a'), claim(['b'], 'is skipped')], ['line 1: unit/a.test.ts > is skipped: skipped']],
    ['a test that failed once', [reason('a'), claim(['b'], 'twice')], ['line 1: unit/a.test.ts > twice: failed']],
    [
      'a test that is not there',
      [reason('a'), claim(['b'], 'passes')],
      ['line 1: unit/a.test.ts > passes: there is no such test in the report'],
    ],
  ])('faultsOf finds %s in the audit tables', (_, claims, faults) => {
    expect(faultsOf(claims, ['a', 'b'], report)).toEqual(faults);
  });

  it('faultsOf checks only the rows of an audit table when there is no list of names', () => {
    const none: Claim = { names: [], tests: [], hasText: false, line: 7 };
    expect(faultsOf([reason(), claim([], 'group > passes')], undefined, report)).toEqual([]);
    expect(faultsOf([none, claim([], 'fails')], undefined, report)).toEqual([
      'line 7: the row has neither a test nor a reason',
      'line 1: unit/a.test.ts > fails: failed',
    ]);
  });

  it('faultsOf treats no character but * as a wildcard', () => {
    expect(faultsOf([reason('f(x)'), reason('g.*')], ['f(x)', 'g.h', 'gxh'], report)).toEqual(['gxh has no row']);
  });
});

describe('withoutPeer', () => {
  it('withoutPeer finds rows that no test with a Python peer shows, unless they say why', () => {
    const row = (tests: string[], hasText = false): Claim => ({ names: ['a'], tests, hasText, line: 7 });
    const [unit, interop] = ['unit/a.test.ts > passes', 'interop/a.test.ts > passes'];
    expect(withoutPeer([row([unit]), row([unit, interop]), row([unit], true), row([], true)])).toEqual([
      'line 7: a: no test with Python as the peer, and no reason why',
    ]);
  });
});

it('unfinishedReasons finds reasons that are no sentence', () => {
  const reasons = [
    '',
    'A full sentence is a reason.',
    '`code` may begin a sentence, too.',
    'It is shown by its test: `> group > does it`',
    'SERVE',
    'Not here.',
    'there is no capital letter here.',
    'There is no full stop here',
    'There is no test behind this:',
  ];
  const page = [
    '| Python | shown by | what differs |',
    '| --- | --- | --- |',
    ...reasons.map((text) => `| \`a\` | | ${text} |`),
  ].join('\n');
  expect(unfinishedReasons(page, 'Python')).toEqual(
    reasons.slice(4).map((text, index) => `line ${index + 7}: the reason ${JSON.stringify(text)} is no full sentence`),
  );
});
