import { Injectable } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { PyroDaemon } from '../../../../lib/core.js';
import {
  expose,
  type OnPyroConnect,
  type OnPyroDisconnect,
  type PyroConnection,
  PyroContext,
  PyroController,
  PyroMethod,
  PyroProxy,
  type RemoteObject,
} from '../../../../lib/index.js';
import { log } from '../behaviour/noting.js';
import { closeAfter, eventually, serve } from '../fixtures.js';

class Client {
  readonly heard: string[] = [];
  hear(text: string): void {
    this.heard.push(text);
  }
}
expose(Client, 'hear');

/** The clients in each room. */
@Injectable()
class Rooms {
  private readonly members = new Map<string, Map<string, RemoteObject<Client>>>();

  join(room: string, nick: string, client: RemoteObject<Client>): void {
    this.members.set(room, (this.members.get(room) ?? new Map<string, RemoteObject<Client>>()).set(nick, client));
  }
  leave(nick: string): void {
    for (const room of this.members.values()) room.delete(nick);
  }
  nicks(room: string): string[] {
    return [...(this.members.get(room)?.keys() ?? [])];
  }
  async tell(room: string, text: string): Promise<void> {
    await Promise.all([...(this.members.get(room)?.values() ?? [])].map((client) => client.hear(text)));
  }
}

/** The gateway: a session object, one instance per connection. */
@PyroController('chat')
class Chat implements OnPyroConnect, OnPyroDisconnect {
  constructor(private readonly rooms: Rooms) {}

  onPyroConnect(connection: PyroConnection): void {
    connection.metadata.set('since', 'now');
  }
  onPyroDisconnect(connection: PyroConnection): void {
    const nick = connection.metadata.get('nick') as string;
    this.rooms.leave(nick);
    log.push(`${nick} left, here since ${String(connection.metadata.get('since'))}`);
  }

  @PyroMethod() join(room: string, nick: string, client: RemoteObject<Client>, @Ctx() context?: PyroContext): string[] {
    context!.connection.metadata.set('nick', nick);
    this.rooms.join(room, nick, client);
    return this.rooms.nicks(room);
  }
  @PyroMethod() async say(room: string, text: string, @Ctx() context?: PyroContext): Promise<void> {
    await this.rooms.tell(room, `${String(context!.connection.metadata.get('nick'))}: ${text}`);
  }
  @PyroMethod() leave(@Ctx() context?: PyroContext): void {
    context!.connection.close();
  }
}

async function connect(uri: string): Promise<{ chat: RemoteObject<Chat>; client: Client; passed: RemoteObject<Client> }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  closeAfter(() => daemon.close());
  const client = new Client();
  daemon.register(client);
  const chat = await PyroProxy.connect<Chat>(uri, { autoproxy: daemon });
  closeAfter(() => chat.$release());
  return { chat, client, passed: client as object as RemoteObject<Client> };
}

describe('an object as a gateway', () => {
  it('a gateway object notifies everybody in a room, and forgets clients that disconnect', async () => {
    const { app, server } = await serve({ providers: [Chat, Rooms] });
    const uri = String(server.unwrap<PyroDaemon>().uriFor('chat'));
    const [ann, bob, eve] = [await connect(uri), await connect(uri), await connect(uri)];
    await ann.chat.join('garden', 'Ann', ann.passed);
    expect(await bob.chat.join('garden', 'Bob', bob.passed)).toEqual(['Ann', 'Bob']);
    await eve.chat.join('cellar', 'Eve', eve.passed);
    await ann.chat.say('garden', 'hello');
    expect([ann, bob, eve].map(({ client }) => client.heard)).toEqual([['Ann: hello'], ['Ann: hello'], []]);
    await bob.chat.$release();
    await eventually(() => app.get(Rooms).nicks('garden').length === 1, 'the end of the connection');
    expect(log).toEqual(['Bob left, here since now']);
    await ann.chat.say('garden', 'anybody?');
    expect(bob.client.heard).toEqual(['Ann: hello']);
  });

  it('a gateway object closes a client’s connection', async () => {
    const { server } = await serve({ providers: [Chat, Rooms] });
    const { chat, passed } = await connect(String(server.unwrap<PyroDaemon>().uriFor('chat')));
    await chat.join('garden', 'Ann', passed);
    await expect(chat.leave()).rejects.toMatchObject({ name: 'ConnectionClosedError' });
    await eventually(() => log.length > 0, 'the end of the connection');
    expect(log).toEqual(['Ann left, here since now']);
  });
});
