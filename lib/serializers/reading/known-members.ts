import { SEEDS_INDEX_TEXTS } from '../../serpent/costs/index-text-hash.js';
import { kindOf, MemberKind } from '../contract/plain-object.js';

/** ASCII text that has no escapes in json: its bytes are its characters, in every format. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Names that are never compared byte by byte, because each occurrence needs a check. */
const CHECKED: readonly string[] = ['__proto__', '__class__', 'dtype', 'nd'];

/**
 * A member of dicts, after certain other members. V8 makes one hidden class for all objects whose members have the same names in the same
 * order. So the shapes of dicts are a tree.
 *
 * The tree says what a dict costs, and which name is expected next: a known name is compared, not read.
 */
export class KnownMember {
  readonly kind: MemberKind;
  /** The member that followed this member in the last dict. */
  next: KnownMember | undefined = undefined;
  /** The first member of the last dict inside of the value of this member. */
  first: KnownMember | undefined = undefined;
  private others: Map<string, KnownMember> | undefined = undefined;
  private plain: boolean | undefined = undefined;

  constructor(
    readonly name: string,
    /** Number of the member in its dict, counted from 1. */
    readonly count: number,
  ) {
    this.kind = kindOf(name);
  }

  /** True when a name in the bytes can be compared with this one byte by byte, and needs no further check. */
  get isPlain(): boolean {
    return (this.plain ??= PLAIN.test(this.name) && !CHECKED.includes(this.name));
  }

  /** The member with this name after this member; undefined when it is new. */
  follow(name: string): KnownMember | undefined {
    const { next } = this;
    if (next !== undefined && next.name === name) return next;
    const found = this.others?.get(name);
    if (found !== undefined) this.next = found;
    return found;
  }

  /** Adds a member. Where names like array indices may collide, they are only found as {@link next}. */
  add(name: string): KnownMember {
    const { next } = this;
    const added = new KnownMember(name, this.count + 1);
    if (next !== undefined) {
      this.keep(next);
      this.keep(added);
    }
    this.next = added;
    return added;
  }

  private keep(member: KnownMember): void {
    if (SEEDS_INDEX_TEXTS || member.kind !== MemberKind.index)
      (this.others ??= new Map<string, KnownMember>()).set(member.name, member);
  }
}

/**
 * Most remembered shapes, most remembered members of one dict, and most characters of a remembered name. Further members count as new each
 * time.
 */
const MOST_SHAPES = 1_024;
const MOST_MEMBERS = 256;
const MOST_NAME_CHARS = 128;

/** The shapes of the dicts that one serializer reads. */
export class KnownMembers {
  private root = new KnownMember('', 0);
  private count = 0;

  /** The start of all dicts of one read. Once the tree is full, the next read begins another one. */
  start(): KnownMember {
    if (this.count >= MOST_SHAPES) {
      this.root = new KnownMember('', 0);
      this.count = 0;
    }
    return this.root;
  }

  /** Remembers a new member after `shape`. Undefined: it is not remembered. */
  add(shape: KnownMember, name: string): KnownMember | undefined {
    if (this.count >= MOST_SHAPES || shape.count >= MOST_MEMBERS || name.length > MOST_NAME_CHARS) return undefined;
    this.count++;
    return shape.add(name);
  }
}
