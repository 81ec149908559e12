import { PyroProxy, type RemoteObject } from 'nestjs-pyro';

/** Looks at the page as a browser does: its policy, and the first frames. */
const frames = PyroProxy.to(process.argv[2]!) as RemoteObject<{ pageUrl(): string }>;
const page = await frames.pageUrl();
await frames.$release();

const response = await fetch(page);
console.log('page:', response.status, response.headers.get('content-security-policy')?.split(';')[0]);

const end = new AbortController();
const events = await fetch(`${page}/frames`, { signal: end.signal });
console.log('frames:', events.headers.get('content-type')?.split(';')[0]);
let text = '';
let shown = 0;
for await (const part of events.body!.pipeThrough(new TextDecoderStream())) {
  text += part;
  const complete = text.split('\n\n');
  text = complete.pop()!;
  for (const event of complete) {
    const [, data] = /^data: (.*)$/m.exec(event) ?? [];
    if (data === undefined || shown === 3) continue;
    const { width, height, pixels } = JSON.parse(data) as { width: number; height: number; pixels: string };
    console.log(`frame ${++shown}: ${width} x ${height}, first values ${Buffer.from(pixels, 'base64').subarray(0, 4).join(' ')}`);
  }
  if (shown === 3) break;
}
end.abort();
