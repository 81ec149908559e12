import type { ClassDescription, PythonStyle } from '../../classes/class-description.js';
import type { ClassField } from '../../classes/class-members.js';
import { printedNames, shortName } from './class-names.js';
import { enumMemberName, isPythonName } from './python-names.js';
import { type EnumObject, enumEntries, type ScalarType, type ValueType } from '../../classes/fields/field-types.js';

/** The classes and enums that are printed. */
export interface PrintedClasses {
  readonly classes: readonly ClassDescription[];
  readonly enums: readonly { readonly name: string; readonly object: EnumObject }[];
}

export interface PrintOptions {
  /** The kind of classes that have no kind of their own. */
  readonly style: PythonStyle;
  /** A Python module that has the classes: they are imported, and not defined. */
  readonly module?: string | undefined;
}

const ANNOTATIONS: Readonly<Record<ScalarType, string>> = {
  any: 'Any',
  str: 'str',
  int: 'int',
  float: 'float',
  number: 'float',
  bool: 'bool',
  bytes: 'bytes',
  datetime: 'datetime',
  date: 'date',
  time: 'time',
  timedelta: 'timedelta',
  Decimal: 'Decimal',
  UUID: 'UUID',
  Path: 'Path',
};

const ALIASED: ReadonlySet<string> = new Set([...Object.values(ANNOTATIONS), 'list']);

/** Python expressions that make the value of a member from the received value. Members of other types keep the received value. */
const READERS: Readonly<Partial<Record<ScalarType, string>>> = {
  bytes: 'serpent.tobytes',
  datetime: 'datetime.fromisoformat',
  date: 'date.fromisoformat',
  time: 'time.fromisoformat',
  timedelta: 'lambda seconds: timedelta(seconds=seconds)',
  Decimal: 'Decimal',
  UUID: 'UUID',
  Path: 'Path',
};

const IMPORT_OF_STYLE: Readonly<Record<PythonStyle, string>> = {
  dataclass: 'from dataclasses import dataclass',
  namedtuple: 'from typing import NamedTuple',
  pydantic: 'from pydantic import BaseModel',
  attrs: 'import attrs',
};

/** The beginning of a printed module. */
export const CLASSES_HEAD = '"""Classes of a Nest application for Pyro5. Printed by: npx nestjs-pyro python classes"""';

/**
 * The text of a Python module that defines classes, and registers them with Pyro5.
 *
 * @throws {Error} when Python's classes cannot have a member of this name
 */
export function pythonClasses(printed: PrintedClasses, options: PrintOptions): string {
  return new PythonModule(printed, options).text;
}

class PythonModule {
  /** The names of the classes in the module, by their names on the wire. */
  private readonly names: ReadonlyMap<string, string>;
  private readonly aliases = new Set<string>();

  constructor(
    private readonly printed: PrintedClasses,
    private readonly options: PrintOptions,
  ) {
    this.names = printedNames([...printed.enums, ...printed.classes].map(({ name }) => name));
  }

  get text(): string {
    const { module } = this.options;
    const own = module === undefined ? this.definitions() : [`from ${module} import ${this.imported().join(', ')}`];
    const aliases = this.aliases.size === 0 ? [] : [[...this.aliases].sort().join('\n')];
    return `${[this.imports(), ...aliases, ...own, FUNCTIONS, this.table(), REGISTRATION].join('\n\n\n')}\n`;
  }

  /** The classes of a module of the user, which has their short names. */
  private imported(): string[] {
    return [...this.printed.enums, ...this.printed.classes].map(({ name }) => {
      const own = this.names.get(name)!;
      return own === shortName(name) ? own : `${shortName(name)} as ${own}`;
    });
  }

  private imports(): string {
    const styles = this.options.module === undefined ? this.styles() : [];
    const lines = [
      ...[...styles].sort().map((style) => IMPORT_OF_STYLE[style]),
      'from datetime import date, datetime, time, timedelta',
      'from decimal import Decimal',
      'from enum import Enum',
      'from pathlib import Path, PurePath',
      'from typing import Any',
      'from uuid import UUID',
      '',
      'import serpent',
      'from Pyro5.api import register_class_to_dict, register_dict_to_class',
      'from Pyro5.serializers import SerpentSerializer',
    ];
    return `${CLASSES_HEAD}\nfrom __future__ import annotations\n\n${lines.join('\n')}`;
  }

