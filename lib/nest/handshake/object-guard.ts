import type { ObjectGuard } from '../../daemon/contract/daemon.js';
import type { OnFailure } from '../errors/failures.js';
import type { HandshakeRunner } from './handshake-runner.js';
import { accidentOf } from '../errors/guard-refusal.js';

/**
 * The guard of an object that is registered at run time, while Nest still makes its handshake guards.
 *
 * @param onFailure gets the error when Nest cannot make the guards; every client is refused then
 */
export function objectGuard(making: Promise<HandshakeRunner>, typeName: string, onFailure: OnFailure): ObjectGuard {
  const made = making.catch((error: unknown) => accidentOf(error, `making a handshake guard of ${typeName}`, onFailure));
  return async (request) => {
    const runner = await made;
    if (runner instanceof Error) throw runner;
    return runner.run(request);
  };
}
