import { PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

/** Dates travel as ISO text with their zone, because JavaScript's `Date` has no zone but UTC. */
@PyroController('example.timezones')
class TimeServer {
  /** Receives a date as text, because Python's serializer sends dates as text. */
  @PyroMethod()
  echo(date: string): string {
    return date;
  }

  @PyroMethod()
  pytz(): string {
    return isoIn('Europe/Amsterdam');
  }

  @PyroMethod()
  dateutil(): string {
    return isoIn('Europe/Amsterdam');
  }

  @PyroMethod()
  pendulum(): string {
    return isoIn('Europe/Amsterdam');
  }
}

/** @returns e.g. `2030-07-01T14:00:00.000+02:00` */
function isoIn(timeZone: string, date = new Date()): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(date);
  const offset = parts.find(({ type }) => type === 'timeZoneName')!.value.slice('GMT'.length) || '+00:00';
  const [hours, minutes] = offset.split(':').map(Number) as [number, number];
  const minutesAhead = hours * 60 + Math.sign(hours) * minutes;
  return new Date(date.getTime() + minutesAhead * 60_000).toISOString().replace('Z', offset);
}

/** Removes the hours and keeps the zones: upstream's pytz method puts the zone of Amsterdam on the machine's local time. */
function timeless(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?/g, 'DATE')
    .replaceAll(/(?<=DateTime\()\d.*?(?=, tzinfo)/g, 'DATE');
}

export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [TimeServer] });
    return server.unwrap().uriFor('example.timezones');
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [{ file: 'client.py', input: (uri) => `${uri}\n`, normalize: timeless }],
} satisfies Example;
