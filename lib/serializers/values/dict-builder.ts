import { UnreadableError } from '../contract/unreadable-error.js';
import type { KeyCrowds } from '../../serpent/key-crowds.js';
import type { ValueMode } from '../contract/serializer.js';

/** Builds a dict that is read: a plain object while all keys are strings, else a Map. In faithful mode the dict is always a Map. */
export class DictBuilder {
  private readonly object: Record<string, unknown> | undefined;
  private map: Map<unknown, unknown> | undefined;

  /** @param crowds shared by all dicts and sets of one read */
  constructor(
    mode: ValueMode,
    private readonly crowds: KeyCrowds,
  ) {
    if (mode === 'faithful') this.map = new Map();
    else this.object = {};
  }

  /**
   * If a key repeats, the last value wins.
   *
   * @throws {UnreadableError} on a `__proto__` key in natural mode, and on number keys that collide too often
   */
  set(key: unknown, value: unknown): void {
    if (this.map === undefined && typeof key !== 'string') this.map = new Map(Object.entries(this.object!));
    if (this.map !== undefined) {
      if (!this.crowds.admits(this.map, key)) throw crowdedKeys();
      this.map.set(key, value);
    } else setMember(this.object!, key as string, value);
  }

  finish(): Map<unknown, unknown> | Record<string, unknown> {
    return this.map ?? this.object!;
  }
}

const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Sets a member of a plain object. @throws {UnreadableError} on `__proto__` */
export function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (!INHERITED.has(key)) {
    object[key] = value;
  } else if (key === '__proto__') {
    throw new UnreadableError('the dict key "__proto__" is only read with values: \'faithful\'');
  } else {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
}

export function crowdedKeys(): UnreadableError {
  return new UnreadableError('number keys collide so often that they were made for it');
}
