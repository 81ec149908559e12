import { PyroController, PyroMethod, type RemoteObject, type SerializedBlob } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';
import { ServerConsole } from '../stage.js';

interface Listener {
  process_blob(blob: SerializedBlob): void;
}

/** Forwards blobs that it cannot read, because it does not know the class inside. */
@PyroController({ name: 'example.blobdispatcher', instanceMode: 'single' })
class Dispatcher {
  private readonly listeners = new Map<string, RemoteObject<Listener>[]>();

  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  register(topic: string, listener: RemoteObject<Listener>): void {
    this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), listener]);
    this.console.log(`New listener for topic ${topic} registered: ${listener.$uri}`);
  }

  @PyroMethod()
  async process_blob(blob: SerializedBlob): Promise<void> {
    const topic = String(blob.info);
    this.console.log('Dispatching blob with name:', topic);
    for (const listener of this.listeners.get(topic) ?? []) await listener.process_blob(blob);
  }
}

/** Serialized arguments that a dispatcher forwards unread to listeners that can read them. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [Dispatcher] });
  },
  original: [{ file: 'dispatcher/dispatcher.py', ready: SERVING }],
  scripts: [
    {
      file: 'listeners/main.py',
      args: ['cars'],
      ready: 'waiting for data.',
      until: /c=\d+.*\n[^]*c=\d+.*\n/,
      prints: ["Received custom data (type=<class 'customdata.CustomData'>):\n    a=42, b=hello world, c="],
      normalize: (output) => output.replaceAll(/c=.*/g, ''),
    },
    { file: 'client/client.py', input: 'cars\nplanes\ncars\n\n', prints: ['processed', 'processed', 'processed'] },
  ],
  serverPrints: ['Dispatching blob with name: cars', 'Dispatching blob with name: planes', 'Dispatching blob with name: cars'],
} satisfies Example;
