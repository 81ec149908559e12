import { describe, expect, it } from 'vitest';
import {
  isBeforeFirstRelease,
  kindOfNotes,
  nextVersion,
  releasedChangelog,
  unreleasedNotes,
} from '../../../scripts/release/changelog.js';

const CHANGELOG = [
  '# Changelog',
  '',
  '## [Unreleased]',
  '',
  '### Fixed',
  '',
  '- a $& in a text',
  '',
  '## [0.1.0] - 2026-01-01',
  '',
  '- all',
].join('\n');

describe('the changelog at a release', () => {
  it('a release reads the notes between "Unreleased" and the version before', () => {
    expect(unreleasedNotes(CHANGELOG)).toBe('### Fixed\n\n- a $& in a text');
  });

  it('a release puts the heading of the version above the notes, and leaves "Unreleased" empty', () => {
    const released = releasedChangelog(CHANGELOG, '0.1.1', '2026-02-03');
    expect(unreleasedNotes(released)).toBe('');
    expect(released).toContain('## [Unreleased]\n\n## [0.1.1] - 2026-02-03\n\n### Fixed\n\n- a $& in a text\n\n## [0.1.0]');
  });

  it.each([
    ['without the heading "Unreleased"', '# Changelog', '0.2.0', 'no heading'],
    ['without notes', '## [Unreleased]\n\n## [0.1.0]', '0.2.0', 'nothing to release'],
    ['of a version that was released', CHANGELOG, '0.1.0', 'already'],
  ])('the changelog refuses a release %s', (_, changelog, version, message) => {
    expect(() => releasedChangelog(changelog, version, '2026-02-03')).toThrow(message);
  });

  it.each([
    ['### Fixed\n- one', '1.2.3', 'patch'],
    ['### Fixed\n- one\n### Added\n- two', '1.2.3', 'minor'],
    ['### Changed\n- one', '1.2.3', 'major'],
    ['### Removed\n- one', '0.2.3', 'minor'],
  ])('the kind of release is read from the sections of %j after %s: %s', (notes, version, kind) => {
    expect(kindOfNotes(notes, version)).toBe(kind);
  });

  it.each([
    ['major', '2.0.0'],
    ['minor', '1.3.0'],
    ['patch', '1.2.4'],
  ] as const)('the next %s version after 1.2.3 is made', (kind, version) => {
    expect(nextVersion('1.2.3', kind)).toBe(version);
  });

  it('a changelog without a version is that of a project before its first release', () => {
    expect(isBeforeFirstRelease('# Changelog\n\n## [Unreleased]\n\n- one')).toBe(true);
    expect(isBeforeFirstRelease(CHANGELOG)).toBe(false);
  });

  it('a version that is no release is refused', () => {
    expect(() => nextVersion('1.2.3-beta', 'patch')).toThrow('1.2.3-beta is no version of the form 1.2.3');
  });
});
