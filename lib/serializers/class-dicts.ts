import { SecurityError, SerializeError } from '../protocol/errors.js';
import { PyroUri } from '../protocol/uri.js';
import { type ClassDict, exceptionToDict, PyroRemoteError } from './exceptions.js';
import type { ReadContext, SerializerOptions } from './serializer.js';

/** The failed entry of a batch. @see Pyro5/core.py, `_ExceptionWrapper` */
export class ExceptionWrapper {
  constructor(readonly exception: unknown) {}
}

/** What an object that is no plain value is written as; undefined: the serializer's own rule. */
export function encodeObject(value: object, options: SerializerOptions): unknown {
  if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) return options.encodeObject?.(value);
  const own = options.encodeObject?.(value);
  if (own !== undefined) return own;
  if (value instanceof PyroUri) return { __class__: 'Pyro5.core.URI', state: value.toState() };
  if (value instanceof ExceptionWrapper) return { __class__: 'Pyro5.core._ExceptionWrapper', exception: value.exception };
  if (value instanceof Error) return exceptionToDict(value, options.detailedTraceback);
  const converter = options.classes.converterOf(value);
  if (converter?.toDict) return { ...converter.toDict(value), __class__: converter.name };
  return undefined;
}

/** Makes objects of the class dicts in a read value. @see Pyro5/serializers.py, `recreate_classes` */
export function recreateClasses(value: unknown, options: SerializerOptions, context: ReadContext): unknown {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = recreateClasses(value[i], options, context);
    return value;
  }
  if (value instanceof Set) return new Set([...value].map((item) => recreateClasses(item, options, context)));
  if (value instanceof Map) {
    if (value.has('__class__')) return recreate(Object.fromEntries(value as Map<string, unknown>), options, context);
    for (const [key, item] of value as Map<unknown, unknown>) value.set(key, recreateClasses(item, options, context));
    return value;
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const dict = value as ClassDict;
  if (Object.hasOwn(dict, '__class__')) return recreate(dict, options, context);
  for (const key of Object.keys(dict)) dict[key] = recreateClasses(dict[key], options, context);
  return dict;
}

function recreate(dict: ClassDict, options: SerializerOptions, context: ReadContext): unknown {
  const name = String(dict['__class__']);
  const converter = options.classes.converterNamed(name);
  if (converter?.fromDict) return converter.fromDict(dict, name);
  if (name.includes('__')) throw new SecurityError(`refused to deserialize types with double underscores in their name: ${name}`);
  if (name === 'Pyro5.core.URI' && Array.isArray(dict['state'])) return PyroUri.fromState(dict['state'] as unknown[]);
  if (name === 'Pyro5.client.Proxy' && Array.isArray(dict['state']) && context.decodeProxy)
    return context.decodeProxy(dict['state'] as unknown[]);
  if (name === 'Pyro5.core._ExceptionWrapper') return new ExceptionWrapper(recreateClasses(dict['exception'], options, context));
  if (dict['__exception__'] === true && Array.isArray(dict['args'])) {
    const { _pyroTraceback: lines, ...attributes } = (dict['attributes'] ?? {}) as Record<string, unknown>;
    return new PyroRemoteError(name, dict['args'] as unknown[], attributes, Array.isArray(lines) ? lines.map(String) : []);
  }
  throw new SerializeError(`unsupported serialized class: ${name}`);
}
