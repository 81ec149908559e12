import {
  type CallHandler,
  ClassSerializerInterceptor,
  type ExecutionContext,
  type NestInterceptor,
  StandardSchemaSerializerInterceptor,
} from '@nestjs/common';
import { lastValueFrom, map, type Observable, of } from 'rxjs';
import { looksAtNames } from '../nest-internals.js';
import { type PythonContainer, isPythonContainer, isOpaque } from '../../classes/fields/opaque-values.js';
import { descriptionFor } from '../../classes/register-class.js';
import { type AnyIterator, asStream, WrappedIterator } from '../../objects/item-iterators.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { isPlainObject, objectOf } from '../../serializers/contract/plain-object.js';
import { indexArrayBytes } from '../../serpent/costs/index-keys.js';
import { PyFrozenSet, tupleOf } from '../../serpent/values/values.js';
import type { PyroContext } from '../context/pyro-context.js';

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
  /** class-transformer makes lists and dicts of texts of all containers. A schema says itself which containers it takes. */
  private readonly keepsContainers: boolean;

  constructor(private readonly serializer: NestInterceptor) {
    this.keepsContainers = interceptOf(serializer) === interceptOf(ClassSerializerInterceptor.prototype);
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const { daemon } = context.switchToRpc().getContext<PyroContext>();
    const kept = new KeptParts(
      daemon,
      this.keepsContainers && !looksAtNames(this.serializer, context),
      (stream) => new WrappedIterator(stream, { mapItem: (item) => this.serialize(item, context) }),
    );
    const results = await this.serializer.intercept(context, {
      handle: () => next.handle().pipe(map((value) => kept.keep(value))),
    });
    return results.pipe(map((value) => kept.giveBack(value)));
  }

  private async serialize(item: unknown, context: ExecutionContext): Promise<unknown> {
    return lastValueFrom(await this.intercept(context, { handle: () => of(item) }));
  }
}

/** Longest array for keys like array indices that class-transformer may let V8 make, in bytes. */
const LONG_ARRAY_BYTES = 1_024;

/** A container whose kind class-transformer would change, or a dict with keys like array indices: V8 would store them in a long array. */
type KeptContainer = PythonContainer | Record<string, unknown>;

function staysContainer(value: object): value is KeptContainer {
  return isPythonContainer(value) || (isPlainObject(value) && indexArrayBytes(value) > LONG_ARRAY_BYTES);
}

type Wrap = (stream: AnyIterator) => unknown;

/** The parts of one result that a serializer must not change. Serializers skip values that are no objects, such as symbols. */
class KeptParts {
  private readonly kept = new Map<unknown, object>();
  /** Containers by the symbol that begins the list of their members. */
  private readonly containers = new Map<unknown, KeptContainer>();

  constructor(
    private readonly daemon: PyroDaemon,
    private readonly keepsContainers: boolean,
    private readonly wrapStream: Wrap,
  ) {}

  /** Replaces the parts, in lists and plain objects at any depth. A list with the members stands for a container. */
  keep(value: unknown, around = new Set<unknown>()): unknown {
    if (travelsAsItIs(value, this.daemon)) return this.mark(value, this.kept);
    if (!this.keepsContainers || typeof value !== 'object' || value === null || !staysContainer(value))
      return mapParts(value, (part) => this.keep(part, around), around);
    if (around.has(value)) return this.mark(value, this.kept);
    around.add(value);
    const given = value instanceof Map || value instanceof Set || Array.isArray(value) ? value.values() : Object.values(value);
    const members = Array.from(given, (member: unknown) => this.keep(member, around));
    around.delete(value);
    return [this.mark(value, this.containers), ...members];
  }

  /** Gives back the parts in a result of the serializer. */
  giveBack(value: unknown, around = new Set<unknown>()): unknown {
    if (this.kept.size + this.containers.size === 0) return value;
    const original = this.kept.get(value);
    if (original !== undefined) {
      this.kept.delete(value);
      const stream = asStream(original);
      return stream ? this.wrapStream(stream) : original;
    }
    const container = Array.isArray(value) ? this.containers.get(value[0]) : undefined;
    if (container === undefined) return mapParts(value, (part) => this.giveBack(part, around), around);
    this.containers.delete((value as unknown[])[0]);
    return withMembers(
      container,
      (value as unknown[]).slice(1).map((member) => this.giveBack(member, around)),
    );
  }

  private mark<T extends object>(value: T, marks: Map<unknown, T>): symbol {
    const mark = Symbol('kept from the serializer');
    marks.set(mark, value);
    return mark;
  }
}

/** A container of the same kind with other members. The keys of a dict stay. */
function withMembers(container: KeptContainer, members: readonly unknown[]): KeptContainer {
  if (container instanceof Map) {
    const keys = [...container.keys()];
    return new Map(members.map((member, index) => [keys[index], member]));
  }
  if (container instanceof Set) return container instanceof PyFrozenSet ? new PyFrozenSet(members) : new Set(members);
  if (Array.isArray(container)) return tupleOf(members);
  return objectOf(Object.keys(container).map((name, index) => [name, members[index]]));
}

/**
 * Replaces the parts of a list or of a plain object. A list or an object without a replaced part stays the same.
 *
 * @param around the containers of the value, which may contain themselves
 */
function mapParts(value: unknown, replace: (part: unknown) => unknown, around: Set<unknown>): unknown {
  if ((!Array.isArray(value) && !isPlainObject(value)) || around.has(value)) return value;
  around.add(value);
  let isChanged = false;
  const mapPart = (part: unknown): unknown => {
    const mapped = replace(part);
    isChanged ||= mapped !== part;
    return mapped;
  };
  const copy = Array.isArray(value)
    ? value.map(mapPart)
    : objectOf(Object.entries(value).map(([name, part]) => [name, mapPart(part)]));
  around.delete(value);
  return isChanged ? copy : value;
}

/** True for objects with a special form on the wire: numbers and bytes of Python, streams, proxies, and served objects. */
function travelsAsItIs(value: unknown, daemon: PyroDaemon): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value) || isOpaque(value) || descriptionFor(value) !== undefined) return true;
  return asStream(value) !== undefined || daemon.referenceFor(value) !== undefined;
}
