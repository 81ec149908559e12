import { expect, it } from 'vitest';
import { run } from '../../scripts/program.js';

it('tests, and the programs that they start, run on the Node that was asked for', async () => {
  // the project `runtimes` asks for a version; otherwise the tests run on the Node that started them
  const asked = `v${process.env['NODE_UNDER_TEST'] ?? process.versions.node}`;
  const version = async (node: string): Promise<string> => (await run(node, ['--version'])).stdout.trim();
  expect(process.version).toBe(asked);
  expect([await version(process.execPath), await version('node')]).toEqual([asked, asked]);
});
