import { PyroProxy, PyroRemoteError } from 'nestjs-pyro/core';

/** The remote object as TypeScript sees it. */
interface Warehouse {
  item_count: number;
  list_contents(): Record<string, number>;
  take(item: string): string;
  store(item: { name: string; quantity: number }): void;
  history(): Iterator<{ person: string; item: string; quantity: number }>;
}

/** Uses the warehouse without Nest, as the Python client does. */
async function main(uri: string): Promise<void> {
  await using warehouse = await PyroProxy.connect<Warehouse>(uri, { handshake: 'token-of-bob' });
  console.log('in stock:', await warehouse.list_contents());
  console.log(await warehouse.take('flashlight'));
  await warehouse.store({ name: 'rope', quantity: 2 });
  console.log('items:', await warehouse.$get('item_count'));
  try {
    await warehouse.take('piano');
  } catch (error) {
    if (!(error instanceof PyroRemoteError)) throw error;
    console.log(`${error.pythonType}: ${error.args.join(', ')}`);
  }
  for await (const { person, item, quantity } of await warehouse.history()) console.log('history:', person, item, quantity);
}

await main(process.argv[2]!);
