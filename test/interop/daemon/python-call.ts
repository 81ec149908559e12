import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensurePythonEnv } from '../python-env.js';

const SCRIPT = fileURLToPath(new URL('tls_client.py', import.meta.url));

/**
 * Calls `whoami` of an object with Python's own client, in a separate process.
 *
 * @param config Pyro5 config items to set in the process, in addition to the environment
 */
export async function callFromPython(
  uri: string,
  config: object = {},
): Promise<{ result: unknown } | { error: string; text: string }> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await promisify(execFile)(await ensurePythonEnv(), [SCRIPT, uri, JSON.stringify(config)], { env });
  return JSON.parse(stdout) as Awaited<ReturnType<typeof callFromPython>>;
}
