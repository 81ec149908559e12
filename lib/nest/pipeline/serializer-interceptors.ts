import {
  type CallHandler,
  ClassSerializerInterceptor,
  type ExecutionContext,
  type NestInterceptor,
  StandardSchemaSerializerInterceptor,
} from '@nestjs/common';
import { lastValueFrom, map, type Observable, of } from 'rxjs';
import { descriptionFor } from '../../classes/register-class.js';
import { asStream, WrappedIterator } from '../../objects/item-iterators.js';
import { NdArray } from '../../arrays/nd-array.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { referenceOf } from '../../protocol/proxy-reference.js';
import { PyroUri } from '../../protocol/uri.js';
import { isPlainObject } from '../../serializers/contract/plain-object.js';
import { SerializedBlob } from '../../serializers/contract/serialized-blob.js';
import { PyComplex, PyFloat } from '../../serpent/values.js';
import type { PyroContext } from '../context/pyro-context.js';

const VALUES = [NdArray, PyComplex, PyFloat, PyroUri, SerializedBlob, Error];
const SERIALIZERS = [ClassSerializerInterceptor, StandardSchemaSerializerInterceptor].map(({ prototype }) =>
  interceptOf(prototype),
);

/**
 * Wraps Nest's serializer interceptors, which make plain data of every object that a method returns. Generators, proxies and Python's
 * numbers pass a wrapped serializer unchanged. The serializer sees each item of a stream, as with streams over HTTP.
 *
 * @returns other interceptors as they are, also subclasses of the serializers that have an `intercept` of their own
 */
export function wrapSerializer(interceptor: NestInterceptor): NestInterceptor {
  return SERIALIZERS.includes(interceptOf(interceptor)) ? new WrappedSerializer(interceptor) : interceptor;
}

function interceptOf(interceptor: NestInterceptor): unknown {
  return Reflect.get(interceptor, 'intercept');
}

class WrappedSerializer implements NestInterceptor {
  constructor(private readonly serializer: NestInterceptor) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const { daemon } = context.switchToRpc().getContext<PyroContext>();
    // serializers skip values that are no objects, as symbols are
    const kept = new Map<symbol, object>();
    const keep = (value: unknown): unknown => {
      if (!travelsAsItIs(value, daemon)) return value;
      const mark = Symbol('kept from the serializer');
      kept.set(mark, value);
      return mark;
    };
    const giveBack = (value: unknown): unknown => {
      const original = kept.get(value as symbol);
      if (original === undefined) return value;
      kept.delete(value as symbol);
      const stream = asStream(original);
      return stream ? new WrappedIterator(stream, { mapItem: (item) => this.serialize(item, context) }) : original;
    };
    const results = await this.serializer.intercept(context, {
      handle: () => next.handle().pipe(map((value) => mapParts(value, keep))),
    });
    return results.pipe(map((value) => (kept.size === 0 ? value : mapParts(value, giveBack))));
  }

  private async serialize(item: unknown, context: ExecutionContext): Promise<unknown> {
    return lastValueFrom(await this.intercept(context, { handle: () => of(item) }));
  }
}

/**
 * Replaces a value, or the parts of lists and plain objects at any depth. Lists and objects without a replaced part stay the same.
 *
 * @param around the containers of the value, which may contain themselves
 */
function mapParts(value: unknown, replace: (part: unknown) => unknown, around = new Set<unknown>()): unknown {
  const replaced = replace(value);
  if (replaced !== value || around.has(value)) return replaced;
  if (!Array.isArray(value) && !isPlainObject(value)) return value;
  around.add(value);
  let isChanged = false;
  const mapPart = (part: unknown): unknown => {
    const mapped = mapParts(part, replace, around);
    isChanged ||= mapped !== part;
    return mapped;
  };
  const copy = Array.isArray(value)
    ? value.map(mapPart)
    : Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapPart(part)]));
  around.delete(value);
  return isChanged ? copy : value;
}

/** True for objects with a special form on the wire: numbers and bytes of Python, streams, proxies, and served objects. */
function travelsAsItIs(value: unknown, daemon: PyroDaemon): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value) || VALUES.some((type) => value instanceof type)) return true;
  if (descriptionFor(value) !== undefined) return true;
  return asStream(value) !== undefined || referenceOf(value) !== undefined || daemon.referenceFor(value) !== undefined;
}
