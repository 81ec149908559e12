import { randomUUID } from 'node:crypto';
import { registerClass } from 'nestjs-pyro';

/** Travels as the class dict that upstream's subscribers know. */
export class Message {
  readonly id = randomUUID();
  readonly created = new Date();

  constructor(readonly data: unknown) {}
}

registerClass(Message, {
  name: 'Pyro5.utils.messagebus.message',
  toDict: ({ id, created, data }) => ({
    msgid: id,
    // subscribers read local time in microseconds, without a zone
    created: new Date(created.getTime() - created.getTimezoneOffset() * 60_000).toISOString().replace('Z', '000'),
    data,
  }),
});
