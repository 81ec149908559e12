import type { Example } from '../example.js';
import { Abn, Rabobank } from './banks.js';

/** Objects found by the prefix of their names; a base class whose methods several objects expose. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [Rabobank, Abn] });
  },
  original: [{ file: 'server.py', ready: 'Banks are ready for customers.' }],
  scripts: [{ file: 'client.py', prints: ['Failed: insufficent balance', 'Irmen : -99.25', 'Irmen : 300.75'] }],
} satisfies Example;
