import type {
  ConnectionSnapshot,
  DaemonSnapshot,
  DaemonTotals,
  FailureSnapshot,
  LimitSnapshot,
  NameSnapshot,
  ObjectSnapshot,
  StreamSnapshot,
} from '../../daemon/contract/snapshot.js';
import type { InstanceMode } from '../../objects/keyed-instances.js';
import type { MethodParameter } from '../../objects/parameters/argument-binder.js';
import type { MemberShape, ValueShape } from '../../objects/value-shape.js';
import type { InspectedAttribute, InspectedMember, InspectedMethod } from '../contract/contract.js';

/** Deepest shape that is read. */
const MAX_DEPTH = 16;

/** An object in a snapshot of a daemon elsewhere. A field is null when it has another shape. */
export type ReadObject = { [Name in keyof Omit<ObjectSnapshot, 'objectId' | 'members'>]: ObjectSnapshot[Name] | null } & {
  objectId: string;
  members: InspectedMember[] | null;
};

/** A snapshot of a daemon elsewhere. */
export interface ReadSnapshot extends Omit<DaemonSnapshot, 'objects'> {
  objects: ReadObject[];
}

/** A snapshot has a field of another shape: it comes from another version, or from another program. */
export class UnreadableSnapshot extends Error {
  /** @param field path of the field, as `totals.calls` */
  constructor(readonly field: string) {
    super(`has a snapshot that this version cannot read: ${field || 'it is no dict'}`);
  }
}

/** Reads a value of a field. @throws {UnreadableSnapshot} when the value has another type */
type FieldReader<T> = (value: unknown, field: string) => T;

/**
 * Reads what a daemon has answered to `inspect`. Only the fields that a {@link DaemonSnapshot} has are read. A row of another shape is left
 * out, and so are members and hints of another shape.
 *
 * @throws {UnreadableSnapshot} when another field has another shape
 */
export function readSnapshot(answer: unknown): ReadSnapshot {
  return SNAPSHOT(answer, '');
}

function typed<T>(isOfType: (value: unknown) => boolean): FieldReader<T> {
  return (value, field) => {
    if (!isOfType(value)) throw new UnreadableSnapshot(field);
    return value as T;
  };
}

const text = typed<string>((value) => typeof value === 'string');
const flag = typed<boolean>((value) => typeof value === 'boolean');

/** A number that is no safe integer travels as a bigint. */
const number: FieldReader<number> = (value, field) => {
  const read = typeof value === 'bigint' ? Number(value) : value;
  if (!Number.isFinite(read)) throw new UnreadableSnapshot(field);
  return read as number;
};

/** A word that is only shown. Another version may have other words. */
function word<T extends string>(): FieldReader<T> {
  return text as FieldReader<T>;
}

function oneOf<T extends string>(...choices: readonly T[]): FieldReader<T> {
  return typed((value) => (choices as readonly unknown[]).includes(value));
}

/** A number that earlier versions did not have. */
const count: FieldReader<number> = (value, field) => (value === undefined ? 0 : number(value, field));

/** A field that is missing counts as null: earlier versions did not have all fields. */
function orNull<T>(read: FieldReader<T>): FieldReader<T | null> {
  return (value, field) => (value === null || value === undefined ? null : read(value, field));
}

/** Reads a value of which nothing depends: `fallback` when it has another shape. */
function orElse<T, F>(read: FieldReader<T>, fallback: F): FieldReader<T | F> {
  return (value, field) => {
    try {
      return read(value, field);
    } catch (error) {
      if (error instanceof UnreadableSnapshot) return fallback;
      throw error;
    }
  };
}

/** A list whose items are all good. */
function list<T>(read: FieldReader<T>): FieldReader<T[]> {
  return (value, field) => {
    if (!Array.isArray(value)) throw new UnreadableSnapshot(field);
    return value.map((item: unknown, index) => read(item, `${field}[${index}]`));
  };
}

/** A list without the items of another shape. */
function rows<T>(read: FieldReader<T>): FieldReader<T[]> {
  const all = list(orElse(read, undefined));
  return (value, field) => all(value, field).filter((item) => item !== undefined);
}

type Readers<T> = { [Name in keyof T]-?: FieldReader<T[Name]> };

/** Members that are undefined are left out. */
function dict<T>(readers: Readers<T>): FieldReader<T> {
  const all = Object.entries(readers) as [name: string, FieldReader<unknown>][];
  return (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UnreadableSnapshot(field);
    const given = value as Readonly<Record<string, unknown>>;
    const read = all.map(([name, of]) => [name, of(given[name], field === '' ? name : `${field}.${name}`)] as const);
    return Object.fromEntries(read.filter(([, member]) => member !== undefined)) as T;
  };
}

