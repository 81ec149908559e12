import { SERIALIZER_NAMES } from '../protocol/constants.js';
import { MAX_PORT } from '../protocol/location.js';
import { MAX_TIMER_MS, oneOf, type OptionRule, PORT, wholeNumber } from './option-checks.js';

/** A config item of Pyro5: the function that reads its text, and the expected text for errors. */
export interface ConfigItem<T> {
  readonly expected: string;
  /** Undefined: the item cannot have this text. */
  read(text: string): T | undefined;
}

const MAX_TIMER_SECONDS = MAX_TIMER_MS / 1_000;

/** Numbers of Python's `int()` and `float()`, which allow spaces around and underscores inside. */
const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
const DECIMAL = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i;

function numberOf(text: string, shape: RegExp): number | undefined {
  const trimmed = text.trim();
  return shape.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined;
}

function whole(rule: OptionRule): ConfigItem<number> {
  return {
    expected: rule.takes,
    read(text) {
      const value = numberOf(text, INTEGER);
      return rule.fits(value) ? value : undefined;
    },
  };
}

const count = whole(wholeNumber({ least: 1 }));
const portOfNameServer = whole(wholeNumber({ least: 1, most: MAX_PORT }));

const seconds: ConfigItem<number> = {
  expected: `seconds from 0 to ${MAX_TIMER_SECONDS}`,
  read(text) {
    const value = numberOf(text, DECIMAL);
    return value !== undefined && value >= 0 && value <= MAX_TIMER_SECONDS ? value : undefined;
  },
};

const positiveSeconds: ConfigItem<number> = {
  expected: `seconds over 0, at most ${MAX_TIMER_SECONDS}`,
  read: (text) => seconds.read(text) || undefined,
};

const SWITCHES: Record<string, boolean | undefined> = {
  1: true,
  yes: true,
  on: true,
  true: true,
  0: false,
  no: false,
  off: false,
  false: false,
};

const toggle: ConfigItem<boolean> = {
  expected: '1, yes, on, true, or 0, no, off, false',
  read: (text) => (Object.hasOwn(SWITCHES, text.toLowerCase()) ? SWITCHES[text.toLowerCase()] : undefined),
};

const text: ConfigItem<string> = { expected: 'a text', read: (value) => value };

/** A host, or hosts separated by commas. Pyro5 takes a single host. */
const hosts: ConfigItem<string> = {
  expected: 'a host, or several separated by commas',
  read: (value) => (value !== '' && value.split(',').some((host) => host.trim() === '') ? undefined : value),
};

function choice<T extends string>(...values: T[]): ConfigItem<T> {
  return { expected: oneOf(...values).takes, read: (value) => values.find((known) => known === value) };
}

/** A level of Python's logging. An empty text switches the log off. */
const logLevel = {
  ...choice('', 'CRITICAL', 'FATAL', 'ERROR', 'WARNING', 'WARN', 'INFO', 'DEBUG', 'NOTSET'),
  expected: 'CRITICAL, FATAL, ERROR, WARNING, WARN, INFO, DEBUG or NOTSET',
};

const ipVersion: ConfigItem<number> = {
  expected: '0, 4 or 6',
  read: (value) => [0, 4, 6].find((version) => version === numberOf(value, INTEGER)),
};

const addresses: ConfigItem<readonly string[]> = {
  expected: 'addresses, separated by commas',
  read(value) {
    const list = value.split(',').map((address) => address.trim());
    return list.includes('') ? undefined : list;
  },
};

/**
 * All config items of Pyro5. Items that this package does not use are checked, too, because Python would refuse their values.
 *
 * @see Pyro5/configure.py, `Configuration`
 */
export const CONFIG_ITEMS = {
  HOST: text,
  NS_HOST: hosts,
  NS_PORT: portOfNameServer,
  NS_BCPORT: portOfNameServer,
  NS_BCHOST: text,
  NS_AUTOCLEAN: seconds,
  NS_LOOKUP_DELAY: seconds,
  NATHOST: text,
  NATPORT: whole(PORT),
  COMPRESSION: toggle,
  SERVERTYPE: choice('thread', 'multiplex'),
  COMMTIMEOUT: seconds,
  POLLTIMEOUT: positiveSeconds,
  MAX_RETRIES: whole(wholeNumber()),
  SOCK_REUSE: toggle,
  SOCK_NODELAY: toggle,
  DETAILED_TRACEBACK: toggle,
  THREADPOOL_SIZE: count,
  THREADPOOL_SIZE_MIN: count,
  MAX_MESSAGE_SIZE: count,
  BROADCAST_ADDRS: addresses,
  PREFER_IP_VERSION: ipVersion,
  SERIALIZER: choice(...SERIALIZER_NAMES),
  SERPENT_BYTES_REPR: toggle,
  ITER_STREAMING: toggle,
  ITER_STREAM_LIFETIME: seconds,
  ITER_STREAM_LINGER: seconds,
  LOGFILE: text,
  LOGLEVEL: logLevel,
  LOGWIRE: toggle,
  SSL: toggle,
  SSL_SERVERCERT: text,
  SSL_SERVERKEY: text,
  SSL_SERVERKEYPASSWD: text,
  SSL_REQUIRECLIENTCERT: toggle,
  SSL_CLIENTCERT: text,
  SSL_CLIENTKEY: text,
  SSL_CLIENTKEYPASSWD: text,
  SSL_CACERTS: text,
} as const satisfies Record<string, ConfigItem<unknown>>;

type Items = typeof CONFIG_ITEMS;

/** Config items by their Pyro5 names, without `PYRO_`; items that the environment does not set are absent. Times are in seconds. */
export type PyroConfig = {
  readonly [Name in keyof Items]?: Items[Name] extends ConfigItem<infer T> ? T : never;
};

/** The config items that set each option: with all of them, or with those among them that are there. */
export type OptionItems<Options> = { readonly [Option in keyof Options]?: readonly (keyof PyroConfig)[] };

/** Converts the seconds of a config item to milliseconds, rounded up: 0 switches a limit off, and a short limit must not become 0. */
export function millisecondsOf(duration: number | undefined): number | undefined {
  return duration === undefined ? undefined : Math.ceil(duration * 1_000);
}
