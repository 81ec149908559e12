import { UseFilters } from '@nestjs/common';
import {
  anyOf,
  checkArgument,
  checkOptions,
  givenOptions,
  OBJECT,
  objectRule,
  oneOf,
  type OptionRule,
  type OptionRules,
  SWITCH,
  TEXT,
  TEXTS,
  wholeNumber,
} from '../../options/option-checks.js';
import type { FieldType } from '../../classes/fields/field-types.js';
import { namedParameters, readParameters } from '../../objects/parameters/parameter-reader.js';
import { changedNames } from '../../objects/parameters/renamed-parameters.js';
import { PyroBinder } from '../binding/pyro-binder.js';
import { checkParentheses, decoratedName } from './decorator-target.js';
import { addMemberMetadata, DEFAULT_STREAM_OPTIONS, type PyroStreamOptions } from '../metadata/member-metadata.js';
import { routeArgumentsOf, takesRemainingKeywords } from '../metadata/parameter-metadata.js';
import { checkWireName } from '../metadata/wire-names.js';

/** Options of `@PyroMethod`. */
export interface PyroMethodOptions {
  /** Wire name. Default: the name of the method, changed by `naming`. */
  name?: string;
  /** Clients do not wait for the method and get no result. Default false. */
  oneway?: boolean;
  /** The method returns an Observable whose items travel one by one. Iterators and generators need no such option. */
  stream?: boolean | PyroStreamOptions;
  /** Errors of the method are also logged here, and are `callError` events of the server. Default false. */
  callback?: boolean;
  /** Names of the parameters: `'item?'` may be left out, a last `'...items'` takes the rest. Default: read from the source. */
  params?: readonly string[];
  /**
   * Types of parameters, by the names that clients use: `{ points: [Point], id: 'UUID' }`. Arguments are checked and made instances.
   * Default: a parameter that TypeScript types with a registered class, or with Date, has that type.
   */
  types?: Readonly<Record<string, FieldType>>;
}

const RULES: OptionRules<PyroMethodOptions> = {
  name: TEXT,
  oneway: SWITCH,
  stream: anyOf(
    SWITCH,
    objectRule<PyroStreamOptions>('an object with buffer and overflow', {
      buffer: wholeNumber({ least: 1 }),
      overflow: oneOf('error', 'dropOldest', 'dropNewest'),
    }),
  ),
  callback: SWITCH,
  types: { ...OBJECT, takes: 'types by the names of parameters: { points: [Point] }' },
  params: { ...TEXTS, takes: "a list of names: ['item', 'count?']" },
};

const NAME_OR_OPTIONS: OptionRule = anyOf({ ...TEXT, takes: 'a name' }, { ...OBJECT, takes: 'an object with options' });

/**
 * Exposes a method of a {@link PyroController}.
 *
 * @throws {TypeError} on private wire names, names that begin with `$`, static methods, fields, wrong options, and where the
 *   decorator is used without parentheses; and when the compiler does not make TypeScript's own kind of decorators (`experimentalDecorators`)
 */
export function PyroMethod(nameOrOptions: string | PyroMethodOptions = {}): MethodDecorator {
  checkParentheses('@PyroMethod', nameOrOptions);
  checkArgument('@PyroMethod: the argument', nameOrOptions, NAME_OR_OPTIONS, (text) => new TypeError(text));
  const options = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : nameOrOptions;
  return (prototype, key, descriptor) => {
    const where = decoratedName('@PyroMethod', prototype, key);
    const method: unknown = descriptor?.value;
    if (typeof prototype === 'function')
      throw new TypeError(`${where}: a static method cannot be exposed, only methods of instances`);
    if (typeof key !== 'string')
      throw new TypeError(`${where}: @PyroMethod is for methods with a string name, not with a symbol`);
    if (descriptor === undefined) {
      throw new TypeError(
        `${where} is a field, and @PyroMethod is for methods: each instance gets a field of its own, so write \`${key}(…) { … }\` in place of \`${key} = (…) => …\``,
      );
    }
    if (typeof method !== 'function') throw new TypeError(`${where}: @PyroMethod is for methods; accessors take @PyroProperty`);
    checkOptions(options, RULES, `${where}: `, (text) => new TypeError(text));
    checkWireName(options.name ?? key, where);
    // a class without @PyroController has no binder, and the warning about this class needs a binder
    UseFilters(PyroBinder)(prototype, key, descriptor);
    const read = options.params ? undefined : readParameters(method as () => unknown);
    const takesKeywords = Object.values(routeArgumentsOf(prototype, key)).some(({ factory }) => takesRemainingKeywords(factory));
    const changed = changedNames(method as () => unknown, read, takesKeywords);
    addMemberMetadata(prototype, {
      kind: 'method',
      key,
      decorated: method as () => unknown,
      name: options.name,
      oneway: options.oneway ?? false,
      callback: options.callback ?? false,
      stream: streamOptions(options.stream),
      parameters: options.params
        ? namedParameters(options.params)
        : read && { ...read, trustworthy: read.trustworthy && changed.length === 0 },
      types: options.types ?? {},
      changedNames: changed,
      namesGiven: options.params !== undefined,
    });
  };
}

function streamOptions(given: boolean | PyroStreamOptions | undefined): Required<PyroStreamOptions> | undefined {
  if (given === undefined || given === false) return undefined;
  return { ...DEFAULT_STREAM_OPTIONS, ...(given !== true && givenOptions(given)) };
}
