import { processWide } from '../copies/process-wide.js';
import { optionText } from './texts/safe-text.js';

const setOf = (names: string): ReadonlySet<string> => new Set(names.split(' '));

/** `OSError`, its other names, and its subclasses. */
const OS_ERRORS = setOf(
  'BlockingIOError BrokenPipeError ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError ' +
    'EnvironmentError FileExistsError FileNotFoundError IOError InterruptedError IsADirectoryError NotADirectoryError OSError ' +
    'PermissionError ProcessLookupError TimeoutError WindowsError',
);
/** The other exceptions among Python's builtins, of Python 3.8 to 3.14. */
const BUILTIN_EXCEPTIONS = setOf(
  'ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BufferError BytesWarning DeprecationWarning EOFError ' +
    'EncodingWarning Exception ExceptionGroup FloatingPointError FutureWarning GeneratorExit ImportError ImportWarning IndentationError ' +
    'IndexError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError NotImplementedError OverflowError ' +
    'PendingDeprecationWarning PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning ' +
    'StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TypeError UnboundLocalError ' +
    'UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning ' +
    'ZeroDivisionError _IncompleteInputError',
);
/** The exceptions of `Pyro5.errors`. */
const PYRO_ERRORS = setOf(
  'PyroError CommunicationError ConnectionClosedError TimeoutError ProtocolError MessageTooLargeError NamingError DaemonError ' +
    'SecurityError SerializeError',
);
/** The exceptions of `sqlite3` whose names end with `Error`. */
const SQLITE_ERRORS = setOf(
  'Error DatabaseError DataError IntegrityError InterfaceError InternalError NotSupportedError OperationalError ProgrammingError',
);

/** Classes of Pyro5 that a client makes something else of than an exception. */
const PYRO_CLASSES = /^Pyro5\.(?:core\.(?:URI|_ExceptionWrapper)|client\.Proxy|server\.Daemon|util\.\w+)$/;
/** A module and a class. A module may have any name, since a script is a module, too. */
const MODULE_AND_CLASS = /^[^\s.]+\.(?:[^\s.]+\.)*[\p{L}_][\p{L}\p{N}_]*$/u;
const REMEDY = 'give the module and the class of the exception: "lab.DoorError"';

/** Names of classes that this program has registered: the Python side has converters for them. */
const registeredNames = processWide('registered-class-names', () => new Set<string>());

/** Notes the name of a class that the program registers. An exception may have the name, whatever the name is. */
export function noteRegisteredName(name: string): void {
  registeredNames.add(name);
}

/**
 * Why no Python client can make an exception of this type; undefined for types that a client can make, or may have a converter for.
 *
 * @see Pyro5/serializers.py, `dict_to_class`
 */
export function typeFault(pythonType: string): string | undefined {
  if (registeredNames.has(pythonType)) return undefined;
  const named = `the type is ${optionText(pythonType)}`;
  if (!MODULE_AND_CLASS.test(pythonType)) return isShortName(pythonType) ? undefined : `${named}; ${REMEDY}`;
  const [module, name] = partsOf(pythonType);
  if (module === 'builtins' && !isBuiltin(name)) return `${named}, and Python has no builtin exception of this name; ${REMEDY}`;
  if (module === 'sqlite3' && name.endsWith('Error') && !SQLITE_ERRORS.has(name))
    return `${named}, and sqlite3 has no exception of this name; ${REMEDY}`;
  const isUnknown = pythonType.startsWith('Pyro5.errors.') && !PYRO_ERRORS.has(pythonType.slice('Pyro5.errors.'.length));
  if (isUnknown || PYRO_CLASSES.test(pythonType)) return `${named}, and Pyro5 has no exception of this name; ${REMEDY}`;
  return undefined;
}

/** The first part of a dotted name, and all further parts. */
function partsOf(pythonType: string): [string, string] {
  const dot = pythonType.indexOf('.');
  return [pythonType.slice(0, dot), pythonType.slice(dot + 1)];
}

function isBuiltin(name: string): boolean {
  return BUILTIN_EXCEPTIONS.has(name) || OS_ERRORS.has(name);
}

/** True for names that Pyro5 reads without a module. */
function isShortName(name: string): boolean {
  return isBuiltin(name) || PYRO_ERRORS.has(name);
}

/** The arguments of builtin exceptions that take no others, and their number. */
const FIXED_ARGS: Readonly<Record<string, readonly string[] | undefined>> = {
  UnicodeDecodeError: ['encoding', 'bytes', 'start', 'end', 'reason'],
  UnicodeEncodeError: ['encoding', 'text', 'start', 'end', 'reason'],
  UnicodeTranslateError: ['text', 'start', 'end', 'reason'],
  BaseExceptionGroup: ['message', 'exceptions'],
  ExceptionGroup: ['message', 'exceptions'],
};

function argsFault(pythonType: string, args: readonly unknown[]): string | undefined {
  const names = FIXED_ARGS[builtinName(pythonType) ?? ''];
  if (names === undefined || args.length === names.length) return undefined;
  return `args has ${args.length} items; ${pythonType} takes ${names.length}: [${names.join(', ')}]`;
}

/** The name of a builtin exception; undefined for other types. */
function builtinName(pythonType: string): string | undefined {
  const [, name] = /^(?:builtins\.|exceptions\.)?(\w+)$/.exec(pythonType) ?? [];
  return name;
}

/**
 * Names that no attribute can have: Python refuses most values for these members of an exception, or replaces the args. `_pyroTraceback` is
 * the traceback, and this package refuses to read `__proto__`.
 */
const RESERVED_ATTRIBUTES = setOf(
  'args __class__ __dict__ __weakref__ __cause__ __context__ __suppress_context__ __traceback__ _pyroTraceback __proto__',
);
/** Exceptions whose members `start` and `end` are whole numbers. */
const UNICODE_ERRORS = setOf('UnicodeDecodeError UnicodeEncodeError UnicodeTranslateError');
/** Exceptions whose members `message` and `exceptions` cannot be set. */
const GROUPS = setOf('ExceptionGroup BaseExceptionGroup');

/** True for names that attributes of every exception can have. */
export function isAttributeName(name: string): boolean {
  return !RESERVED_ATTRIBUTES.has(name);
}

/**
 * The attributes that a Python client can set on the exception. The others are left out: a client would get a TypeError in place of the
 * exception.
 *
 * @see Pyro5/serializers.py, `make_exception`
 */
export function sendableAttributes(pythonType: string, attributes: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(attributes).filter(([name, value]) => isAttributeName(name) && fitsMember(pythonType, name, value));
}

/** False for a value that the member of a builtin exception cannot have. */
function fitsMember(pythonType: string, name: string, value: unknown): boolean {
  const type = builtinName(pythonType);
  if (type === undefined) return true;
  if (GROUPS.has(type)) return name !== 'message' && name !== 'exceptions';
  const isNumber = UNICODE_ERRORS.has(type)
    ? name === 'start' || name === 'end'
    : name === 'characters_written' && OS_ERRORS.has(type);
  return !isNumber || typeof value === 'boolean' || Number.isSafeInteger(value);
}

/** Why no Python client can make the exception; undefined when a client can, if the args are what the class takes. */
export function exceptionFault(
  pythonType: string,
  args: readonly unknown[],
  attributes: Readonly<Record<string, unknown>>,
): string | undefined {
  const reserved = Object.keys(attributes).find((name) => !isAttributeName(name));
  if (reserved !== undefined)
    return `the attribute ${JSON.stringify(reserved)} is a member of Python's exceptions that cannot be set; give the attribute another name`;
  return typeFault(pythonType) ?? argsFault(pythonType, args);
}