  private styles(): Set<PythonStyle> {
    return new Set(this.printed.classes.filter(({ isException }) => !isException).map((one) => this.styleOf(one)));
  }

  private styleOf({ options }: ClassDescription): PythonStyle {
    return options.python ?? this.options.style;
  }

  private definitions(): string[] {
    const { classes, enums } = this.printed;
    return [
      ...enums.map(({ name, object }) => this.enumeration(name, object)),
      ...classes.map((one) => (one.isException ? this.exception(one) : this.record(one))),
    ];
  }

  private enumeration(name: string, object: EnumObject): string {
    const taken = new Set(['mro']);
    const members = enumEntries(object).map(
      ([key, value]) => `    ${enumMemberName(key, taken)} = ${enumValue(name, key, value)}`,
    );
    return `class ${this.names.get(name)}(Enum):\n${members.length > 0 ? members.join('\n') : '    pass'}`;
  }

  private exception(one: ClassDescription): string {
    const { name, base, wireFields } = one;
    const attributes = wireFields.map((field) => `    ${this.annotated(field, one)}`);
    const head = `class ${this.names.get(name)}(${base === undefined ? 'Exception' : this.names.get(base.name)}):`;
    return `${head}\n${attributes.length > 0 ? attributes.join('\n') : '    pass'}`;
  }

  private record(one: ClassDescription): string {
    const style = this.styleOf(one);
    const isTuple = style === 'namedtuple';
    // classes of different kinds cannot inherit from each other
    const base = one.base !== undefined && !isTuple && this.styleOf(one.base) === style ? one.base : undefined;
    const inherited = base?.wireFields.map(({ name }) => name) ?? [];
    const own = one.wireFields.filter(({ name }) => !inherited.includes(name));
    // a member without default after one with a default
    const isMixed = one.wireFields.some(({ isOptional }, at) => !isOptional && one.wireFields[at - 1]?.isOptional);
    // members of a NamedTuple with defaults come last, as Python wants them
    const ordered = isTuple && isMixed ? [...own].sort((a, b) => Number(a.isOptional) - Number(b.isOptional)) : own;
    const lines = ordered.map((field) => `    ${this.annotated(field, one)}`);
    const parent = base === undefined ? undefined : this.names.get(base.name);
    const name = this.names.get(one.name);
    const keywords = isMixed ? '(kw_only=True)' : '';
    const head = {
      dataclass: `@dataclass${keywords}\nclass ${name}${parent === undefined ? '' : `(${parent})`}:`,
      attrs: `@attrs.define${keywords}\nclass ${name}${parent === undefined ? '' : `(${parent})`}:`,
      pydantic: `class ${name}(${parent ?? 'BaseModel'}):`,
      namedtuple: `class ${name}(NamedTuple):`,
    }[style];
    return `${head}\n${lines.length > 0 ? lines.join('\n') : '    pass'}`;
  }

  private annotated({ name, type, isOptional }: ClassField, of: ClassDescription): string {
    if (!isPythonName(name))
      throw new Error(
        `${of.name} has a member ${name}, which no class of Python can have; give it another name, or @Expose({ name }) of class-transformer`,
      );
    const style = of.isException ? undefined : this.styleOf(of);
    if (style !== undefined && isHidden(name, style))
      throw new Error(
        `${of.name} has a member ${name}, which no ${style} class can have; choose another kind, python: 'dataclass', or another name with @Expose({ name }) of class-transformer`,
      );
    const members = new Set(of.wireFields.map((field) => field.name));
    const plain = this.annotationOf(type);
    // the default of such a member takes the place of the class, which a pydantic class looks for later
    if (style === 'pydantic' && isOptional && !ALIASED.has(name) && plain.split(/\W+/).includes(name))
      throw new Error(
        `${of.name} has a member ${name} of a class that is called the same, which no pydantic class can have with a default; choose another kind, python: 'dataclass', or another name with @Expose({ name }) of class-transformer`,
      );
    const annotation = plain.replace(/\w+/g, (part) => (members.has(part) && ALIASED.has(part) ? this.aliasOf(part) : part));
    const shown = !isOptional || annotation === 'Any' ? annotation : `${annotation} | None`;
    // attrs leaves the _ of the argument out
    if (style === 'attrs' && name.startsWith('_'))
      return `${name}: ${shown} = attrs.field(${isOptional ? 'default=None, ' : ''}alias=${JSON.stringify(name)})`;
    return `${name}: ${shown}${isOptional ? ' = None' : ''}`;
  }

