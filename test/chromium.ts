import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from '../scripts/program.js';
import { cached } from './cache-directory.js';

/** Debian's package of a Chromium without windows, and a font that a small system may lack. */
const PACKAGES = ['chromium-headless-shell', 'fonts-dejavu-core'];
const BINARY = join('usr', 'lib', 'chromium', 'chromium-headless-shell');
const INSTALLED = ['chromium', 'chromium-headless-shell', 'chromium-browser', 'google-chrome'];
const APT_TIMEOUT_MS = 300_000;

/** A Chromium that can be run. */
export interface ChromiumProgram {
  readonly executablePath: string;
  readonly env: Record<string, string>;
}

/**
 * Finds a Chromium, or brings one from Debian's packages into the user's cache, without root rights.
 *
 * @throws {Error} when this machine has neither: a page that was not tried in a browser was not tried
 */
export async function findChromium(): Promise<ChromiumProgram> {
  for (const executablePath of [process.env.CHROMIUM, ...INSTALLED]) {
    if (executablePath && (await runs(executablePath, {}))) return { executablePath: await pathOf(executablePath), env: {} };
  }
  try {
    return await fromDebian();
  } catch (error) {
    const text =
      'the tests of the page need Chromium: install it (Debian and Ubuntu: apt install chromium), or name it in CHROMIUM';
    throw new Error(text, { cause: error });
  }
}

async function runs(command: string, env: Record<string, string>): Promise<boolean> {
  return run(command, ['--version'], { env, timeoutMs: APT_TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
}

async function pathOf(command: string): Promise<string> {
  const places = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, command));
  return command.includes('/') ? command : places.find((place) => existsSync(place))!;
}

async function fromDebian(): Promise<ChromiumProgram> {
  const directory = await cached(`chromium-debian-${process.arch}`, BINARY, async (workspace) => {
    const download = async (): Promise<void> => {
      await run('apt-get', ['download', ...(await missingPackages())], { cwd: workspace, timeoutMs: APT_TIMEOUT_MS });
    };
    await download().catch(async () => {
      await run('apt-get', ['update'], { timeoutMs: APT_TIMEOUT_MS });
      await download();
    });
    for (const name of await readdir(workspace)) {
      if (name.endsWith('.deb')) await run('dpkg', ['-x', name, join(workspace, 'root')], { cwd: workspace });
    }
    return join(workspace, 'root');
  });
  const files = await readdir(join(directory, 'usr', 'lib'), { recursive: true, withFileTypes: true });
  const paths = new Set(files.filter(({ name }) => name.includes('.so')).map(({ parentPath }) => parentPath));
  // fontconfig looks for further fonts below XDG_DATA_HOME
  const env = {
    XDG_DATA_HOME: join(directory, 'usr', 'share'),
    LD_LIBRARY_PATH: [...paths, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter),
  };
  const executablePath = join(directory, BINARY);
  await run(executablePath, ['--version'], { env });
  return { executablePath, env };
}

/** The packages that this system would have to install, dependencies of {@link PACKAGES} included. */
async function missingPackages(): Promise<string[]> {
  const plan = await run('apt-get', ['--simulate', '--no-install-recommends', 'install', ...PACKAGES], {
    timeoutMs: APT_TIMEOUT_MS,
  });
  return [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!);
}
