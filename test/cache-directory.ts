import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const LEFTOVER_AGE_MS = 60 * 60_000;

/**
 * Returns a directory of the user's cache (`NESTJS_PYRO_CACHE`, else `XDG_CACHE_HOME`, else `~/.cache`), and makes it when it is missing.
 *
 * It is made in a workspace and moved in one step: concurrent runs never see an incomplete directory.
 *
 * @param landmark a file that a finished directory has; a directory without this file is made again, for example when its interpreter is gone
 * @param make fills the workspace and returns the directory to keep: the workspace or one inside it
 */
export async function cached(name: string, landmark: string, make: (workspace: string) => Promise<string>): Promise<string> {
  const root = await cacheRoot();
  const directory = join(root, name);
  const finished = () => existsSync(join(directory, landmark));
  if (finished()) return directory;
  await removeLeftovers(root);
  const workspace = join(root, `.making-${name}-${randomUUID()}`);
  await mkdir(workspace);
  try {
    const made = await make(workspace);
    if (existsSync(directory) && !finished()) await rm(directory, { recursive: true, force: true });
    await rename(made, directory).catch((error: unknown) => {
      // another run was faster; its result is as good
      if (!finished()) throw error;
    });
    return directory;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

async function cacheRoot(): Promise<string> {
  const { NESTJS_PYRO_CACHE, XDG_CACHE_HOME } = process.env;
  const root = NESTJS_PYRO_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'nestjs-pyro');
  try {
    await mkdir(root, { recursive: true });
    return root;
  } catch {
    const fallback = join(tmpdir(), `nestjs-pyro-${process.getuid?.() ?? 'cache'}`);
    await mkdir(fallback, { recursive: true, mode: 0o700 });
    return fallback;
  }
}

/** Finds workspaces that a killed run left behind. */
async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith('.making-')) continue;
    const path = join(root, name);
    const age = Date.now() - (await stat(path).then(({ mtimeMs }) => mtimeMs, Date.now));
    if (age > LEFTOVER_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}
