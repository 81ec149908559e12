import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { checkImports } from './import-rule.js';
import { packageRoot } from './package-root.js';

const library = join(packageRoot, 'lib');
const files = (await readdir(library, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name));

let violations = 0;
for (const path of files) {
  const file = relative(library, path).split(sep).join('/');
  for (const { line, message } of checkImports(file, await readFile(path, 'utf8'))) {
    violations += 1;
    console.error(`lib/${file}:${line} ${message}`);
  }
}
console.log(`${files.length} files of lib/ checked, ${violations} imports against the direction`);
if (violations > 0 || files.length === 0) process.exitCode = 1;
