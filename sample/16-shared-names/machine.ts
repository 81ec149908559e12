import { startNameServer } from 'nestjs-pyro/core';

/** A machine with a name server. All machines keep their names in the same Redis. */
const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, storage: process.env.REDIS_URL! });
// without the process that started this one nobody would end it
process.once('disconnect', () => void nameServer.close().then(() => process.exit()));
process.send!(nameServer.uri.location);
