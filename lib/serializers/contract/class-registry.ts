import { processWide } from '../../copies/process-wide.js';
import {
  checkArgument,
  checkOptions,
  type OptionRule,
  type OptionRules,
  SWITCH,
  SYNC_FUNCTION,
  TEXT,
} from '../../options/option-checks.js';
import { SerializeError } from '../../protocol/errors.js';
import { noteRegisteredName } from '../../protocol/python-exception-rules.js';

/** Converts objects of one class to dicts and back. */
export interface ClassConverter<T extends object = object> {
  /** Dotted Python class name, e.g. `lab.Sample`, or `__main__.Sample` for a class of a script: the `__class__` of the dict. */
  name: string;
  /** Gives the members to send, at once; `__class__` is added. Without `toDict`, objects of the class are sent by the default rule. */
  toDict?: (value: T) => Record<string, unknown>;
  /**
   * Makes the object from the received dict, which has `__class__`, at once. Without `fromDict`, a received object is a SerializeError.
   * A call that fails by an exception of the class throws the error that `fromDict` makes.
   */
  fromDict?: (dict: Record<string, unknown>, name: string) => unknown;
  /** `fromDict` gets natural values also with `values: 'faithful'`: numbers, Arrays and plain objects. Default false. */
  natural?: boolean;
  /** @internal In place of `fromDict`. @param spend called with the memory that it takes, before it is allocated */
  make?: (dict: Record<string, unknown>, spend: (bytes: number) => void) => unknown;
  /** @internal Number of objects in the dict that rules check in `make`; it need not count further than `most`. */
  countChecks?: (dict: Record<string, unknown>, most: number) => number;
}

const RULES: OptionRules<ClassConverter> = {
  name: TEXT,
  toDict: SYNC_FUNCTION,
  fromDict: SYNC_FUNCTION,
  natural: SWITCH,
  make: SYNC_FUNCTION,
  countChecks: SYNC_FUNCTION,
};

const CLASS: OptionRule = {
  takes: 'a class',
  fits: (value) => typeof (value as { prototype?: unknown } | null)?.prototype === 'object',
};

/** The classes whose objects a daemon or a proxy can send and receive. */
export class ClassRegistry {
  private readonly byName = new Map<string, ClassConverter>();
  /** By prototype of the class. */
  private readonly byClass = new Map<unknown, ClassConverter>();

  /**
   * @throws {SerializeError} when the name is empty or taken by another class
   */
  registerClass<T extends object>(type: abstract new (...args: never[]) => T, converter: ClassConverter<T>): void {
    checkArgument('registerClass: the class', type, CLASS);
    checkOptions<ClassConverter<T>>(converter, RULES, 'registerClass: ');
    const { name } = converter;
    if (!name) throw new SerializeError('registerClass: name is empty; give the dotted Python class name');
    const known = this.byName.get(name);
    if (known !== undefined && known !== this.byClass.get(type.prototype)) {
      throw new SerializeError(`registerClass: "${name}" is registered for another class; unregister that one first`);
    }
    this.unregisterClass(type);
    noteRegisteredName(name);
    this.byName.set(name, converter as unknown as ClassConverter);
    this.byClass.set(type.prototype, converter as unknown as ClassConverter);
  }

  /** Ends the registration of a class: its instances travel as those of unknown classes again. Does nothing when the class is not registered. */
  // the type is AnyClass of objects/, which this room does not import
  unregisterClass(type: abstract new (...args: never[]) => object): void {
    const known = this.byClass.get(type.prototype);
    if (known === undefined) return;
    this.byClass.delete(type.prototype);
    this.byName.delete(known.name);
  }

  /** The converter of the nearest registered class on the object's prototype chain. */
  converterOf(value: object): ClassConverter | undefined {
    if (this.byClass.size === 0) return undefined;
    for (let proto: unknown = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
      const found = this.byClass.get(proto);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The converter with this `name`, the dotted name of a Python class; undefined when there is none. */
  converterNamed(name: string): ClassConverter | undefined {
    return this.byName.get(name);
  }
}

/** The registry of `registerClass`. Daemons and proxies use it unless they have the option `classes`. */
export const defaultClassRegistry = processWide('classes', () => new ClassRegistry());
