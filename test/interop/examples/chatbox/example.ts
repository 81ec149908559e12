import type { Example } from '../example.js';
import { ChatBox } from './chat-box.object.js';

/** Two people chat: upstream's client runs twice. */
export default {
  // the script joins without waiting for its own daemon, which starts in another thread
  alone: 'timed',
  async serve(stage) {
    await stage.nest({ providers: [ChatBox] });
  },
  scripts: [
    {
      file: 'client.py',
      dialogue: [
        ['The server has no active channels.\nName for new channel: ', 'lobby'],
        ['Choose a nickname: ', 'ann'],
        ['[SERVER] ** bob joined **', 'hello bob'],
        ['[bob] hello ann', 'how are you?'],
        ['[SERVER] ** bob left **', '/quit'],
      ],
      ready: 'Ready for input!',
      ends: true,
      prints: ['People on this channel: ann', 'Exit.'],
    },
    {
      file: 'client.py',
      dialogue: [
        ['The following channels already exist: lobby\n', 'lobby'],
        ['Choose a nickname: ', 'bob'],
        ['[ann] hello bob', 'hello ann'],
        ['[ann] how are you?', '/quit'],
      ],
      prints: ['The following people are on the server: ann', 'People on this channel: ann, bob', 'Exit.'],
    },
  ],
  serverPrints: ['CREATING NEW CHANNEL lobby', 'bob JOINED lobby', 'bob LEFT lobby', 'REMOVED CHANNEL lobby', 'ann LEFT lobby'],
} satisfies Example;
