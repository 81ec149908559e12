import { namedParameters, readParameters } from '../../objects/parameter-reader.js';
import { addMemberMetadata, classNameOf, DEFAULT_STREAM_OPTIONS, type PyroStreamOptions } from '../metadata/member-metadata.js';
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
}

const OVERFLOWS = ['error', 'dropOldest', 'dropNewest'];

/**
 * Exposes a method of a {@link PyroController}.
 *
 * @throws {TypeError} on private wire names, names that begin with `$`, static methods, and wrong options
 */
export function PyroMethod(nameOrOptions: string | PyroMethodOptions = {}): MethodDecorator {
  const options = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : nameOrOptions;
  return (prototype, key, descriptor) => {
    const where = `${typeof prototype === 'function' ? prototype.name : classNameOf(prototype)}.${String(key)}`;
    const method: unknown = descriptor?.value;
    if (typeof prototype === 'function')
      throw new TypeError(`${where}: a static method cannot be exposed, only methods of instances`);
    if (typeof key !== 'string' || typeof method !== 'function') {
      throw new TypeError(`${where}: @PyroMethod is for methods with a string name; accessors take @PyroProperty`);
    }
    checkWireName(options.name ?? key, where);
    addMemberMetadata(prototype, {
      kind: 'method',
      key,
      decorated: method as () => unknown,
      name: options.name,
      oneway: options.oneway ?? false,
      callback: options.callback ?? false,
      stream: streamOptions(options.stream, where),
      parameters: options.params ? namedParameters(options.params) : readParameters(method as () => unknown),
      namesGiven: options.params !== undefined,
    });
  };
}

function streamOptions(given: boolean | PyroStreamOptions | undefined, where: string): Required<PyroStreamOptions> | undefined {
  if (given === undefined || given === false) return undefined;
  const { buffer = DEFAULT_STREAM_OPTIONS.buffer, overflow = DEFAULT_STREAM_OPTIONS.overflow } = given === true ? {} : given;
  if (!Number.isInteger(buffer) || buffer < 1)
    throw new TypeError(`${where}: stream.buffer is ${String(buffer)}; it must be a whole number from 1`);
  if (!OVERFLOWS.includes(overflow))
    throw new TypeError(`${where}: stream.overflow is ${overflow}; it is one of ${OVERFLOWS.join(', ')}`);
  return { buffer, overflow };
}
