import { type Spend, spendOf } from '../../arrays/memory.js';
import { recogniseInstances } from '../../copies/process-wide.js';
import { PyroError, SecurityError, SerializeError } from '../../protocol/errors.js';
import { isRefusal } from '../../protocol/refusals.js';
import { MOST_TAGS, PyroUri } from '../../protocol/uri.js';
import { noteChosenClass } from './chosen-classes.js';
import { noteConverted } from './converted-failures.js';
import { objectBy } from './converters.js';
import { EXCEPTION_COST, dictToException } from './exceptions.js';
import { decodeUtf8 } from '../bytes/python-text.js';
import type { ClassConverter } from '../contract/class-registry.js';
import { ApplicationFailure, failedInside, UnreadableError } from '../contract/unreadable-error.js';
import { type Dict, isDict, memberOf as get, objectOf } from '../contract/plain-object.js';
import { isLongText, longNameReason } from '../../serpent/costs/hash-collisions.js';
import type { ReadContext, SerializerOptions } from '../contract/serializer.js';
import type { ValueBudget } from '../contract/value-budget.js';
import { arrayOfClass, arrayOfDict, isNumpyClass } from './array-dicts.js';
import { ArrayReads } from './array-reads.js';
import { naturalValue } from './natural-value.js';
import { shortText } from '../../protocol/short-text.js';
import { peerText } from '../../protocol/texts/peer-text.js';

/** The failed entry of a batch. @see Pyro5/core.py, `_ExceptionWrapper` */
export class ExceptionWrapper {
  static {
    recogniseInstances(this, 'ExceptionWrapper');
  }

  constructor(readonly exception: unknown) {}
}

/** Marks a daemon of this program. A daemon travels without its data, as in Pyro5. */
export const IS_DAEMON: unique symbol = Symbol.for('nestjs-pyro:daemon');

/** The value of a received `Pyro5.server.Daemon`. It has no members. */
export class DaemonStub {}

type ReadOptions = Pick<SerializerOptions, 'classes' | 'arrays' | 'values'>;

/**
 * Replaces the class dicts in a received value by objects. The value is changed in place.
 *
 * The members of a class dict are converted first. A dict of an unknown class stays a dict as a member of a class dict; elsewhere it is
 * refused.
 *
 * @param hasShared true when the value may have the same container in several places
 * @throws {SerializeError} on an unknown class
 * @throws {SecurityError} on a class name with a double underscore, unless the class dict is an exception: it becomes a
 *   `PyroRemoteError`, and no class is looked up
 * @throws {UnreadableError} on wrong members of a known class
 * @see Pyro5/serializers.py, `recreate_classes` and `dict_to_class`
 */
export function recreateClasses(
  value: unknown,
  hasShared: boolean,
  options: ReadOptions,
  context: ReadContext,
  budget: ValueBudget,
): unknown {
  return new ClassDicts(hasShared ? new Map() : undefined, options, context, budget).convert(value, false);
}

/** The memory of an instance that a converter makes, without its members, in bytes. */
const INSTANCE_COST = 120;
/** The memory of a proxy that was not used yet, in bytes. */
const PROXY_COST = 1_000;
/** A tag of a URI, which takes 0.5 µs to sort; and a member name of a proxy, which becomes a member of a Set. */
const TAG_COST = 200;
const NAME_COST = 50;
/** Calls of converters in a message in which errors get a stack. Dicts of marshal may share their parts, so that 20 bytes stand for each error. */
const MOST_STACKS = 100;
/** Longest name of a class. */
const MAX_NAME_CHARS = 1_000;

class ClassDicts {
  /** @param done the containers that were converted, when some are shared: a shared container is converted once, and stays shared */
  constructor(
    private readonly done: Map<object, unknown> | undefined,
    private readonly options: ReadOptions,
    private readonly context: ReadContext,
    private readonly budget: ValueBudget,
  ) {
    this.spend = spendOf(budget, (bytes) => budget.spend(bytes));
    this.arrays = new ArrayReads(this.spend);
  }

  /** In faithful mode the dicts of arrays stay dicts, so that they are written as they came. */
  private get readsArrays(): boolean {
    return this.options.arrays.read && this.options.values === 'natural';
  }

  private readonly spend: Spend;
  private readonly arrays: ArrayReads;
  /** Calls of converters of the application. */
  private converted = 0;

