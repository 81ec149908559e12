import assert from 'node:assert/strict';
import type { Example } from '../example.js';
import { MessageBus } from './message-bus.object.js';

const WEATHER = String.raw`\('Utrecht', '(?:sunny|cloudy|storm|rainy|hail|thunder|calm|mist|cold|hot)'\)`;
const MESSAGE = String.raw` MESSAGE:\n   topic: weather-forecast\n   msgid: [0-9a-f-]{36}\n created: \d{4}-.*\n    data: ${WEATHER}\n`;

/** The numbers of waiting messages that the subscriber printed. */
function waiting(output: string): number[] {
  return [...output.matchAll(/Approx\. number of received messages: (\d+)/g)].map(([, count]) => Number(count));
}

/** Upstream's publishers and subscribers use the message bus of this example, which forwards tuples unchanged. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [MessageBus] }, { values: 'faithful' });
  },
  judge(outputs) {
    const [subscribed, unsubscribed] = outputs[2]!.split('Unsubscribed from the topic.').map(waiting) as [number[], number[]];
    assert(subscribed.length === 5 && unsubscribed.length === 5);
    assert(subscribed.at(-1)! > subscribed[0]!, `more came in while it was subscribed: ${subscribed.join(', ')}`);
    const taken = unsubscribed.slice(1).every((count, index) => count === unsubscribed[index]! - 1);
    assert(taken, `no more came in afterwards, and it took one each time: ${unsubscribed.join(', ')}`);
  },
  scripts: [
    { file: 'publisher.py', input: 'Utrecht\n', ready: 'Forecast:' },
    {
      file: 'subscriber.py',
      input: '\n',
      prints: ["Topics on the bus:  {'weather-forecast'}", 'Subscribed on weather-forecast'],
      until: new RegExp(`(?:GOT${MESSAGE}\\n){3}`),
    },
    {
      file: 'subscriber_manual_consume.py',
      input: '\n',
      prints: [new RegExp(`PROCESSING${MESSAGE}`), 'Unsubscribed from the topic.', new RegExp(`PROCESSING${MESSAGE}`), 'End.'],
    },
    { file: 'manytopics_publisher.py', ready: 'publishing messages on a random topic' },
    { file: 'manytopics_subscriber.py', until: /msg\.topic\.[a-z] +: +[1-9]\d* +- +\d\d:\d\d:\d\d\.\d+ +'message \d+'/ },
  ],
} satisfies Example;
