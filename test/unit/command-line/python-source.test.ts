import * as lezer from '@lezer/python';
import { describe, expect, it } from 'vitest';
import { readSourceSignatures } from '../../../lib/command-line/types/source-signatures.js';

const readAll = (sources: Readonly<Record<string, string>>) =>
  readSourceSignatures(
    Object.entries(sources).map(([path, text]) => ({ path, text })),
    lezer,
  );
const read = (source: string) => [...readAll({ 'thing.py': source }).classes];

describe('the signatures of a Python source', () => {
  it('the signatures of a Python source are those of the members that Pyro5 exposes: of classes and members with expose, inherited ones too, and no private ones', () => {
    const classes = read(`
import Pyro5.server
class Base:
    @Pyro5.server.expose
    def inherited(self): pass
    @Pyro5.server.expose
    def hidden(self): pass
class Thing(Base):
    def hidden(self): pass
    @Pyro5.server.expose
    @property
    def level(self) -> int: return 1
    @level.setter
    def level(self, value): pass
    def plain(self): pass
@Pyro5.server.expose
class Whole:
    def __init__(self): pass
    def __len__(self): return 1
    def _private(self): pass
    def public(self):
        def inner(): yield 1
class Nothing:
    def plain(self): pass
`);
    expect(classes.map((each) => [each.class, Object.keys(each.methods).sort(), Object.keys(each.attributes)])).toEqual([
      ['Base', ['hidden', 'inherited'], []],
      ['Thing', ['inherited'], ['level']],
      ['Whole', ['__len__', 'public'], []],
    ]);
    expect(classes[1]!.attributes['level']).toEqual({ type: 'int', readable: true, writable: true });
    expect(classes[2]!.methods['public']!.stream).toBe(false);
  });

  it('the signatures of a Python source tell properties with deleters, properties of functions, other names, renamed decorators and members below if and try', () => {
    const classes = read(`
from Pyro5.api import expose as ex, oneway as fire
import Pyro5.server as ps
class Base:
    @ex
    def base(self): pass
@ps.expose
class Thing(Base):
    def get(self) -> float: return 1
    def put(self, value): pass
    @fire
    def note(self): pass
    gain = property(get, put)
    level = property(fget=get, doc="a level")
    alias = get
    if True:
        def low(self) -> int: return 1
    else:
        def high(self): pass
    try:
        def tried(self): pass
    except ImportError:
        pass
    @property
    def position(self) -> float: return 0.0
    @position.setter
    def position(self, value): pass
    @position.deleter
    def position(self): pass
    LIMIT = 5; limit = LIMIT
class Unexposed:
    @ex
    def get(self) -> int: return 1
    def other(self): pass
    gain = property(get)
    hidden = property(other)
`);
    expect(classes.map((each) => [each.class, Object.keys(each.methods).sort()])).toEqual([
      ['Base', ['base']],
      ['Thing', ['alias', 'base', 'get', 'high', 'low', 'note', 'put', 'tried']],
      ['Unexposed', ['get']],
    ]);
    expect(classes[1]!.methods['note']!.oneway).toBe(true);
    expect(classes[1]!.methods['alias']!.returns).toBe('float');
    expect(classes[1]!.attributes).toEqual({
      gain: { type: 'float', readable: true, writable: true },
      level: { type: 'float', readable: true, writable: false },
      position: { type: 'float', readable: true, writable: true },
    });
    expect(classes[2]!.attributes).toEqual({ gain: { type: 'int', readable: true, writable: false } });
  });

  it('the signatures of a Python source tell required fields of a TypedDict, and several members of an Enum in one line', () => {
    const [{ types }] = read(`
class Movie(TypedDict, total=False):
    name: Required[str]
    year: int
class Level(Enum):
    LOW = 1; HIGH = 2
class Film(TypedDict):
    name: "t.NotRequired[str]"
@expose
class Thing:
    def watch(self, movie: Movie, level: Level, film: Film): pass
`) as [ReturnType<typeof read>[number]];
    expect(types).toEqual({
      Film: { fields: { name: { type: '"t.NotRequired[str]"', required: false } } },
      Level: { alias: 'Literal[1, 2]' },
      Movie: { fields: { name: { type: 'Required[str]', required: true }, year: { type: 'int', required: false } } },
    });
  });

  it('the signatures of a Python source have every kind of parameter, also in definitions over several lines', () => {
    const [{ methods }] = read(`
@expose
class Thing:
    def all(
        self, a, b: int = (1, 2)[0], /, c: "dict[str, int]" = {"x": 1},  # a comment, with a comma
        *rest: str, d: int, e=5, **more: float,
    ) -> None: ...
    def keyword(self, *, only,  # m/s
    ): ...
    async def none(self): ...
    @classmethod
    def of(cls, x): ...
    @staticmethod
    def at(x): ...
`) as [ReturnType<typeof read>[number]];
    const list = (name: string) =>
      methods[name]!.parameters!.map((each) =>
        [each.name, each.kind, each.required, each.type].filter((part) => part !== undefined),
      );
    expect(list('all')).toEqual([
      ['a', 'positional-only', true],
      ['b', 'positional-only', false, 'int'],
      ['c', 'positional', false, '"dict[str, int]"'],
      ['rest', 'varargs', false, 'str'],
      ['d', 'keyword', true, 'int'],
      ['e', 'keyword', false],
      ['more', 'kwargs', false, 'float'],
    ]);
    expect(methods['all']!.returns).toBe('None');
    expect([list('keyword'), list('none'), list('of'), list('at')]).toEqual([
      [['only', 'keyword', true]],
      [],
      [['x', 'positional', true]],
      [['x', 'positional', true]],
    ]);
  });

  it('the signatures of a Python source have the types that they name: records, enums, aliases, and no more', () => {
    const [{ types }] = read(`
from pydantic import BaseModel
class Colour(StrEnum):
    RED = auto()
    BLUE = "blue"
class Base(BaseModel):
    id: int
    kind: ClassVar[str] = "x"
class Item(Base):
    """An item."""
    colour: Colour = Colour.RED
    parent: "Item | None" = None
    tags: Tags
type Tags = set[str]
UserId = NewType("UserId", int)
limit = 5
class Unused(TypedDict):
    x: int
@expose
class Shop:
    def find(self, user: UserId, limit: limit) -> dict[str, Item]: ...
`) as [ReturnType<typeof read>[number]];
    expect(types).toEqual({
      Colour: { alias: 'Literal["red", "blue"]' },
      Item: {
        doc: 'An item.',
        fields: {
          id: { type: 'int', required: true },
          colour: { type: 'Colour', required: true },
          parent: { type: '"Item | None"', required: true },
          tags: { type: 'Tags', required: true },
        },
      },
      Tags: { alias: 'set[str]' },
      UserId: { alias: 'int' },
    });
  });

  it('the signatures of a Python source come from the base class that stands first, as in Python', () => {
    const [, , , last] = read(`
@expose
class Root:
    def of(self) -> None: ...
@expose
class Left(Root):
    def of(self) -> int: ...
@expose
class Right(Root):
    def of(self) -> str: ...
    def only(self): ...
@expose
class Both(Left, Right):
    pass
`);
    expect([last!.class, last!.methods['of']!.returns, Object.keys(last!.methods).sort()]).toEqual([
      'Both',
      'int',
      ['of', 'only'],
    ]);
  });

  it('the signatures of a Python source are read of a source with thousands of terms in one expression, and of classes that extend each other', () => {
    const terms = Array.from({ length: 20_000 }, (_, index) => `'${index}'`).join(' + ');
    const classes = Array.from({ length: 60 }, (_, index) => `class C${index + 1}(C${index}, C${index}): pass\n`).join('');
    const found = read(`text = ${terms}\nclass C0:\n    @expose\n    def f(self): pass\n${classes}`);
    expect(found.at(-1)).toMatchObject({ class: 'C60', methods: { f: {} } });
  });

  it('the signatures of a Python source are read after a mistake in the source; a source without classes has none', () => {
    expect(read('def f(:\n  pass\n@expose\nclass A:\n    def b(self): pass\n').map((each) => each.class)).toEqual(['A']);
    expect(read('')).toEqual([]);
    expect(read('class A(A):\n    @expose\n    def b(self): pass\n')).toHaveLength(1);
  });

  it('the signatures of Python sources have the members and types that a source imports from others, by any form of import', () => {
    const base = `
from dataclasses import dataclass
from .names import Serial
@dataclass
class Frame:
    serial: Serial
    next: "Frame | None" = None
@expose
class Device:
    def identify(self) -> Serial: ...
    @property
    def level(self) -> int: return 1
`;
    const server = (header: string, name: string): Record<string, string> => ({
      'lab/server.py': `${header}\n@expose\nclass Cam(${name}):\n    def grab(self) -> ${name.replace('Device', 'Frame')}: ...\n`,
      'lab/base.py': base,
      'lab/names.py': 'Serial = tuple[str, int]\n',
      'lab/__init__.py': 'from .base import Device, Frame\n',
      // another module of the name, further away
      'old/lab/base.py': '@expose\nclass Device:\n    def old(self): pass\n',
    });
    for (const [header, name] of [
      ['from base import Device, Frame', 'Device'],
      ['from lab.base import (Device,  # a comment\n    Frame)', 'Device'],
      ['from .base import *', 'Device'],
      ['from . import base as b', 'b.Device'],
      ['from lab import Device, Frame', 'Device'],
      ['from lab import base', 'base.Device'],
      ['import lab.base', 'lab.base.Device'],
      ['import os, lab.base as b', 'b.Device'],
      ['if TYPE_CHECKING:\n    from ..lab.base import Device, Frame', 'Device'],
    ] as const) {
      const { classes, unknownBases } = readAll(server(header, name));
      const cam = classes.find((each) => each.class === 'Cam')!;
      expect([header, Object.keys(cam.methods), Object.keys(cam.attributes), cam.types, unknownBases]).toEqual([
        header,
        ['identify', 'grab'],
        ['level'],
        {
          Frame: {
            fields: { serial: { type: 'Serial', required: true }, next: { type: '"Frame | None"', required: true } },
          },
          Serial: { alias: 'tuple[str, int]' },
        },
        [],
      ]);
    }
  });

  it('the signatures of Python sources keep types of the same name apart, and names that an import changes', () => {
    const { classes } = readAll({
      'stage.py': 'class Mode(Enum):\n    A = 1\nclass Point(NamedTuple):\n    x: int\n    mode: "Mode"\n',
      'laser.py': `
from stage import Point as Place
from typing import Mode
class Point(NamedTuple):
    nm: float
@expose
class Laser:
    def move(self, to: Place, by: "list[Point]", mode: Mode, of: Literal["Point"]) -> Place: ...
`,
    });
    const [{ methods, types }] = classes as [ReturnType<typeof read>[number]];
    expect(methods['move']!.parameters!.map(({ type }) => type)).toEqual([
      'stage_Point',
      '"list[laser_Point]"',
      'Mode',
      'Literal["Point"]',
    ]);
    expect(types).toEqual({
      laser_Point: { alias: 'tuple[float]' },
      stage_Mode: { alias: 'Literal[1]' },
      stage_Point: { alias: 'tuple[int, "stage_Mode"]' },
    });
  });

  it('the signatures of Python sources tell which base class is in no source, but for the classes of Python itself', () => {
    const { classes, unknownBases: told } = readAll({
      'server.py': `
import threading
from abc import ABC
from base import Device
from .more import *
import lab.mixins as m
class Cam(Device, ABC, metaclass=Meta):
    @expose
    def grab(self): ...
class Loop(threading.Thread, m.Named): pass
class Local(Cam, object, ValueError): pass
class Other(Unseen): pass
`,
      'circle.py': 'from circle import Nothing, Self as Self2\nfrom circle2 import Self\nclass Thing(Nothing, Self): pass\n',
      'circle2.py': 'from circle import Self\n',
    });
    expect(classes.map((each) => each.class)).toEqual(['Cam', 'Local']);
    expect(told).toEqual([
      'Cam extends Device of base, which is in no --source: its exposed members are missing',
      'Loop extends m.Named of lab.mixins, which is in no --source: its exposed members are missing',
      'Other extends Unseen of .more, which is in no --source: its exposed members are missing',
      'Thing extends Nothing of circle, which is in no --source: its exposed members are missing',
      'Thing extends Self of circle2, which is in no --source: its exposed members are missing',
    ]);
  });

  it('the signatures of a Python source tell an int for flags, nothing of bytes in an Enum, and no InitVar among fields', () => {
    const [{ types }] = read(`
class Access(enum.IntFlag):
    READ = 4
    WRITE = 2
class Own(Flag):
    A = 1
class More(Own):
    pass
class Raw(Enum):
    A = b"x"
class Text(str, Enum):
    pass
class Gas(Text):
    AIR = r"air"
@dataclass
class Frame:
    size: int
    seed: dataclasses.InitVar[int]
    kind: "ClassVar[str]" = "x"
@expose
class Thing:
    def set(self, access: Access, own: Own, more: More, raw: Raw, gas: Gas) -> Frame: ...
`) as [ReturnType<typeof read>[number]];
    expect(types).toEqual({
      Access: { alias: 'int' },
      Frame: { fields: { size: { type: 'int', required: true } } },
      Gas: { alias: 'Literal["air"]' },
      More: { alias: 'int' },
      Own: { alias: 'int' },
      Raw: { alias: 'Any' },
    });
  });
});