  /** Set members and keys are skipped: Python cannot hash dicts, so these have none inside. */
  convert(value: unknown, insideClass: boolean): unknown {
    if (typeof value !== 'object' || value === null || (!Array.isArray(value) && !isDict(value))) return value;
    const { done } = this;
    if (done === undefined) return this.make(value, insideClass);
    if (done.has(value)) return done.get(value);
    const made = this.make(value, insideClass);
    done.set(value, made);
    return made;
  }

  private make(value: unknown[] | Dict, insideClass: boolean): unknown {
    if (Array.isArray(value)) {
      this.convertItems(value, insideClass);
      return value;
    }
    const name = get(value, '__class__');
    if (name === undefined) {
      this.convertMembers(value, insideClass);
      const array = this.readsArrays ? arrayOfDict(value, this.arrays) : undefined;
      return array === undefined ? value : array;
    }
    return this.object(value, name, insideClass);
  }

  private convertItems(items: unknown[], insideClass: boolean): void {
    let index = 0;
    try {
      for (; index < items.length; index++) {
        const item = items[index];
        if (typeof item === 'object') items[index] = this.convert(item, insideClass);
      }
    } catch (error) {
      throw failedInside(error, index);
    }
  }

  private convertMembers(dict: Dict, insideClass: boolean): void {
    let key: unknown;
    try {
      if (dict instanceof Map) {
        for (const [name, item] of dict) if (typeof item === 'object') dict.set((key = name), this.convert(item, insideClass));
        return;
      }
      for (const name of Object.keys(dict)) {
        const item = dict[name];
        if (typeof item === 'object') dict[(key = name)] = this.convert(item, insideClass);
      }
    } catch (error) {
      throw failedInside(error, shortText(key));
    }
  }

  private object(dict: Dict, className: unknown, insideClass: boolean): unknown {
    const name = nameOfClass(className, insideClass);
    if (name === undefined) return this.keep(dict);
    const converter = this.options.classes.converterNamed(name);
    if (converter?.make ?? converter?.fromDict) return this.instance(dict, name, converter!);
    if (isNumpyClass(name)) {
      this.convertMembers(dict, true);
      if (this.readsArrays) return arrayOfClass(name, dict, this.arrays);
      if (this.options.values === 'faithful') return dict;
    }
    if (name.includes('__') && !isMarkedException(dict)) {
      if (insideClass) return this.keep(dict);
      throw new SecurityError(`refused to deserialize types with double underscores in their name: ${peerText(name)}`);
    }
    return this.objectOfPyro(dict, name, insideClass);
  }

  /** An object that a converter of the application makes. */
  private instance(dict: Dict, name: string, converter: ClassConverter): unknown {
    this.convertMembers(dict, true);
    this.spend(INSTANCE_COST);
    const record = recordOf(converter.natural ? (naturalValue(dict, this.spend) as Dict) : dict, name);
    if (converter.countChecks) this.budget.spendChecks(converter.countChecks(record, this.budget.leftChecks));
    let made: unknown;
    try {
      if (converter.make) return this.noted(converter.make(record, this.spend));
      made = objectBy(converter, record, this.converted++ < MOST_STACKS);
    } catch (error) {
      throw isJudged(error, converter) ? error : new ApplicationFailure(error);
    }
    if (!(made instanceof Error)) return made;
    this.spend(EXCEPTION_COST);
    noteConverted(made, name, dict);
    return this.noted(made);
  }

  /** An object of a class that Pyro5 itself sends, an exception among them. */
  private objectOfPyro(dict: Dict, name: string, insideClass: boolean): unknown {
    switch (name) {
      case 'Pyro5.core.URI':
        return PyroUri.fromState(this.spentState(dict, name));
      case 'Pyro5.client.Proxy':
        if (!this.context.decodeProxy) throw new SerializeError('a proxy is not expected here');
        this.spend(PROXY_COST);
        return this.context.decodeProxy(this.spentState(dict, name));
      case 'float':
        // only serpent has such dicts, and has read those with a number
        if (insideClass) return this.keep(dict);
        throw new UnreadableError('a float dict is read in serpent alone, with a number as its value');
      case 'Pyro5.server.Daemon':
        return new DaemonStub();
      case 'Pyro5.core._ExceptionWrapper':
        if (get(dict, 'exception') === undefined) throw new UnreadableError(`a ${name} has no exception`);
        return new ExceptionWrapper(this.convert(get(dict, 'exception'), false));
      default:
        return this.exception(dict, name, insideClass);
    }
  }

