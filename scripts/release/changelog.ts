/** The changelog, as a text in the form of keepachangelog.com. */

/** The part of the version that a release raises. */
export type ReleaseKind = 'major' | 'minor' | 'patch';

const UNRELEASED = '## [Unreleased]';
const HEADING = /^## \[/m;
const VERSION_HEADING = /^## \[\d/m;
/** `1.2.3`; of other forms there are no releases. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

/** Reads the notes under "Unreleased". @throws {Error} when the heading is missing */
export function unreleasedNotes(changelog: string): string {
  const start = changelog.indexOf(UNRELEASED);
  if (start < 0) throw new Error(`CHANGELOG.md has no heading "${UNRELEASED}"`);
  const notes = changelog.slice(start + UNRELEASED.length);
  const next = HEADING.exec(notes);
  return (next === null ? notes : notes.slice(0, next.index)).trim();
}

/**
 * Gives the notes under "Unreleased" the heading of a version, and leaves an empty "Unreleased" above.
 *
 * @param date `YYYY-MM-DD`
 * @throws {Error} when there are no notes, or the version has a heading already
 */
export function releasedChangelog(changelog: string, version: string, date: string): string {
  if (unreleasedNotes(changelog) === '')
    throw new Error('CHANGELOG.md has nothing under "Unreleased": there is nothing to release');
  if (changelog.includes(`## [${version}]`)) throw new Error(`CHANGELOG.md has a heading for ${version} already`);
  return changelog.replace(UNRELEASED, () => `${UNRELEASED}\n\n## [${version}] - ${date}`);
}

/**
 * The kind of release that the notes ask for: a "Removed" or "Changed" section may break programs, "Added" and "Deprecated" do not.
 *
 * @param version the version now: before 1.0 a minor release may break programs
 */
export function kindOfNotes(notes: string, version: string): ReleaseKind {
  const sections = new Set([...notes.matchAll(/^### (.+)$/gm)].map(([, name]) => name!.trim()));
  if (sections.has('Removed') || sections.has('Changed')) return version.startsWith('0.') ? 'minor' : 'major';
  return sections.has('Added') || sections.has('Deprecated') ? 'minor' : 'patch';
}

/** True before the first release: no version has a heading. The first release has the version of package.json. */
export function isBeforeFirstRelease(changelog: string): boolean {
  return !VERSION_HEADING.test(changelog);
}

/** @throws {Error} for a version that is not of the form `1.2.3` */
export function nextVersion(version: string, kind: ReleaseKind): string {
  const parts = VERSION.exec(version)?.slice(1).map(Number);
  if (parts === undefined) throw new Error(`${version} is no version of the form 1.2.3`);
  const [major, minor, patch] = parts as [number, number, number];
  if (kind === 'major') return `${major + 1}.0.0`;
  return kind === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}
