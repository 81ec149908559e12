import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';

/** The used part of the report that Vitest's JSON reporter writes. */
interface VitestReport {
  testResults: {
    /** Path of the file. */
    name: string;
    /** Why the file could not be run. */
    message?: string;
    assertionResults: { ancestorTitles: string[]; title: string; status: string; failureMessages?: string[] }[];
  }[];
}

/** The outcomes of tests by `file > describe > test`, the names that Vitest prints. Files are relative to test/. */
export class TestReport {
  /** The tests that did not pass, with the first line of the reason: `file > describe > test: failed: …`. */
  readonly failures: string[] = [];
  /** Number of tests that passed. */
  passed = 0;
  private readonly outcomes = new Map<string, string>();

  /** @param testRoot absolute path of test/ */
  constructor(reports: readonly VitestReport[], testRoot: string) {
    for (const { name: path, message, assertionResults } of reports.flatMap(({ testResults }) => testResults)) {
      const file = relative(testRoot, path).split(sep).join('/');
      if (message) this.failures.push(`${file}: ${firstLine(message)}`);
      for (const { ancestorTitles, title, status, failureMessages: [reason = ''] = [] } of assertionResults) {
        const test = [file, ...ancestorTitles, title].join(' > ');
        this.add(test, status);
        if (status === 'passed') this.passed += 1;
        else this.failures.push(`${test}: ${status}: ${firstLine(reason)}`);
      }
    }
  }

  /** @param paths files that Vitest's JSON reporter wrote */
  static async read(paths: readonly string[], testRoot: string): Promise<TestReport> {
    const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
    return new TestReport(
      texts.map((text) => JSON.parse(text) as VitestReport),
      testRoot,
    );
  }

  /** `passed`, `failed`, `skipped` …; undefined: there is no such test. */
  outcomeOf(test: string): string | undefined {
    return this.outcomes.get(test);
  }

  /** Adds the outcome of a test. Of several tests with the same name, a failure wins. */
  private add(test: string, outcome: string): void {
    const known = this.outcomes.get(test);
    if (known === undefined || known === 'passed') this.outcomes.set(test, outcome);
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
