import { ConnectionClosedError, PyroController, PyroException, PyroMethod, type RemoteObject } from 'nestjs-pyro';
import { ServerConsole } from '../stage.js';

interface Chatter {
  /** Oneway in Python. */
  message(nick: string, text: string): void;
}

interface Member {
  nick: string;
  chatter: RemoteObject<Chatter>;
}

/** Logins, channels and nicknames; all clients share one. */
@PyroController({ name: 'example.chatbox.server', instanceMode: 'single' })
export class ChatBox {
  private readonly channels = new Map<string, Member[]>();
  private readonly nicks = new Set<string>();

  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  getChannels(): string[] {
    return [...this.channels.keys()];
  }

  @PyroMethod()
  getNicks(): string[] {
    return [...this.nicks];
  }

  @PyroMethod()
  async join(channel: string, nick: string, chatter: RemoteObject<Chatter>): Promise<string[]> {
    if (!channel || !nick) throw new PyroException('builtins.ValueError', ['invalid channel or nick name']);
    if (this.nicks.has(nick)) throw new PyroException('builtins.ValueError', ['this nick is already in use']);
    if (!this.channels.has(channel)) {
      this.console.log(`CREATING NEW CHANNEL ${channel}`);
      this.channels.set(channel, []);
    }
    const members = this.channels.get(channel)!;
    members.push({ nick, chatter });
    this.nicks.add(nick);
    this.console.log(`${nick} JOINED ${channel}`);
    await this.publish(channel, 'SERVER', `** ${nick} joined **`);
    return members.map((member) => member.nick);
  }

  @PyroMethod()
  async leave(channel: string, nick: string): Promise<void> {
    const members = this.channels.get(channel);
    if (members === undefined) {
      this.console.log(`IGNORED UNKNOWN CHANNEL ${channel}`);
      return;
    }
    const index = members.findIndex((member) => member.nick === nick);
    if (index >= 0) members.splice(index, 1);
    await this.publish(channel, 'SERVER', `** ${nick} left **`);
    if (members.length === 0) {
      this.channels.delete(channel);
      this.console.log(`REMOVED CHANNEL ${channel}`);
    }
    this.nicks.delete(nick);
    this.console.log(`${nick} LEFT ${channel}`);
  }

  @PyroMethod()
  async publish(channel: string, nick: string, text: string): Promise<void> {
    const members = this.channels.get(channel) ?? [];
    const tell = async (member: Member): Promise<void> => {
      try {
        await member.chatter.message(nick, text);
      } catch (error) {
        if (!(error instanceof ConnectionClosedError)) throw error;
        members.splice(members.indexOf(member), 1);
        this.console.log(`Removed dead listener ${member.nick}`);
      }
    };
    await Promise.all(members.map(tell));
  }
}
