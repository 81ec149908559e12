/**
 * Signatures and docs of an object, as `get_signatures` of `Pyro.Daemon` gives them to clients: only values that JSON has. Types are
 * texts of Python types; a type or doc that is not known is left out.
 */
export interface ObjectSignatures {
  /** Name of the class; null when it has none. */
  class: string | null;
  /** Docstring of the class. */
  doc?: string;
  /** By wire name. */
  methods: Record<string, MethodSignature>;
  /** By wire name. */
  attributes: Record<string, AttributeSignature>;
  /** The types of your own that the texts name. */
  types?: Record<string, TypeSignature>;
}

/** The signature of a method. */
export interface MethodSignature {
  /** Null when they are unknown. */
  parameters: ParameterSignature[] | null;
  /** Type of the result. For a stream: the type of the iterator. */
  returns?: string;
  /** Docstring. */
  doc?: string;
  /** True when clients do not wait for a reply. */
  oneway: boolean;
  /** True when the method is known to return a stream. */
  stream: boolean;
}

/** A parameter of a method. */
export interface ParameterSignature {
  /** Null for a parameter without a name: it can only be given by its position. */
  name: string | null;
  /**
   * As in Python. `positional`: by position or by name. `keyword`: only by name. `varargs`: takes all further positional arguments.
   * `kwargs`: takes the keyword arguments that no other parameter takes; `type` is the type of one value, or `Unpack[…]`.
   */
  kind: 'positional-only' | 'positional' | 'varargs' | 'keyword' | 'kwargs';
  /** True when callers have to give the argument. */
  required: boolean;
  /** Type in the notation of Python. Undefined when nobody has told it. */
  type?: string;
  /** Docstring. */
  doc?: string;
}

/** The type and the access of an attribute. */
export interface AttributeSignature {
  /** Type in the notation of Python. Undefined when nobody has told it. */
  type?: string;
  /** Type of the values that clients set. Left out when it is `type`. */
  setType?: string;
  /** Docstring. */
  doc?: string;
  /** True when clients can read the attribute. */
  readable: boolean;
  /** True when clients can set the attribute. */
  writable: boolean;
}

/** A type of your own: a record with fields, or another name of a type. */
export type TypeSignature =
  | {
      /** By wire name. */
      fields: Record<string, FieldSignature>;
      /** Docstring. */
      doc?: string;
      /** Dotted name of the Python class whose objects the values are. Left out for dicts. */
      class?: string;
      /** The kind of class; default `dataclass`. */
      style?: string;
      /** Name of the type whose fields come first. */
      base?: string;
    }
  | {
      /** The type that the name stands for, in the notation of Python. */
      alias: string;
      /** Dotted name of the Python Enum whose members have the values that the alias lists. */
      class?: string;
      /** The values of an Enum, by name. */
      members?: Record<string, string | number>;
    };

/** A field of a {@link TypeSignature}. */
export interface FieldSignature {
  /** Type in the notation of Python. */
  type: string;
  /** True when the field cannot be left out. */
  required: boolean;
  /** Docstring. */
  doc?: string;
}

/** Types and docs of classes, which a server shows in `get_signatures`. `nestjs-pyro pyi --signatures FILE` writes them. */
export interface SignatureBook {
  /** By the name of the class. */
  classes: Record<string, ObjectSignatures>;
}
