import { isContainer, isOpaque } from '../../classes/opaque-values.js';
import { isScalarClass } from '../../classes/field-types.js';
import { descriptionFor } from '../../classes/register-class.js';
import { isPlainObject, objectOf } from '../../serializers/contract/plain-object.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import type { MemberType, MemberTypes } from './member-types.js';

/** Puts back what was changed. */
type Undo = () => void;

/**
 * The values of one argument that class-transformer must not look into. A symbol stands for each of them: class-transformer leaves symbols
 * as they are.
 *
 * Where a DTO has a class for a member, class-transformer gets all values but the instances of that class. So the rules of the class
 * see every value that a client sends there.
 */
export class HiddenValues {
  private readonly byMark = new Map<unknown, object>();

  constructor(private readonly types: MemberTypes) {}

  /**
   * Replaces the values in an argument.
   *
   * @returns a copy of the changed parts; the argument itself when nothing changed
   * @throws {UnreadableError} on a dict with keys that are no texts, where an object with rules is expected
   */
  hide(value: unknown, type: unknown): unknown {
    const root = { type, isMap: false, isOpen: false };
    // the pipe makes an instance of the root itself
    if (typeof value === 'object' && value !== null && descriptionFor(value) !== undefined && isInstance(value, type))
      return this.membersOf(value, root);
    return this.replaced(value, root);
  }

  /** The argument that a pipe gives back unchanged. @param given what {@link hide} made of the argument */
  originalOf(given: unknown, argument: object): unknown {
    // the instance may have more than the members that its copy has
    return descriptionFor(argument) === undefined ? this.reveal(given) : argument;
  }

  /**
   * Gives the values back, in place: in lists, Maps, Sets, and members of objects.
   *
   * @param undo gets a function for each change
   */
  reveal(value: unknown, undo?: Undo[], seen = new Set<object>()): unknown {
    const original = this.byMark.get(value);
    if (original !== undefined) return original;
    if (typeof value !== 'object' || value === null || seen.has(value)) return value;
    if (isOpaque(value) || ArrayBuffer.isView(value)) return value;
    seen.add(value);
    const change = (part: unknown, set: (part: unknown) => void): void => {
      const revealed = this.reveal(part, undo, seen);
      if (revealed === part) return;
      set(revealed);
      undo?.push(() => set(part));
    };
    if (value instanceof Map) for (const [key, item] of value) change(item, (part) => value.set(key, part));
    else if (value instanceof Set) {
      const items = [...value];
      const revealed = items.map((item) => this.reveal(item, undo, seen));
      if (revealed.every((item, index) => item === items[index])) return value;
      refill(value, revealed);
      undo?.push(() => refill(value, items));
    } else
      for (const key of Object.keys(value)) {
        const parts = value as Record<string, unknown>;
        // a member that a whitelist has removed stays removed
        change(parts[key], (part) => void (key in parts && (parts[key] = part)));
      }
    return value;
  }

  private replaced(value: unknown, target: MemberType): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const { type, isOpen } = target;
    const isHidden = !isOpen && (type === undefined || isInstance(value, type));
    if (isHidden && (isOpaque(value) || isContainer(value) || descriptionFor(value) !== undefined))
      return this.mark(value, Symbol('a hidden value'));
    // class-transformer makes a text or a number of it, or an empty instance for the rules to refuse
    if (isOpaque(value)) return isOpen || isScalarClass(type) ? value : this.mark(value, {});
    if (value instanceof Map) return this.membersOf(objectOf(textEntries(value)), target);
    if (Array.isArray(value) || value instanceof Set) return this.itemsOf(value, target);
    return isPlainObject(value) ? this.membersOf(value, target) : value;
  }

  private mark(value: object, mark: symbol | object): unknown {
    this.byMark.set(mark, value);
    return mark;
  }

  /** The items of a list. Tuples and Sets become lists: class-transformer makes a Set of the list where the class has one. */
  private itemsOf(items: readonly unknown[] | Set<unknown>, target: MemberType): unknown[] {
    const given = Array.from(items);
    const replaced = given.map((item) => this.replaced(item, target));
    const isSame = Array.isArray(items) && Object.getPrototypeOf(items) === Array.prototype;
    return isSame && replaced.every((item, index) => item === given[index]) ? (items as unknown[]) : replaced;
  }

  private membersOf(value: object, target: MemberType): object {
    const changed: [string, unknown][] = [];
    for (const [key, member] of Object.entries(value)) {
      if (typeof member !== 'object' || member === null) continue;
      const replaced = this.replaced(member, target.isMap ? { ...target, isMap: false } : this.memberType(value, key, target));
      if (replaced !== member) changed.push([key, replaced]);
    }
    if (changed.length === 0) return value;
    const copy = Object.create(Object.getPrototypeOf(value) as object, Object.getOwnPropertyDescriptors(value)) as object;
    for (const [key, replaced] of changed)
      Object.defineProperty(copy, key, { value: replaced, writable: true, enumerable: true, configurable: true });
    return copy;
  }

  private memberType(owner: object, key: string, target: MemberType): MemberType {
    const { type } = target;
    return type === undefined || isScalarClass(type) ? target : this.types.of(type, key, owner);
  }
}

function isInstance(value: object, type: unknown): boolean {
  return typeof type === 'function' && value instanceof type;
}

function textEntries(map: Map<unknown, unknown>): [string, unknown][] {
  const entries = [...map];
  if (entries.every((entry): entry is [string, unknown] => typeof entry[0] === 'string')) return entries;
  throw new UnreadableError('a dict with keys that are no texts cannot be read as an object with rules');
}

function refill(set: Set<unknown>, items: readonly unknown[]): void {
  set.clear();
  for (const item of items) set.add(item);
}
