/** A name server that hostile peers attack: `name-server-app.ts`. */
import { startNameServer } from '../../../../lib/core.js';

const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, profile: 'exposed' });
console.log(`ready: ${nameServer.daemon.locationStr}`);
