import { Logger } from '@nestjs/common';
import { anyOf, checkOptions, FUNCTION, objectOf, type OptionRule, SWITCH } from '../../options/option-checks.js';
import { environmentConfig } from '../../options/environment.js';
import type { PyroConfig } from '../../options/config-items.js';
import type { WireLog } from '../../protocol/message.js';
import { describeWireMessage } from '../../serializers/wire-text.js';

/**
 * Logging of all messages. `true`: one line for each message, as `debug` of the context `PyroWire`, without its payload.
 * `{ payloads: true }`: also the beginning of the payload, which may have passwords and tokens in it. Or a function that gets
 * every message.
 */
export type PyroWireLog = boolean | { payloads?: boolean } | WireLog;

/** Takes the option `wireLog`. */
export const WIRE_LOG: OptionRule = {
  ...anyOf(SWITCH, FUNCTION, objectOf<{ payloads?: boolean }>('an object', { payloads: SWITCH })),
  takes: 'true, false, an object with payloads (true or false), or a function',
};

/** The function that logs messages; undefined when they are not logged. @param option undefined: the value of `PYRO_LOGWIRE` */
export function wireLogOf(option: PyroWireLog | undefined, config: PyroConfig = environmentConfig()): WireLog | undefined {
  checkOptions({ wireLog: option }, { wireLog: WIRE_LOG });
  const chosen = option ?? config.LOGWIRE ?? false;
  if (chosen === false) return undefined;
  if (typeof chosen === 'function') return chosen;
  const payloads = typeof chosen === 'object' && chosen.payloads === true;
  const logger = new Logger('PyroWire');
  return (message) => {
    if (Logger.isLevelEnabled('debug')) logger.debug(describeWireMessage(message, payloads));
  };
}
