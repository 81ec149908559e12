import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LIMITS } from '../../../lib/daemon/limits/limits.js';
import { packageRoot } from '../../../scripts/package-root.js';

/** Limits at which requests wait, and nothing is refused or closed. */
const LIMITS_OF_WAITING = ['maxInflatingBytes', 'maxQueuedRequests'];

it('the alert PyroLimitReached of docs/alerts.md leaves out times and limits at which work only waits, and no other limit', async () => {
  const page = await readFile(join(packageRoot, 'docs/alerts.md'), 'utf8');
  const [, pattern] = /pyro_server_limit_reached_total\{limit!~"(.*?)"\}/.exec(page)!;
  // Prometheus compares the whole value
  const leftOut = new RegExp(`^(?:${pattern})$`);
  const times = Object.entries(LIMITS).flatMap(([name, { unit }]) => (unit === 'ms' ? [name] : []));
  expect(
    Object.keys(LIMITS)
      .filter((name) => leftOut.test(name))
      .toSorted(),
  ).toEqual([...times, ...LIMITS_OF_WAITING].toSorted());
  expect(times).toContain('idleTimeoutMs');
});
