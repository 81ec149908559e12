/** The form of values: the members of a dict, the items of a list, the values of an enum. Only values that JSON has. */
export type ValueShape =
  /** `type` is a word for readers: `int`, `str`, or the name of an unknown class. */
  | { kind: 'scalar'; type: string }
  | { kind: 'choice'; choices: (string | number)[] }
  | { kind: 'list'; item: ValueShape }
  /** `className`: the `__class__` of a class that travels by its members; null for a plain dict. */
  | { kind: 'dict'; className: string | null; members: MemberShape[] };

/** A member of a dict. */
export interface MemberShape {
  /** Name on the wire. */
  name: string;
  isRequired: boolean;
  shape: ValueShape;
  /** Rules of class-validator: `isInt`, `min 1`. Absent where there are none. */
  rules?: string[];
}
