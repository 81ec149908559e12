import type { Example } from '../example.js';
import { MessageBus } from './message-bus.object.js';

const WEATHER = String.raw`\('Utrecht', '(?:sunny|cloudy|storm|rainy|hail|thunder|calm|mist|cold|hot)'\)`;
const MESSAGE = String.raw` MESSAGE:\n   topic: weather-forecast\n   msgid: [0-9a-f-]{36}\n created: \d{4}-.*\n    data: ${WEATHER}\n`;

/** Publishers and subscribers are upstream's, the bus between them is ours. Tuples pass it as they are. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [MessageBus] }, { values: 'faithful' });
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
