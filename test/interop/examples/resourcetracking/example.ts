import { Ctx } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, type Script, SERVING } from '../example.js';

/** Allocated for a client. Tracked: when the client's connection ends first, the daemon calls `close`. */
class Resource {
  constructor(
    readonly name: string,
    private readonly allocated: Set<Resource>,
  ) {}

  close(): void {
    this.allocated.delete(this);
  }
}

@PyroController({ objectId: 'service', instanceMode: 'single' })
class Service {
  private readonly resources = new Set<Resource>();

  @PyroMethod()
  allocate(name: string, @Ctx() context: PyroContext): void {
    const resource = new Resource(name, this.resources);
    this.resources.add(resource);
    context.track(resource);
  }

  @PyroMethod()
  free(name: string, @Ctx() context: PyroContext): void {
    for (const resource of [...this.resources].filter((candidate) => candidate.name === name)) {
      resource.close();
      context.untrack(resource);
    }
  }

  @PyroMethod()
  list(): string[] {
    return [...this.resources].map(({ name }) => name);
  }
}

const client: Script = {
  file: 'client.py',
  input: (uri) => `${uri}\n\n`,
  prints: ['currently allocated resources: []', /\nallocated resources: \[\]/],
  normalize: (output) => output.replaceAll(/(?<=allocating resource\.\.\. )\S+/g, 'RANDOM'),
};

/** One client frees its resources, one disconnects with two of them; the next client finds none. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [Service] });
    return server.unwrap().uriFor('service');
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [
    client,
    { ...client, input: undefined, dialogue: [['Enter the URI', (uri) => uri]], until: 'hit Enter', prints: [/allocating/] },
    client,
  ],
} satisfies Example;
