import { emittedType, type TransformedClass, transformedClass, validatedMembers } from '../../classes/dto-packages.js';
import type { AnyClass } from '../../objects/decorated-member.js';

/** What class-transformer makes of a value, or of the items of a list. */
export interface MemberType {
  /** The class of the instances. Undefined: class-transformer copies the value as it is. */
  readonly type: unknown;
  /** True when the members of the value are of the class, and not the value. */
  readonly isMap: boolean;
  /** True when no value is hidden: `@Transform` gets all of them. */
  readonly isOpen: boolean;
}

/** The members of DTOs for which class-transformer has a class. */
export class MemberTypes {
  private readonly known = new Map<unknown, { transformed: TransformedClass | undefined; nested: ReadonlySet<string> }>();

  /** @param isImplicit as `enableImplicitConversion` of class-transformer: the types that TypeScript emitted count */
  constructor(private readonly isImplicit: boolean) {}

  /** @param key name of the member in the received object `owner` */
  of(type: unknown, key: string, owner: object): MemberType {
    const { transformed, nested } = this.classOf(type);
    const member = transformed?.memberOf(key) ?? key;
    const emitted = emittedType(type as AnyClass, member);
    const given = transformed?.typeOf(member, owner) ?? (this.isImplicit ? emitted : undefined);
    const made = given === Object || given === Array ? undefined : given;
    // class-validator checks a nested value by its class, which another copy of class-transformer may know
    const isOpen = transformed?.hasTransform(member) === true || (made === undefined && nested.has(member));
    return { type: made, isMap: emitted === Map && made !== Map, isOpen };
  }

  private classOf(type: unknown): { transformed: TransformedClass | undefined; nested: ReadonlySet<string> } {
    let known = this.known.get(type);
    if (known === undefined) {
      const validated = [...validatedMembers(type as AnyClass)];
      const nested = new Set(validated.filter(([, { isNested }]) => isNested).map(([name]) => name));
      known = { transformed: transformedClass(type as AnyClass, [], true), nested };
      this.known.set(type, known);
    }
    return known;
  }
}
