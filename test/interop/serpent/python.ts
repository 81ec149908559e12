import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnv } from '../python-env.js';

const SCRIPT = fileURLToPath(new URL('./literals.py', import.meta.url));
const OUTPUT_BYTES = 256 * 1024 * 1024;

/** Runs literals.py with JSON values as its input, one per line, and returns the JSON values that it prints. */
export async function runLiterals<T>(args: readonly string[], input: readonly unknown[] = []): Promise<T[]> {
  const python = await ensurePythonEnv();
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(python, [SCRIPT, ...args], { maxBuffer: OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`literals.py failed: ${stderr}`, { cause: error }));
    });
    child.stdin!.end(input.map((value) => JSON.stringify(value)).join('\n'));
  });
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
