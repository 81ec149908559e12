/** The form of values: the members of a dict, the items of a list, the values of an enum. Only values that JSON has. */
export type ValueShape =
  | {
      /** A single value. */
      kind: 'scalar';
      /** Type of the value, a word for readers: `int`, `str`, or the name of an unknown class. */
      type: string;
    }
  | {
      /** A choice of values, as of an enum. */
      kind: 'choice';
      /** The values. */
      choices: (string | number)[];
    }
  | {
      /** A list. */
      kind: 'list';
      /** Shape of each item. */
      item: ValueShape;
    }
  | {
      /** A dict. */
      kind: 'dict';
      /** The `__class__` of a class that travels by its members; null for a plain dict. */
      className: string | null;
      /** The members that the dict may have, each with its shape. */
      members: MemberShape[];
    };

/** A member of a dict. */
export interface MemberShape {
  /** Name on the wire. */
  name: string;
  /** True when the member cannot be left out. */
  isRequired: boolean;
  /** Shape of the value of the member. */
  shape: ValueShape;
  /** Rules of class-validator: `isInt`, `min 1`. Absent where there are none. */
  rules?: string[];
}
