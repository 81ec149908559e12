import { kindOf, type MemberKind } from '../contract/plain-object.js';

/** ASCII text that has no escapes in json: its bytes are its characters, in every format. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * A member of dicts, behind certain others: V8 makes one hidden class for all objects whose members have the same names in the same
 * order, and so the shapes of one read are a tree.
 *
 * The tree says what a dict costs, and which name is expected next: a known name is compared, not read.
 */
export class MemberShape {
  readonly kind: MemberKind;
  /** True when a name in the bytes can be compared with this one byte by byte, and needs no further check. */
  readonly isPlain: boolean;
  /** The member that came behind this one last. */
  next: MemberShape | undefined = undefined;
  /** The first member of the last dict inside of the value of this member. */
  first: MemberShape | undefined = undefined;
  private others: Map<string, MemberShape> | undefined = undefined;

  constructor(
    readonly name: string,
    /** Number of the member in its dict, counted from 1. */
    readonly count: number,
  ) {
    this.isPlain = PLAIN.test(name) && name !== '__proto__';
    this.kind = kindOf(name);
  }

  /** The member with this name behind this one; undefined when it is new. */
  follow(name: string): MemberShape | undefined {
    const { next } = this;
    if (next !== undefined && next.name === name) return next;
    const found = this.others?.get(name);
    if (found !== undefined) this.next = found;
    return found;
  }

  add(name: string): MemberShape {
    const { next } = this;
    const added = new MemberShape(name, this.count + 1);
    if (next !== undefined) (this.others ??= new Map([[next.name, next]])).set(name, added);
    this.next = added;
    return added;
  }
}
