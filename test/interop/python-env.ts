import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../cache-directory.js';

const MINIMUM = [3, 10] as const;
const INTERPRETERS = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];

/** A Python interpreter of this machine, from which the environment is made. */
interface Interpreter {
  command: string;
  /** `sys.version`, with the build. */
  version: string;
  /** The real executable behind shims and links. */
  executable: string;
}

let environment: Promise<string> | undefined;

/**
 * Returns the Python of an environment with exactly the packages of `requirements.txt`, made on first use.
 *
 * The environment lies in the user's cache directory (`NESTJS_PYRO_CACHE`, else `XDG_CACHE_HOME`, else `~/.cache`), under a name made of
 * the requirements and the interpreter. A change of either makes a new environment. It is built in a workspace and moved in one step:
 * concurrent runs never see an incomplete environment. The move breaks console scripts: use `python -m …`.
 *
 * `PYTHON` names the interpreter to start from (default `python3`); `NESTJS_PYRO_PYTHON` names the Python of a finished environment.
 *
 * @returns absolute path of the python
 * @throws {Error} that says what to install when Python, its venv module or the packages are missing
 */
export function ensurePythonEnv(): Promise<string> {
  const given = process.env.NESTJS_PYRO_PYTHON;
  if (given) return Promise.resolve(given);
  return (environment ??= makeEnvironment());
}

/**
 * Returns the unpacked source distribution of the pinned Pyro5, with its tests, downloaded on first use into the same cache.
 *
 * @returns absolute path of the directory that holds `tests/` and `Pyro5/`
 */
export async function upstreamDistribution(): Promise<string> {
  const requirement = pinOf('Pyro5', await readRequirements());
  const python = await ensurePythonEnv();
  return cached(`source-${requirement.replace('==', '-')}`, 'setup.py', async (workspace) => {
    const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', 'Pyro5', '--dest', workspace, requirement];
    await run(python, download, `cannot download the source distribution of ${requirement}`);
    const archive = (await readdir(workspace)).find((name) => name.endsWith('.tar.gz'));
    if (archive === undefined) throw new Error(`pip brought no .tar.gz of ${requirement}`);
    await run(python, ['-m', 'tarfile', '-e', join(workspace, archive), workspace], `cannot unpack ${archive}`);
    return join(workspace, archive.slice(0, -'.tar.gz'.length));
  });
}

async function makeEnvironment(): Promise<string> {
  const requirements = await readRequirements();
  const interpreter = await findInterpreter();
  const key = createHash('sha256')
    .update(`${requirements}\0${interpreter.version}\0${interpreter.executable}`)
    .digest('hex')
    .slice(0, 16);
  const python = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python');
  const directory = await cached(`python-${key}`, python, async (workspace) => {
    const { command } = interpreter;
    await run(
      command,
      ['-c', 'import venv, ensurepip'],
      `${interpreter.executable} has no venv module; install it (Debian and Ubuntu: apt install python3-venv)`,
    );
    await run(command, ['-m', 'venv', workspace], `${interpreter.executable} cannot make a virtual environment`);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
    await run(join(workspace, python), install, `cannot install ${REQUIREMENTS}`);
    return workspace;
  });
  return join(directory, python);
}

async function findInterpreter(): Promise<Interpreter> {
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : INTERPRETERS;
  const found: string[] = [];
  for (const command of candidates) {
    const question =
      'import json, os, sys; print(json.dumps([sys.version_info[:2], sys.version, os.path.realpath(sys.executable)]))';
    const answer = await capture(command, ['-c', question]);
    if (answer.code !== 0) continue;
    const [[major, minor], version, executable] = JSON.parse(answer.stdout) as [[number, number], string, string];
    if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return { command, version, executable };
    found.push(`${executable} is ${major}.${minor}`);
  }
  const tried = found.length > 0 ? found.join(', ') : `tried ${candidates.join(', ')}`;
  throw new Error(
    `the tests run real Python programs: install Python ${MINIMUM.join('.')} or later, or name one in PYTHON (${tried})`,
  );
}

// relative to the package root, because this file also runs compiled, from another directory
const REQUIREMENTS = join(packageRoot(dirname(fileURLToPath(import.meta.url))), 'test', 'interop', 'requirements.txt');

function packageRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('no package.json above test/interop');
  return packageRoot(parent);
}

function readRequirements(): Promise<string> {
  return readFile(REQUIREMENTS, 'utf8');
}

function pinOf(name: string, requirements: string): string {
  const pin = requirements.split('\n').find((line) => line.startsWith(`${name}==`));
  if (pin === undefined) throw new Error(`${REQUIREMENTS} does not pin ${name}`);
  return pin.trim();
}

async function run(command: string, args: readonly string[], failure: string): Promise<void> {
  const { code, stdout, stderr } = await capture(command, args);
  if (code !== 0) throw new Error(`${failure}\n${stdout}${stderr}`.trimEnd());
}

function capture(command: string, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => resolve({ code: null, stdout, stderr: `${stderr}${error.message}` }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
