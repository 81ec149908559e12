import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** The port of the environment; 0 means any that is free now. */
async function choosePort(wanted: number): Promise<number> {
  if (wanted !== 0) return wanted;
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export const nameServer = { host: '127.0.0.1', port: await choosePort(Number(process.env.PORT ?? 9090)) };
