import { kindOf, type MemberKind } from '../contract/plain-object.js';

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
export class MemberShape {
  readonly kind: MemberKind;
  /** The member that followed this member in the last dict. */
  next: MemberShape | undefined = undefined;
  /** The first member of the last dict inside of the value of this member. */
  first: MemberShape | undefined = undefined;
  private others: Map<string, MemberShape> | undefined = undefined;
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

/**
 * Most remembered shapes, most remembered members of one dict, and most characters of a remembered name. Further members count as new each
 * time.
 */
const MOST_SHAPES = 1_024;
const MOST_MEMBERS = 256;
const MOST_NAME_CHARS = 128;

/** The shapes of the dicts that one serializer reads. */
export class MemberShapes {
  private root = new MemberShape('', 0);
  private count = 0;

  /** The start of all dicts of one read. Once the tree is full, the next read begins another one. */
  start(): MemberShape {
    if (this.count >= MOST_SHAPES) {
      this.root = new MemberShape('', 0);
      this.count = 0;
    }
    return this.root;
  }

  /** Remembers a new member after `shape`. Undefined: it is not remembered. */
  add(shape: MemberShape, name: string): MemberShape | undefined {
    if (this.count >= MOST_SHAPES || shape.count >= MOST_MEMBERS || name.length > MOST_NAME_CHARS) return undefined;
    this.count++;
    return shape.add(name);
  }
}
