import type { Example, Script } from '../example.js';
import { GameServer } from './game-server.object.js';

/** Each client steers a robot, and is told whether the robot has won. */
function robot(name: string, kind: string): Script {
  return {
    file: 'client.py',
    args: [name, kind],
    ready: 'Pyro server registered on',
    prints: ['Battle starts!'],
    until: /I WON!!!\n|I DIED\n(?!.+ KILLED ME)|KILLED ME :\(\n/,
  };
}

/** Upstream's server needs a display. The game depends on chance, but exactly one robot wins. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [GameServer] });
  },
  judge(outputs) {
    const winners = outputs.filter((output) => output.includes('I WON!!!'));
    if (winners.length !== 1) throw new Error(`there are ${winners.length} winners:\n${outputs.join('\n')}`);
  },
  scripts: [robot('Marvin', 'drunk'), robot('Bender', 'angry'), robot('Wall-E', 'scared')],
} satisfies Example;
