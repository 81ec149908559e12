import type { MethodParameter } from '../../objects/parameters/argument-binder.js';
import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
  SignatureBook,
} from '../contract/signatures.js';
import type { AttributeSnapshot, MethodSnapshot } from '../contract/snapshot.js';
import type { ObjectMetadata, PyroTarget } from '../contract/target.js';
import { describeTarget } from './target-description.js';

/** Most characters of the signatures of one object, as JSON. Signatures with more are given without docs, and then without types. */
const MAX_SIGNATURES_CHARS = 256 * 1024;

const KINDS = { positional: 'positional', rest: 'varargs', keywords: 'kwargs' } as const;

/** The signatures of the objects of a daemon: the members that targets describe, with types and docs of the option `signatures`. */
export class Signatures {
  private readonly cached = new WeakMap<PyroTarget, { metadata: ObjectMetadata; signatures: ObjectSignatures }>();

  constructor(private readonly book: SignatureBook | undefined) {}

  /** The signatures of the members that {@link ObjectMetadata} names: a client is shown no others. */
  of(target: PyroTarget): ObjectSignatures {
    const { metadata } = target;
    const known = this.cached.get(target);
    // `resetMetadataCache` makes other metadata
    if (known?.metadata === metadata) return known.signatures;
    const signatures = this.make(target, metadata);
    this.cached.set(target, { metadata, signatures });
    return signatures;
  }

  private make(target: PyroTarget, { methods, attrs }: ObjectMetadata): ObjectSignatures {
    const { className, members } = describeTarget(target);
    const noted = className === null ? undefined : memberOf(this.book?.classes, className);
    const signatures: ObjectSignatures = { class: className, ...textsOf(noted, 'doc'), methods: {}, attributes: {} };
    for (const member of members) {
      const { kind, name } = member;
      if (kind === 'method' && methods.has(name))
        define(signatures.methods, name, methodSignature(member, memberOf(noted?.methods, name)));
      if (kind === 'attribute' && attrs.has(name))
        define(signatures.attributes, name, attributeSignature(member, memberOf(noted?.attributes, name)));
    }
    if (noted?.types) signatures.types = noted.types;
    return withinLimit(signatures);
  }
}

function methodSignature(
  { isOneway, isStream, parameters }: MethodSnapshot,
  noted: MethodSignature | undefined,
): MethodSignature {
  return {
    parameters: parameters?.map((each, index) => parameterSignature(each, index, noted)) ?? noted?.parameters ?? null,
    ...textsOf(noted, 'returns', 'doc'),
    oneway: isOneway,
    stream: isStream || (noted?.stream ?? false),
  };
}

function parameterSignature(
  { name, kind, isRequired }: MethodParameter,
  index: number,
  noted: MethodSignature | undefined,
): ParameterSignature {
  const pythonKind = kind === 'positional' && name === null ? 'positional-only' : KINDS[kind];
  const same = noted?.parameters?.find((each, at) =>
    kind === 'positional' && name !== null
      ? each.name === name
      : each.kind === pythonKind && (kind !== 'positional' || at === index),
  );
  return { name: name ?? same?.name ?? null, kind: pythonKind, required: isRequired, ...textsOf(same, 'type', 'doc') };
}

function attributeSignature(
  { isReadable, isWritable }: AttributeSnapshot,
  noted: AttributeSignature | undefined,
): AttributeSignature {
  return { ...textsOf(noted, 'type', 'setType', 'doc'), readable: isReadable, writable: isWritable };
}

/** The named members that are texts. */
function textsOf<T extends object, K extends keyof T & string>(source: T | undefined, ...names: K[]): Pick<T, K> {
  const entries = names.map((name) => [name, source?.[name]] as const).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(entries) as Pick<T, K>;
}

function memberOf<T>(members: Record<string, T> | undefined, name: string): T | undefined {
  return members !== undefined && Object.hasOwn(members, name) ? members[name] : undefined;
}

/** Sets a member. The name may be `__proto__`. */
function define<T>(members: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
}

function withinLimit(signatures: ObjectSignatures): ObjectSignatures {
  const without = (...names: string[]): ObjectSignatures =>
    JSON.parse(
      JSON.stringify(signatures, (name, value: unknown) =>
        names.includes(name) && typeof value === 'string' ? undefined : value,
      ),
    ) as ObjectSignatures;
  const fits = (each: ObjectSignatures): boolean => JSON.stringify(each).length <= MAX_SIGNATURES_CHARS;
  if (fits(signatures)) return signatures;
  const short = without('doc');
  if (fits(short)) return short;
  const { types: _types, ...shortest } = without('doc', 'type', 'setType', 'returns');
  return shortest;
}
