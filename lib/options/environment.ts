import { warn } from '../reports/warning.js';
import { CONFIG_ITEMS, type ConfigItem, type PyroConfig } from './config-items.js';
import { checkArgument, configError, OBJECT } from './option-checks.js';

const PREFIX = 'PYRO_';

/** Variables that Kubernetes sets in every container for a service called `pyro…`: by name, and `…_PORT` by value. */
const KUBERNETES_NAME = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;
const KUBERNETES_PORT = /^(?:tcp|udp|sctp):\/\//;

/**
 * Reads and checks Pyro5's config items from `PYRO_*` environment variables. An empty text is no value for an item that is a text.
 *
 * ```ts
 * readConfig().SERIALIZER; // the value of PYRO_SERIALIZER; undefined when the variable is not set
 * ```
 *
 * @param environment default `process.env`
 * @throws {PyroError} `CONFIG`, naming variable, value and the expected text
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): PyroConfig {
  checkArgument('readConfig: the argument', environment, OBJECT);
  const config: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(CONFIG_ITEMS) as [string, ConfigItem<unknown>][]) {
    const variable = PREFIX + name;
    const text = environment[variable];
    if (text === undefined || isOfKubernetes(variable, text)) continue;
    const value = item.read(text);
    if (value === undefined) {
      throw configError(`environment variable ${variable}=${JSON.stringify(text)}: it must be ${item.expected}`);
    }
    if (value !== '') config[name] = value;
  }
  return Object.freeze(config);
}

/** Variables with the prefix of config items that are no config items. */
export function unknownVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment)
    .filter(([variable, text]) => variable.startsWith(PREFIX) && !isOfKubernetes(variable, text ?? ''))
    .map(([variable]) => variable)
    .filter((variable) => !Object.hasOwn(CONFIG_ITEMS, variable.slice(PREFIX.length)));
}

let atFirst: PyroConfig | undefined;

/**
 * The config items of the process, read once: later changes of the environment have no effect, as in Python. The first read emits a
 * process warning for each unknown variable.
 *
 * @throws {PyroError} `CONFIG`, as {@link readConfig}
 */
export function environmentConfig(): PyroConfig {
  if (atFirst !== undefined) return atFirst;
  const config = readConfig();
  for (const variable of unknownVariables(process.env)) {
    warn(`environment variable ${variable} is no config item of Pyro5; it is passed over`, 'PYRO_UNKNOWN_CONFIG_ITEM');
  }
  return (atFirst = config);
}

function isOfKubernetes(variable: string, text: string): boolean {
  // for a service called `pyro-ns` Kubernetes sets PYRO_NS_PORT, which is a config item too
  return KUBERNETES_NAME.test(variable) || (variable.endsWith('_PORT') && KUBERNETES_PORT.test(text));
}
