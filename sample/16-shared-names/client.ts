import { locateNameServer, PyroProxy } from 'nestjs-pyro/core';

interface Lamp {
  colour(): string;
}

// the first of them is off
const nameServer = process.argv[2]!.split(',').map((location) => {
  const [host, port] = location.split(':');
  return { host, port: Number(port) };
});
await using lamp = PyroProxy.to<Lamp>('PYRONAME:lab.lamp', { nameServer });
console.log(`the lamp is ${await lamp.colour()}`);
await using names = await locateNameServer(nameServer);
console.log(`names: ${[...(await names.list({ prefix: 'lab.' })).keys()].join(', ')}`);
