import { afterAll, beforeAll, expect, it } from 'vitest';
import { SERIALIZER_IDS, type SerializerName } from '../../../lib/core.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { PythonInterpreter } from '../python-interpreter.js';

/** The table "Values that Python changes" of docs/serializers.md: what arrives for each value, in serpent, marshal, json and msgpack. */
const CANNOT = 'cannot';
const ROWS: Record<string, [python: string, ...arrives: unknown[]]> = {
  datetime: [
    'datetime(2026, 1, 31, 10, 20, 30)',
    '2026-01-31T10:20:30',
    CANNOT,
    '2026-01-31T10:20:30',
    expect.stringMatching(/^2026-01-3\dT\d\d:\d\d:30\+00:00$/),
  ],
  'aware datetime': [
    'datetime(2026, 1, 31, 10, 20, 30, tzinfo=timezone.utc)',
    '2026-01-31T10:20:30+00:00',
    CANNOT,
    '2026-01-31T10:20:30+00:00',
    CANNOT,
  ],
  date: ['date(2026, 1, 31)', '2026-01-31', CANNOT, '2026-01-31', '2026-01-31'],
  time: ['time(10, 20, 30)', '10:20:30', CANNOT, CANNOT, CANNOT],
  timedelta: ['timedelta(minutes=1)', 60, CANNOT, CANNOT, CANNOT],
  Decimal: ['Decimal("1.10")', '1.10', CANNOT, '1.10', '1.10'],
  UUID: ['UUID(int=5)', ...Array.from({ length: 4 }, () => '00000000-0000-0000-0000-000000000005')],
  Enum: ['Colour.Red', 'red', CANNOT, CANNOT, CANNOT],
  IntEnum: ['Level.Low', 1, CANNOT, 1, 1],
  'str Enum': ['Text.A', 'a', CANNOT, 'a', 'a'],
  dataclass: ['Plain(1)', ...Array.from({ length: 4 }, () => 'class test.Plain')],
  slots: ['Slots(1)', ...Array.from({ length: 4 }, () => 'class test.Slots')],
  namedtuple: ['Pair(1, 2)', [1, 2], CANNOT, [1, 2], [1, 2]],
  attrs: ['Attrs(1)', 'class test.Attrs', { x: 1 }, { x: 1 }, { x: 1 }],
  'own exception': ['Own("x")', ...Array.from({ length: 4 }, () => expect.objectContaining({ pythonType: 'test.Own' }))],
};

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

it.each(Object.entries(ROWS))('%s arrives as docs/serializers.md says', async (_, [source, ...arrives]) => {
  const names: SerializerName[] = ['serpent', 'marshal', 'json', 'msgpack'];
  const sent = await python.run<(string | null)[]>(
    `
    import base64, collections, dataclasses, enum, typing, attrs
    from datetime import datetime, date, time, timedelta, timezone
    from decimal import Decimal
    from uuid import UUID
    class Colour(enum.Enum):
        Red = "red"
    class Level(enum.IntEnum):
        Low = 1
    class Text(str, enum.Enum):
        A = "a"
    Pair = collections.namedtuple("Pair", "x y")
    Plain = dataclasses.make_dataclass("Plain", ["x"])
    Slots = dataclasses.make_dataclass("Slots", ["x"], slots=True)
    Attrs = attrs.make_class("Attrs", ["x"], slots=True)
    class Own(Exception):
        pass
    for kind in [Plain, Slots, Attrs, Own]:
        kind.__module__ = "test"
    value = eval(source, globals(), locals())
    sent = []
    for name in names:
        try:
            sent.append(base64.b64encode(serializers[name].dumps(value)).decode())
        except Exception:
            sent.append(None)
    return sent
    `,
    { source, names },
  );
  const read = names.map((name, index) => {
    if (sent[index] === null) return CANNOT;
    try {
      return createSerializers().get(SERIALIZER_IDS[name])!.loads(Buffer.from(sent[index]!, 'base64'));
    } catch (error) {
      return (error as Error).message.replace('unsupported serialized class:', 'class');
    }
  });
  expect(read).toEqual(arrives);
});
