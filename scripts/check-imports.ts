import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { importCircles } from './import-circles.js';
import { checkImports } from './import-rule.js';
import { packageRoot } from './package-root.js';

const library = join(packageRoot, 'lib');
const files = (await readdir(library, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

const texts = new Map<string, string>();
for (const path of files) texts.set(relative(library, path).split(sep).join('/'), await readFile(path, 'utf8'));

let violations = 0;
for (const [file, text] of texts) {
  for (const { line, message } of checkImports(file, text)) {
    violations += 1;
    console.error(`lib/${file}:${line} ${message}`);
  }
}
const circles = importCircles(texts);
for (const circle of circles) console.error(circle);
console.log(`${files.length} files of lib/ checked: ${violations} imports against the direction, ${circles.length} circles`);
if (violations + circles.length > 0 || files.length === 0) process.exitCode = 1;