const hint = orElse(text, undefined) as FieldReader<string>;
const rules = orElse(list(text), undefined) as FieldReader<string[]>;

function shapeAt(depth: number): FieldReader<ValueShape> {
  return (value, field) => {
    if (depth > MAX_DEPTH) throw new UnreadableSnapshot(field);
    const { kind } = dict<{ kind: ValueShape['kind'] }>({ kind: oneOf('scalar', 'choice', 'list', 'dict') })(value, field);
    return SHAPES[kind](depth + 1)(value, field);
  };
}

const choice = typed<string | number>((value) => typeof value === 'string' || Number.isFinite(value));

const SHAPES: Record<ValueShape['kind'], (depth: number) => FieldReader<ValueShape>> = {
  scalar: () => dict({ kind: oneOf('scalar'), type: text }),
  choice: () => dict({ kind: oneOf('choice'), choices: list(choice) }),
  list: (depth) => dict({ kind: oneOf('list'), item: shapeAt(depth) }),
  dict: (depth) =>
    dict({
      kind: oneOf('dict'),
      className: orNull(text),
      members: rows(dict<MemberShape>({ name: text, isRequired: flag, shape: shapeAt(depth), rules })),
    }),
};

const HINTS = { type: hint, rules, shape: orElse(shapeAt(0), undefined) as FieldReader<ValueShape> };

const PARAMETER = dict<MethodParameter>({
  name: orNull(text),
  kind: oneOf('positional', 'rest', 'keywords'),
  isRequired: flag,
  ...HINTS,
});

const METHOD = dict<Pick<InspectedMethod, 'kind' | 'name' | 'isOneway' | 'isStream' | 'parameters'>>({
  kind: oneOf('method'),
  name: text,
  isOneway: flag,
  isStream: flag,
  parameters: orElse(orNull(list(PARAMETER)), null),
});

const ATTRIBUTE = dict<Omit<InspectedAttribute, 'doc'>>({
  kind: oneOf('attribute'),
  name: text,
  isReadable: flag,
  isWritable: flag,
  ...HINTS,
});

const MEMBER: FieldReader<InspectedMember> = (value, field) =>
  (value as { kind?: unknown } | null)?.kind === 'method' ? METHOD(value, field) : ATTRIBUTE(value, field);

const OBJECT = dict<ReadObject>({
  objectId: text,
  className: orElse(text, null),
  instanceMode: orElse(word<InstanceMode>(), null),
  members: orElse(rows(MEMBER), null),
  isGuarded: orElse(flag, null),
  isLeased: orElse(flag, null),
  calls: orElse(number, null),
  failures: orElse(number, null),
});

const CONNECTION = dict<ConnectionSnapshot>({
  id: number,
  remoteAddress: text,
  isTls: flag,
  principal: orNull(text),
  principals: rows(dict<ConnectionSnapshot['principals'][number]>({ objectId: text, principal: text })),
  principalCount: count,
  ageMs: count,
  calls: count,
  failures: count,
  requestsInProgress: count,
  streams: count,
  receivedBytes: orNull(number),
  sentBytes: orNull(number),
  unsentBytes: count,
});

const STREAM = dict<StreamSnapshot>({
  objectId: text,
  method: text,
  openedBy: number,
  readBy: orNull(number),
  ageMs: count,
  items: count,
});

const LIMIT = dict<LimitSnapshot>({
  name: word(),
  value: number,
  unit: text,
  used: orNull(number),
  isNear: flag,
  usedBy: orNull(text),
  reached: count,
});

const NAME = dict<NameSnapshot>({
  name: text,
  objectId: text,
  nameServer: orNull(text),
  state: word(),
  isAvailable: flag,
});

const FAILURE = dict<FailureSnapshot>({
  at: text,
  kind: word(),
  errorType: text,
  message: text,
  objectId: orNull(text),
  method: orNull(text),
  remoteAddress: orNull(text),
  correlationId: orNull(text),
});

const SNAPSHOT = dict<ReadSnapshot>({
  at: text,
  state: word(),
  location: orNull(text),
  natLocation: orNull(text),
  uptimeMs: count,
  totals: dict<DaemonTotals>({
    connectionsOpened: count,
    connectionsOpen: count,
    connectionsRefused: count,
    calls: count,
    failedCalls: count,
    requestsInProgress: count,
    streamsOpen: count,
    streamsEnding: count,
    objects: count,
    leases: count,
    namesRegistered: count,
    namesTaken: count,
    namesWaiting: count,
    receivedBytes: count,
    sentBytes: count,
  }),
  objects: rows(OBJECT),
  connections: rows(CONNECTION),
  streams: rows(STREAM),
  limits: rows(LIMIT),
  names: rows(NAME),
  failures: rows(FAILURE),
});
