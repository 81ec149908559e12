import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory of package.json. Scripts run compiled, from `build/`, and read files of the tree. */
export const packageRoot = above(import.meta.dirname);

function above(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('no package.json above this script');
  return above(parent);
}
