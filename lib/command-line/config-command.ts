import { Command } from 'commander';
import { environmentProxyOptions, itemsOfProxy, resolveProxyOptions } from '../client/options/resolve-proxy-options.js';
import { environmentDefaults, itemsOfDaemon } from '../daemon/options/environment-defaults.js';
import { resolveDaemonOptions } from '../daemon/options/resolve-daemon-options.js';
import type { PyroConfig } from '../options/config-items.js';
import { readConfig, unknownVariables } from '../options/environment.js';
import { PyroError } from '../protocol/errors.js';
import { optionSources } from './option-sources.js';
import { HANDSHAKE_VARIABLES } from './remote/handshake-data.js';
import { type OutputArguments, print, styled, table, printJson } from './terminal/output.js';

/** An option in effect. */
interface EffectiveOption {
  readonly option: string;
  readonly value: unknown;
  /** `default`, or the variables that have set the option. */
  readonly from: string;
}

/** Config items whose values are not printed. */
const SECRET = /PASSWD$/;

/** `nestjs-pyro config`: prints the options in effect here, and where each comes from. */
export function configCommand(): Command {
  return new Command('config')
    .description('print the options of daemons and proxies in effect here, and where each comes from')
    .option('--json', 'print JSON')
    .action((given: OutputArguments) => printConfig(given));
}

function printConfig(given: OutputArguments): void {
  const config = readConfig();
  const variables = Object.entries(config).map(([name, value]) => ({
    variable: `PYRO_${name}`,
    value: SECRET.test(name) ? '(not shown)' : value,
  }));
  for (const variable of Object.values(HANDSHAKE_VARIABLES))
    if (process.env[variable]) variables.push({ variable, value: '(not shown)' });
  const unknown = unknownVariables(process.env);
  const proxy = effective(
    resolveProxyOptions({}),
    optionSources(environmentProxyOptions({}, config), itemsOfProxy(config), config),
  );
  const daemon = daemonOptions(config);
  if (given.json) {
    printJson({ variables, unknown, proxy, ...(typeof daemon === 'string' ? { daemonError: daemon } : { daemon }) });
    return;
  }
  const rows = (options: EffectiveOption[]): string[][] => options.map(({ option, value, from }) => [option, shown(value), from]);
  print([
    styled('bold', 'Variables'),
    ...(variables.length === 0
      ? ['no variable of Pyro5 or of these commands is set']
      : table(
          ['VARIABLE', 'VALUE'],
          variables.map(({ variable, value }) => [variable, shown(value)]),
        )),
    ...unknown.map((variable) => `${variable} is no config item of Pyro5, and is passed over`),
    '',
    styled('bold', 'Proxies'),
    ...table(['OPTION', 'VALUE', 'FROM'], rows(proxy)),
    '',
    styled('bold', 'Daemons'),
    ...(typeof daemon === 'string'
      ? [`no daemon can start with these variables: ${daemon}`]
      : table(['OPTION', 'VALUE', 'FROM'], rows(daemon))),
  ]);
}

/** The options of daemons, or why none can start: on a machine with clients only, variables may be absent that daemons need. */
function daemonOptions(config: PyroConfig): EffectiveOption[] | string {
  try {
    return effective(resolveDaemonOptions({}), optionSources(environmentDefaults({}, config), itemsOfDaemon(config), config));
  } catch (error) {
    if (!(error instanceof PyroError)) throw error;
    return error.message;
  }
}

/** @param sources the config items that have set each option */
function effective(options: object, sources: ReadonlyMap<string, readonly string[]>): EffectiveOption[] {
  return Object.entries(options)
    .filter(([, value]) => typeof value !== 'function')
    .map(([option, value]) => ({
      option,
      value: option === 'tls' && value ? '(certificates and keys)' : value,
      from:
        sources
          .get(option)
          ?.map((name) => `PYRO_${name}`)
          .join(', ') ?? 'default',
    }))
    .sort((one, other) => (one.option < other.option ? -1 : 1));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
