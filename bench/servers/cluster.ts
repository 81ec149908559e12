/** Nest in several processes that share one port: `cluster.js PROCESSES`. */
import cluster from 'node:cluster';
import { join } from 'node:path';

const count = Number(process.argv[2]);
let listening = 0;
cluster.setupPrimary({ exec: join(import.meta.dirname, 'nest.js'), args: ['bare'], silent: true });
cluster.on('listening', (_worker, { port }) => {
  if (++listening === count) console.log(`ready: 127.0.0.1:${port}`);
});
for (let worker = 0; worker < count; worker++) cluster.fork();
