// Prints how many tests of a Vitest JSON report passed and how many did not: `count-tests.mjs REPORT`.
// The names of those that did not, each with the first line of its error, go to the file FAILURES: `count-tests.mjs REPORT FAILURES`.
import { appendFileSync, readFileSync } from 'node:fs';

const [report, failuresFile] = process.argv.slice(2);
const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
// a file that cannot be loaded has no tests, but it failed
const brokenFiles = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);

const firstLine = (text = '') => text.split('\n', 1)[0];
const failedTests = testResults.flatMap(({ name, assertionResults }) =>
  assertionResults
    .filter(({ status }) => status !== 'passed')
    .map((test) => `${name}: ${test.fullName}: ${firstLine(test.failureMessages[0] ?? test.status)}`),
);
const failures = [...brokenFiles.map(({ name, message }) => `${name}: ${firstLine(message)}`), ...failedTests];
if (failuresFile && failures.length > 0) appendFileSync(failuresFile, `${failures.join('\n')}\n`);

console.log(numPassedTests, numTotalTests - numPassedTests + brokenFiles.length);