  private exception(dict: Dict, name: string, insideClass: boolean): unknown {
    if (isExceptionDict(name, dict)) {
      this.convertMembers(dict, true);
      return this.noted(dictToException(name, get(dict, 'args'), get(dict, 'attributes'), this.spend));
    }
    if (insideClass) return this.keep(dict);
    throw new SerializeError(`unsupported serialized class: ${peerText(name)}`);
  }

  private noted<T>(made: T): T {
    if (this.context.isOfUnknownPeer && made instanceof Error) noteChosenClass(made);
    return made;
  }

  /** Spends the state of a URI or a proxy, whose texts are joined anew. Dicts of marshal may share a long text, or a list of names. */
  private spentState(dict: Dict, name: string): readonly unknown[] {
    const state = stateOf(dict, name);
    const hasTags = /^pyrometa/i.test(state[0] as string);
    const nameCost = hasTags ? TAG_COST : NAME_COST;
    let bytes = 0;
    for (const part of state) {
      if (typeof part === 'string') bytes += part.length + (hasTags ? tagCount(part) * TAG_COST : 0);
      else if (Array.isArray(part)) bytes += part.length * nameCost;
      else if (part instanceof Set) bytes += part.size * nameCost;
    }
    this.spend(bytes);
    return state;
  }

  private keep(dict: Dict): Dict {
    this.convertMembers(dict, true);
    return dict;
  }
}

/**
 * True when this library refuses the value of a peer: in `make`, and where `fromDict` opens a blob. Another error of this library that
 * `fromDict` throws is a bug, or a failed call, of the application.
 */
function isJudged(error: unknown, { make }: ClassConverter): boolean {
  return error instanceof PyroError && (make !== undefined || isRefusal(error));
}

/** The name of the class of a class dict. Undefined when the dict, which is a member of another class dict, has no such name: it stays a dict. */
function nameOfClass(className: unknown, insideClass: boolean): string | undefined {
  const isText = className instanceof Uint8Array || typeof className === 'string';
  // dicts of marshal may share a long name
  if (isText && className.length > MAX_NAME_CHARS) {
    if (insideClass) return undefined;
    throw new SerializeError(`the name of a class has ${className.length} characters, over ${MAX_NAME_CHARS}`);
  }
  if (isText) return typeof className === 'string' ? className : decodeUtf8(Buffer.from(className));
  if (insideClass) return undefined;
  throw new UnreadableError('the __class__ of a class dict is no string', { raisedAs: 'builtins.TypeError' });
}

/** True for exceptions: class dicts with `__exception__`, errors of Pyro5, and `struct.error`. */
function isExceptionDict(name: string, dict: Dict): boolean {
  return isMarkedException(dict) || name.startsWith('Pyro5.errors.') || name === 'struct.error';
}

function isMarkedException(dict: Dict): boolean {
  return Boolean(get(dict, '__exception__'));
}

/** The number of tags in a text, as far as they are looked at. */
function tagCount(text: string): number {
  let count = 1;
  for (let at = text.indexOf(','); at >= 0 && count <= MOST_TAGS; at = text.indexOf(',', at + 1)) count++;
  return count;
}

function stateOf(dict: Dict, name: string): readonly unknown[] {
  const state = get(dict, 'state');
  if (!Array.isArray(state)) throw new UnreadableError(`the state of a ${name} is no tuple or list`);
  if (typeof state[0] !== 'string' || state.length < 2) throw new UnreadableError(`the state of a ${name} has another shape`);
  return state as readonly unknown[];
}

/** The class dict as a plain object, for converters in both value modes. */
function recordOf(dict: Dict, name: string): Record<string, unknown> {
  if (!(dict instanceof Map)) return dict;
  for (const key of dict.keys()) {
    if (typeof key !== 'string' || key === '__proto__' || isLongText(key)) {
      throw new UnreadableError(`the dict of class ${peerText(name)} has a key that is no member name${longNameReason(key)}`);
    }
  }
  return objectOf(dict as Map<string, unknown>);
}
