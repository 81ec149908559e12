import { describe, expect, it } from 'vitest';
import { TestReport } from '../../../scripts/test-report.js';

const test = (title: string, status: string, ...failureMessages: string[]) => ({
  ancestorTitles: ['group'],
  title,
  status,
  failureMessages,
});

describe('TestReport', () => {
  const report = new TestReport(
    [
      {
        testResults: [
          {
            name: '/project/test/unit/a.test.ts',
            message: '',
            assertionResults: [
              test('passes', 'passed'),
              test('fails', 'failed', 'Error: no\n    at a.test.ts:1'),
              test('is skipped', 'skipped'),
            ],
          },
          { name: '/project/test/unit/b.test.ts', message: 'Cannot find module x\nRequire stack:', assertionResults: [] },
        ],
      },
    ],
    '/project/test',
  );

  it('a test report tells how a test ended', () => {
    expect(
      ['passes', 'fails', 'is skipped', 'is not there'].map((title) => report.outcomeOf(`unit/a.test.ts > group > ${title}`)),
    ).toEqual(['passed', 'failed', 'skipped', undefined]);
  });

  it('a test report lists failed tests and files that could not run, with the first line of the reason', () => {
    expect(report.failures).toEqual([
      'unit/a.test.ts > group > fails: failed: Error: no',
      'unit/a.test.ts > group > is skipped: skipped: ',
      'unit/b.test.ts: Cannot find module x',
    ]);
  });
});
