import type {
  AttributeSignature,
  FieldSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
  TypeSignature,
} from '../../daemon/contract/signatures.js';
import { objectOf } from '../../serializers/contract/plain-object.js';

const KINDS: readonly string[] = ['positional-only', 'positional', 'varargs', 'keyword', 'kwargs'];

type AnsweredDict = Readonly<Record<string, unknown>>;

/**
 * Reads what a daemon has answered to `get_signatures`. Parts of another shape are left out.
 *
 * @returns undefined when the answer has neither methods nor attributes
 */
export function readSignatures(answer: unknown): ObjectSignatures | undefined {
  const dict = dictOf(answer);
  if (!isDict(dict['methods']) || !isDict(dict['attributes'])) return undefined;
  const types = mapped(dict['types'], typeOf);
  return {
    class: typeof dict['class'] === 'string' ? dict['class'] : null,
    ...texts(dict, 'doc'),
    methods: mapped(dict['methods'], methodOf),
    attributes: mapped(dict['attributes'], attributeOf),
    ...(Object.keys(types).length > 0 && { types }),
  };
}

/** The names in a list or set that a daemon has sent. Other values are left out. */
export function readNames(answer: unknown): string[] {
  if (!Array.isArray(answer) && !(answer instanceof Set)) return [];
  return [...(answer as Iterable<unknown>)].filter((name) => typeof name === 'string');
}

function methodOf(method: AnsweredDict): MethodSignature {
  const { parameters, oneway, stream } = method;
  return {
    parameters: Array.isArray(parameters) ? parameters.map((each) => parameterOf(dictOf(each))) : null,
    ...texts(method, 'returns', 'doc'),
    oneway: oneway === true,
    stream: stream === true,
  };
}

function parameterOf(parameter: AnsweredDict): ParameterSignature {
  const { name, kind, required } = parameter;
  return {
    name: typeof name === 'string' ? name : null,
    kind: KINDS.includes(kind as string) ? (kind as ParameterSignature['kind']) : 'positional',
    required: required === true,
    ...texts(parameter, 'type', 'doc'),
  };
}

function attributeOf(attribute: AnsweredDict): AttributeSignature {
  const { readable, writable } = attribute;
  return { ...texts(attribute, 'type', 'setType', 'doc'), readable: readable !== false, writable: writable === true };
}

function typeOf(type: AnsweredDict): TypeSignature {
  const { alias, fields } = type;
  return isDict(fields)
    ? { fields: mapped(fields, fieldOf), ...texts(type, 'doc', 'class', 'base') }
    : { alias: typeof alias === 'string' ? alias : 'Any', ...texts(type, 'class') };
}

function fieldOf(field: AnsweredDict): FieldSignature {
  const { type, required } = field;
  return { type: typeof type === 'string' ? type : 'Any', required: required === true, ...texts(field, 'doc') };
}

function mapped<T>(members: unknown, read: (member: AnsweredDict) => T): Record<string, T> {
  const entries = Object.entries(dictOf(members)).map(([name, member]): [string, T] => [name, read(dictOf(member))]);
  return objectOf(entries) as Record<string, T>;
}

function texts<K extends string>(dict: AnsweredDict, ...names: K[]): { [Name in K]?: string } {
  const entries = names.map((name) => [name, dict[name]]).filter(([, value]) => typeof value === 'string' && value !== '');
  return Object.fromEntries(entries) as { [Name in K]?: string };
}

function dictOf(value: unknown): AnsweredDict {
  return isDict(value) ? value : {};
}

function isDict(value: unknown): value is AnsweredDict {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
