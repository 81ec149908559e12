import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where package.json is: scripts run compiled, from `build/`, and read what lies in the tree. */
export const packageRoot = above(import.meta.dirname);

function above(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('no package.json above this script');
  return above(parent);
}
