import { describe, expect, it } from 'vitest';
import { DaemonError } from '../../../lib/protocol/errors.js';
import { checkObjectId, newObjectId, objectIdFault } from '../../../lib/objects/object-ids.js';

describe('object ids', () => {
  it('object ids are random, and fit into a URI, where none is given', () => {
    expect(newObjectId()).toMatch(/^obj_[0-9a-f]{32}$/);
    expect(newObjectId()).not.toBe(newObjectId());
    expect(objectIdFault(newObjectId())).toBeUndefined();
  });

  it('object ids are refused when they are empty, have white space, or are no strings', () => {
    for (const id of ['', 'a b', 'a@b', 'a@./u:x', 'a\n', 7, undefined, null])
      expect(objectIdFault(id)).toContain('cannot stand in a URI');
    expect(objectIdFault('example.greeter')).toBeUndefined();
  });

  it('an object id is left out by undefined or an empty text at a registration', () => {
    expect(checkObjectId(undefined)).toBeUndefined();
    expect(checkObjectId('')).toBeUndefined();
    expect(checkObjectId('thing')).toBe('thing');
    expect(() => checkObjectId('a b')).toThrow(DaemonError);
  });
});