  /** Another name for a type that a member of a class hides: `date: _date | None = None`. */
  private aliasOf(type: string): string {
    this.aliases.add(`_${type} = ${type}`);
    return `_${type}`;
  }

  private annotationOf(type: ValueType): string {
    switch (type.kind) {
      case 'scalar':
        return ANNOTATIONS[type.scalar];
      case 'array':
        // whether there is NumPy is not known
        return 'Any';
      case 'list':
        return `list[${this.annotationOf(type.item)}]`;
      case 'enum': {
        const { name } = this.printed.enums.find(({ object }) => object === type.object) ?? {};
        return name === undefined ? 'Any' : this.names.get(name)!;
      }
      case 'class': {
        const { name } = type.described() ?? {};
        return (name === undefined ? undefined : this.names.get(name)) ?? 'Any';
      }
    }
  }

  /** Of each class: its name on the wire, and what reads its members. */
  private table(): string {
    const { classes, enums } = this.printed;
    const rows = [
      ...enums.map(({ name }) => this.row(name, [])),
      ...classes.map(({ name, wireFields }) =>
        this.row(
          name,
          wireFields.map((field) => `"${field.name}": ${readerOf(field.type)}`),
        ),
      ),
    ];
    return `_CLASSES = {\n${rows.join('\n')}\n}`;
  }

  private row(name: string, readers: string[]): string {
    return `    ${this.names.get(name)}: (${JSON.stringify(name)}, {${readers.join(', ')}}),`;
  }
}

/** A value of an enum as an expression of Python. @throws {Error} for NaN, by which Python finds no member */
function enumValue(name: string, key: string, value: string | number): string {
  if (Number.isNaN(value))
    throw new Error(`${name} has the member ${key} with the value NaN, by which no Enum of Python finds it`);
  if (Number.isFinite(value) || typeof value === 'string') return JSON.stringify(value);
  return `float("${value > 0 ? 'inf' : '-inf'}")`;
}

/** True for names that a kind of classes keeps for itself. */
function isHidden(name: string, style: PythonStyle): boolean {
  if (style === 'attrs') return name === 'self';
  if (style === 'pydantic') return /^_|^model_(?:config$|dump|validate)/.test(name);
  return style === 'namedtuple' && name.startsWith('_');
}

function readerOf(type: ValueType): string {
  if (type.kind === 'list') return `lambda items: [(${readerOf(type.item)})(item) for item in items]`;
  return (type.kind === 'scalar' ? READERS[type.scalar] : undefined) ?? '_recreate';
}

/** Python functions that all printed classes use. */
const FUNCTIONS = `def to_wire(value):
    """Gives the value that Pyro5 sends for a value. Pyro5 calls this function for objects of these classes. Call it yourself
    for what Pyro5 does not ask about: namedtuples with json, msgpack and marshal, and everything inside of a list or dict
    with marshal."""
    kind = next((each for each in type(value).__mro__ if each in _CLASSES), None)
    if kind is not None:
        name, fields = _CLASSES[kind]
        if isinstance(value, BaseException):
            parts = {"args": to_wire(value.args), "attributes": to_wire(vars(value))}
            return {"__class__": name, "__exception__": True, **parts}
        if isinstance(value, Enum):
            return {"__class__": name, "value": value.value}
        return {"__class__": name, **{field: to_wire(getattr(value, field)) for field in fields}}
    if isinstance(value, dict):
        return {key: to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [to_wire(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items if isinstance(value, list) else set(items)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (Decimal, UUID, PurePath)):
        return str(value)
    return value.value if isinstance(value, Enum) else value


def _recreate(value):
    return SerpentSerializer().recreate_classes(value)


def _from_wire(kind, fields):
    def members(data):
        return {
            name: None if value is None else fields.get(name, _recreate)(value)
            for name, value in data.items()
            if name != "__class__"
        }

    def read(name, data):
        if issubclass(kind, Enum):
            return kind(data["value"])
        if not issubclass(kind, BaseException):
            return kind(**members(data))
        error = kind.__new__(kind)
        error.args = tuple(_recreate(data["args"]))
        vars(error).update(members(data.get("attributes", {})))
        return error

    return read`;

const REGISTRATION = `for _kind, (_name, _fields) in _CLASSES.items():
    register_class_to_dict(_kind, to_wire)
    register_dict_to_class(_name, _from_wire(_kind, _fields))`;
