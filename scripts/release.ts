/**
 * Prepares a release: `npm run release -- [major|minor|patch] [--dry-run]`.
 *
 * The script checks that the tree is clean and that the package keeps its budget. It takes the notes under "Unreleased" of
 * CHANGELOG.md, sets the version, and makes a commit, a tag, the tarball and its list of contents (SBOM) in `build/release/`. The
 * last line that the script prints is the command that publishes. Without a kind, the sections of the notes decide
 * ({@link kindOfNotes}); the first release has the version of package.json.
 *
 * With `--dry-run` nothing outside of `build/` changes, and a tree that is not clean causes only a message.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from './package-root.js';
import { run } from './program.js';
import {
  isBeforeFirstRelease,
  kindOfNotes,
  nextVersion,
  type ReleaseKind,
  releasedChangelog,
  unreleasedNotes,
} from './release/changelog.js';

const KINDS: readonly ReleaseKind[] = ['major', 'minor', 'patch'];
const CHANGELOG = join(packageRoot, 'CHANGELOG.md');
const FOLDER = join(packageRoot, 'build', 'release');
/** A build, a tarball and the checks of both. */
const CHECK_TIMEOUT_MS = 600_000;

const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const isDry = values['dry-run'];
try {
  await release();
} catch (error) {
  console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function release(): Promise<void> {
  await checkTree();
  const packageJson = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  const changelog = await readFile(CHANGELOG, 'utf8');
  const notes = unreleasedNotes(changelog);
  const given = givenKind();
  const isFirst = given === undefined && isBeforeFirstRelease(changelog);
  const kind = given ?? kindOfNotes(notes, packageJson.version);
  const version = isFirst ? packageJson.version : nextVersion(packageJson.version, kind);
  const tag = `v${version}`;
  const released = releasedChangelog(changelog, version, new Date().toISOString().slice(0, 'YYYY-MM-DD'.length));
  if ((await git('tag', '--list', tag)) !== '') throw new Error(`the tag ${tag} exists already`);
  tell(
    `${packageJson.version} → ${version} (${isFirst ? 'first release' : kind}), ${notes.split('\n').filter((line) => line.startsWith('- ')).length} notes`,
  );

  await step('package checks', 'npm', 'run', '--silent', 'check:package');
  await step('budget', 'npm', 'run', '--silent', 'check:budget');
  if (!isDry) {
    await step('version', 'npm', 'version', version, '--no-git-tag-version', '--allow-same-version');
    await writeFile(CHANGELOG, released);
  }
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const { stdout: contents } = await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--omit', 'optional']);
  await writeFile(join(FOLDER, 'sbom.cdx.json'), contents);
  tell(`list of contents: ${join('build', 'release', 'sbom.cdx.json')}`);
  await step('tarball', 'npm', 'pack', '--pack-destination', FOLDER);
  if (isDry) {
    tell(`would commit package.json, package-lock.json and CHANGELOG.md as "chore(release): ${version}", and set the tag ${tag}`);
  } else {
    await git(
      'commit',
      '--quiet',
      '--message',
      `chore(release): ${version}`,
      'package.json',
      'package-lock.json',
      'CHANGELOG.md',
    );
    await git('tag', '--annotate', tag, '--message', `${version}\n\n${notes}`);
    tell(`committed and tagged as ${tag}`);
  }
  const tarball = join('build', 'release', `nestjs-pyro-${isDry ? packageJson.version : version}.tgz`);
  tell(`to publish: git push --follow-tags && npm publish ${tarball} --access public --provenance`);
}

async function checkTree(): Promise<void> {
  const changed = await git('status', '--porcelain');
  if (changed === '') return;
  const problem = `the tree is not clean:\n${changed}`;
  if (!isDry) throw new Error(problem);
  tell(`${problem}\na release would end here`);
}

function givenKind(): ReleaseKind | undefined {
  const [kind, ...others] = positionals;
  if (kind === undefined) return undefined;
  if (others.length > 0 || !KINDS.includes(kind as ReleaseKind)) {
    throw new Error(`"${positionals.join(' ')}" is no kind of release: ${KINDS.join(', ')}`);
  }
  return kind as ReleaseKind;
}

async function step(name: string, command: string, ...args: string[]): Promise<void> {
  await run(command, args, { timeoutMs: CHECK_TIMEOUT_MS });
  tell(`ok: ${name}`);
}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await run('git', args);
  return stdout.trimEnd();
}

function tell(text: string): void {
  console.log(text);
}
