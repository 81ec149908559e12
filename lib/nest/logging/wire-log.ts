import { Logger } from '@nestjs/common';
import { environmentConfig } from '../../options/environment.js';
import type { PyroConfig } from '../../options/config-items.js';
import type { WireLog } from '../../protocol/message.js';
import { describeWireMessage } from '../../serializers/wire-text.js';

/**
 * Which messages go to Nest's logger, as `debug` of the context `PyroWire`: `true`: a line for each, without what is in it;
 * `{ payloads: true }`: with the beginning of that, passwords and tokens among it; or a function that gets every message.
 */
export type PyroWireLog = boolean | { payloads?: boolean } | WireLog;

/** @param option undefined: what `PYRO_LOGWIRE` says */
export function wireLogOf(option: PyroWireLog | undefined, config: PyroConfig = environmentConfig()): WireLog | undefined {
  const chosen = option ?? config.LOGWIRE ?? false;
  if (chosen === false) return undefined;
  if (typeof chosen === 'function') return chosen;
  const payloads = typeof chosen === 'object' && chosen.payloads === true;
  const logger = new Logger('PyroWire');
  return (message) => {
    if (Logger.isLevelEnabled('debug')) logger.debug(describeWireMessage(message, payloads));
  };
}
