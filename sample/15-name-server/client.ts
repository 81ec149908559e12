import { locateNameServer, PyroUri } from 'nestjs-pyro/core';

const { host, port } = new PyroUri(process.argv[2]!);
await using names = await locateNameServer({ host, port });
const waiting = names.waitFor('lab.late');
await names.register('lab.late', 'PYRO:late@localhost:4712');
console.log(`it came: ${(await waiting).object}`);
await names.remove('lab.late');
