import { EventEmitter, once } from 'node:events';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PyroNames } from 'nestjs-pyro';

/** Follows the names of the lab, without asking again and again. */
@Injectable()
export class Visitors implements OnApplicationBootstrap {
  private readonly tagsByName = new Map<string, string>();
  private readonly changed = new EventEmitter<{ name: [string] }>();

  constructor(private readonly names: PyroNames) {}

  onApplicationBootstrap(): void {
    void this.follow();
  }

  /** The tags of a name, as soon as it is registered. */
  async seen(name: string): Promise<string> {
    while (!this.tagsByName.has(name)) await once(this.changed, 'name');
    return this.tagsByName.get(name)!;
  }

  /** Ends with the application. */
  private async follow(): Promise<void> {
    for await (const event of this.names.watch({ prefix: 'lab.' })) {
      if (event.kind === 'registered') this.tagsByName.set(event.name, [...event.metadata].join(', '));
      else this.tagsByName.delete(event.name);
      this.changed.emit('name', event.name);
    }
  }
}
