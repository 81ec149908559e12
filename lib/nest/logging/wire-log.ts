import { Logger } from '@nestjs/common';
import { anyOf, checkOptions, FUNCTION, objectRule, type OptionRule, SWITCH } from '../../options/option-checks.js';
import { environmentConfig } from '../../options/environment.js';
import type { PyroConfig } from '../../options/config-items.js';
import type { WireLog } from '../../protocol/messages/message.js';
import { wireEntry } from '../../logging/core-log.js';

/**
 * Logging of all messages. `true`: one line for each message, as `debug` of the context `PyroWire`, without its payload.
 * `{ payloads: true }`: also the beginning of the payload, which may have passwords and tokens in it. Or a function that gets
 * every message.
 */
export type PyroWireLog =
  | boolean
  | {
      /** True: each line has the beginning of the payload. Default false. */
      payloads?: boolean;
    }
  | WireLog;

/** Takes the option `wireLog`. */
export const WIRE_LOG: OptionRule = {
  ...anyOf(SWITCH, FUNCTION, objectRule<{ payloads?: boolean }>('an object', { payloads: SWITCH })),
  takes: 'true, false, an object with payloads (true or false), or a function',
};

/** The function that logs messages; undefined when they are not logged. @param option undefined: what `PYRO_LOGWIRE` asks for, the data of calls included */
export function wireLogOf(option: PyroWireLog | undefined, config: PyroConfig = environmentConfig()): WireLog | undefined {
  checkOptions({ wireLog: option }, { wireLog: WIRE_LOG });
  if (option === false || (option === undefined && config.LOGWIRE !== true)) return undefined;
  if (typeof option === 'function') return option;
  const payloads = option === undefined ? 'calls' : typeof option === 'object' && option.payloads === true;
  const logger = new Logger('PyroWire');
  return (message) => {
    if (Logger.isLevelEnabled('debug')) logger.debug(wireEntry(message, payloads));
  };
}
