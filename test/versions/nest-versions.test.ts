import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NestProject, nestVersions } from './nest-project.js';

describe.each(['oldest', 'newest'] as const)('with the %s Nest that package.json allows', (which) => {
  let project: NestProject | undefined;

  beforeAll(async () => {
    const versions = await nestVersions(which);
    console.log(
      `${which}: ${Object.entries(versions)
        .map((entry) => entry.join(' '))
        .join(', ')}`,
    );
    project = await NestProject.install(versions);
  });

  afterAll(() => project?.[Symbol.asyncDispose]());

  it('the library compiles with these versions of Nest', async () => {
    await expect(project!.compile()).resolves.toBeUndefined();
  });

  it('tests load these versions of Nest, which have every internal that the library uses', async () => {
    const report = await project!.test('unit/nest');
    expect(report.failures).toEqual([]);
    expect(report.outcomeOf('unit/nest/nest-versions.test.ts > the Nest that tests load > is the one that was asked for')).toBe(
      'passed',
    );
  });

  it('applications behave the same with these versions of Nest', async () => {
    const report = await project!.test('e2e/nest');
    expect(report.failures).toEqual([]);
  });
});
