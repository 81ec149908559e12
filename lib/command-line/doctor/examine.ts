import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { resolveProxyOptions } from '../../client/options/resolve-proxy-options.js';
import { unknownVariables } from '../../options/environment.js';
import type { PyroUri } from '../../protocol/uri.js';
import { examineDaemon } from './examined-daemon.js';
import { type Examination, warning } from './finding.js';
import { examineName, examineRegistered } from './names.js';
import { examineNetwork } from './network.js';

type ExaminationOptions = PyroProxyOptions & { connectTimeoutMs: number };

/**
 * Examines step by step why an object cannot be reached. Ends after the first step that fails. Of several objects with the tags of a
 * PYROMETA URI, each is examined.
 *
 * @throws {PyroError} `CONFIG`, when an option or an environment variable of this program is wrong
 */
export async function* examine(uri: PyroUri, options: ExaminationOptions): Examination {
  resolveProxyOptions(options);
  for (const variable of unknownVariables(process.env)) {
    yield warning(
      'environment',
      `${variable} is no config item of Pyro5, and is passed over`,
      'compare its name with npx nestjs-pyro config',
    );
  }
  if (uri.protocol === 'PYRO') {
    yield* examineObject(uri, options);
    return;
  }
  for (const each of yield* examineName(uri, options)) {
    const found = yield* examineRegistered(each);
    if (found) yield* examineObject(found, options);
  }
}

async function* examineObject(uri: PyroUri, options: ExaminationOptions): Examination {
  let isOpen = true;
  for await (const finding of examineNetwork(uri, options.connectTimeoutMs)) {
    yield finding;
    isOpen &&= finding.state !== 'failed';
  }
  if (isOpen) yield* examineDaemon({ uri, options, tlsFlag: '--tls', handshakeFlag: '--handshake' });
}
