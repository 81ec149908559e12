import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const ORDERS = [
  { celsius: 900, minutes: 30 },
  { celsius: 3000, minutes: 0.5, colour: 'red' },
];

/** Uses the furnace by MCP, with the official client, as a program does that runs a language model. */
async function useByMcp(url: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const client = new Client({ name: 'sample', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  console.log(`  status: ${textOf(await client.callTool({ name: 'furnace_status' }))}`);
  for (const order of ORDERS) {
    console.log(`  heat: ${textOf(await client.callTool({ name: 'heat_furnace', arguments: order }))}`);
  }
  const { tools } = await client.listTools();
  console.log(`  bounds: ${JSON.stringify(tools.find(({ name }) => name === 'heat_furnace')?.inputSchema.properties)}`);
  await client.close();
}

function textOf({ content, isError }: Awaited<ReturnType<Client['callTool']>>): string {
  const text = content.map((part) => (part.type === 'text' ? part.text : part.type)).join('');
  return isError === true ? `error\n    ${text.replaceAll('\n', '\n    ')}` : text;
}

const [, url] = process.argv[2]!.split(' ');
for (const [person, token] of [
  ['Bob, a guest', 'token-of-bob'],
  ['Ann, an operator', 'token-of-ann'],
  ['a stranger', 'a guess'],
] as const) {
  console.log(`MCP, ${person}:`);
  await useByMcp(url!, token).catch((error: Error) =>
    console.log(`  not let in: ${/unknown token/.exec(error.message)?.[0] ?? error.message}`),
  );
}
