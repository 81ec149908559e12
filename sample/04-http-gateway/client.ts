/** Uses the Python object by HTTP. */
async function request(url: string, init?: RequestInit): Promise<string> {
  const response = await fetch(`${url}/thermostat`, init);
  return `${response.status} ${await response.text()}`;
}

function put(celsius: number, authorization?: string): RequestInit {
  const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
  return { method: 'PUT', headers, body: JSON.stringify({ celsius }) };
}

const url = process.argv[2]!;
console.log(await request(url));
console.log(await request(url, put(19)));
console.log(await request(url, put(19, 'Bearer secret')));
console.log(await request(url, put(99, 'Bearer secret')));
