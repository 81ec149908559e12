import { PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

/** Dates travel as ISO text, whatever made them: JavaScript's own `Date` knows no zone but UTC. */
@PyroController('example.timezones')
class TimeServer {
  /** Python's serializer made a text of the date that was sent. */
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

/** Leaves the zones; upstream's pytz method puts Amsterdam's on the clock of the machine, so hours are no matter. */
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
