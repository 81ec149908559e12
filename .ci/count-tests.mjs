// Prints how many tests of a Vitest JSON report passed and how many did not: `count-tests.mjs REPORT`
import { readFileSync } from 'node:fs';

const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// a file that cannot be loaded has no tests, but it failed
const brokenFiles = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
).length;
console.log(numPassedTests, numTotalTests - numPassedTests + brokenFiles);
