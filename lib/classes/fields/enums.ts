import { processWide } from '../../copies/process-wide.js';
import { checkArgument, configError, OBJECT } from '../../options/option-checks.js';
import { type ClassRegistry, defaultClassRegistry } from '../../serializers/contract/class-registry.js';
import { CLASS_REGISTRY } from '../../serializers/contract/serializer-rules.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { shortText } from '../../protocol/short-text.js';
import { type EnumObject, enumValues, isEnumValue } from './field-types.js';

/** A registered enum, and the class whose instances replace its members while they are sent. */
interface RegisteredEnum {
  readonly name: string;
  readonly Member: new (value: string | number) => object;
}

const enums = processWide('enums', () => new Map<EnumObject, RegisteredEnum>());

/**
 * Registers an enum of TypeScript as a Python Enum. Members of the Python Enum are read as values of the enum. Values are sent as members
 * of the Python Enum by {@link enumMember}, and in members of classes with this type.
 *
 * @param name Python's name of the Enum: `lab.Colour`
 * @throws {SerializeError} when the name is taken
 */
export function registerEnum(object: EnumObject, name: string, registry: ClassRegistry = defaultClassRegistry): void {
  checkArgument('registerEnum: the registry', registry, CLASS_REGISTRY);
  checkArgument('registerEnum: the enum', object, { ...OBJECT, takes: 'an enum of TypeScript, or an object of its members' });
  class Member {
    constructor(readonly value: string | number) {}
  }
  registry.registerClass(Member, {
    name,
    natural: true,
    toDict: ({ value }) => ({ value }),
    make: ({ value }) => {
      if (isEnumValue(object, value)) return value;
      throw new UnreadableError(`${shortText(value)} is no value of ${name}: ${enumValues(object).join(', ')}`);
    },
  });
  enums.set(object, { name, Member });
}

/**
 * A value of a registered enum that travels as the member of the Python Enum. The value alone travels as a str or an int.
 *
 * @throws {PyroError} `CONFIG` when the enum is not registered
 */
export function enumMember<E extends EnumObject>(object: E, value: E[keyof E]): object {
  const known = enums.get(object);
  if (known === undefined)
    throw configError('enumMember: the enum is not registered; call registerEnum(Colour, "lab.Colour") first');
  return new known.Member(value);
}

export function isRegisteredEnum(object: EnumObject): boolean {
  return enums.has(object);
}

/** Every registered enum, with its Python name. */
export function registeredEnums(): { readonly name: string; readonly object: EnumObject }[] {
  return [...enums].map(([object, { name }]) => ({ name, object }));
}
