import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { unknownVariables } from '../../options/environment.js';
import type { PyroUri } from '../../protocol/uri.js';
import { examineDaemon } from './examined-daemon.js';
import { type Examination, warning } from './finding.js';
import { examineName } from './names.js';
import { examineNetwork } from './network.js';

/** Examines step by step why an object cannot be reached. Ends after the first step that fails. */
export async function* examine(uri: PyroUri, options: PyroProxyOptions & { connectTimeoutMs: number }): Examination {
  for (const variable of unknownVariables(process.env)) {
    yield warning(
      'environment',
      `${variable} is no config item of Pyro5, and is passed over`,
      'compare its name with npx nestjs-pyro config',
    );
  }
  let found = uri.protocol === 'PYRO' ? uri : undefined;
  if (!found) yield* examineName(uri, options, (registered) => (found = registered));
  if (!found) return;
  let isOpen = true;
  for await (const finding of examineNetwork(found, options.connectTimeoutMs)) {
    yield finding;
    isOpen &&= finding.state !== 'failed';
  }
  if (isOpen) yield* examineDaemon({ uri: found, options, tlsFlag: '--tls', handshakeFlag: '--handshake' });
}
