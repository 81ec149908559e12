import { PyroController, PyroException, PyroMethod, type RemoteObject } from 'nestjs-pyro';
import { Message } from './message.js';

/** The methods of a subscriber that the bus calls. */
interface Subscriber {
  incoming_messages(topic: string, messages: Message[]): void;
}

interface Topic {
  pending: Message[];
  readonly subscribers: Map<string, RemoteObject<Subscriber>>;
}

/**
 * Delivers the messages of publishers to all subscribers, in memory. Upstream's bus runs a thread for that; here the first
 * message of a topic starts a delivery, which includes the messages that arrive meanwhile.
 */
@PyroController({ name: 'Pyro.MessageBus', instanceMode: 'single', naming: 'snake_case' })
export class MessageBus {
  private readonly topicsByName = new Map<string, Topic>();
  private readonly delivering = new Set<Topic>();

  @PyroMethod()
  addTopic(name: string): void {
    this.topic(name);
  }

  @PyroMethod()
  removeTopic(name: string): void {
    const topic = this.topicsByName.get(name);
    if (topic && (topic.pending.length > 0 || topic.subscribers.size > 0)) {
      throw new PyroException('builtins.ValueError', ['topic still has pending messages and/or subscribers']);
    }
    this.topicsByName.delete(name);
  }

  @PyroMethod()
  topics(): Set<string> {
    return new Set(this.topicsByName.keys());
  }

  @PyroMethod()
  send(name: string, data: unknown): void {
    const topic = this.topic(name);
    topic.pending.push(new Message(data));
    if (!this.delivering.has(topic)) void this.deliver(name, topic);
  }

  @PyroMethod({ oneway: true })
  sendNoAck(name: string, data: unknown): void {
    this.send(name, data);
  }

  @PyroMethod()
  subscribe(name: string, subscriber: RemoteObject<Subscriber>): void {
    this.topic(name).subscribers.set(String(subscriber.$uri), subscriber);
  }

  @PyroMethod()
  async unsubscribe(name: string, subscriber: RemoteObject<Subscriber>): Promise<void> {
    await this.drop(this.topic(name), String(subscriber.$uri));
  }

  private topic(name: string): Topic {
    let topic = this.topicsByName.get(name);
    if (topic === undefined) this.topicsByName.set(name, (topic = { pending: [], subscribers: new Map() }));
    return topic;
  }

  private async deliver(name: string, topic: Topic): Promise<void> {
    this.delivering.add(topic);
    while (topic.pending.length > 0) {
      const messages = topic.pending.splice(0);
      const deliveries = [...topic.subscribers].map(([uri, subscriber]) =>
        // an unreachable subscriber is unsubscribed
        subscriber.incoming_messages(name, messages).catch(() => this.drop(topic, uri)),
      );
      await Promise.all(deliveries);
    }
    this.delivering.delete(topic);
  }

  private async drop(topic: Topic, uri: string): Promise<void> {
    const subscriber = topic.subscribers.get(uri);
    topic.subscribers.delete(uri);
    await subscriber?.$release();
  }
}
