import 'reflect-metadata';
import {
  type ArgumentMetadata,
  ClassSerializerInterceptor,
  type PipeTransform,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { IsDefined, IsInt, IsString, Length } from 'class-validator';
import { describe, expect, it } from 'vitest';
import {
  kwargs,
  PyroClass,
  PyroController,
  PyroKwargs,
  PyroMethod,
  PyroProperty,
  PyroProxy,
  type PyroServerOptions,
  type RemoteObject,
} from '../../../lib/index.js';
import { closeAfter, serve } from './fixtures.js';

@PyroClass('e2e.Point', { fields: { x: 'float', y: 'float' } })
class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

@PyroClass('e2e.Label')
class Label {
  @IsString()
  @Length(1, 5)
  text!: string;

  @IsInt()
  size!: number;

  @IsDefined()
  at!: Point;
}

class Noting implements PipeTransform {
  seen: unknown[] = [];
  transform(value: unknown, { metatype }: ArgumentMetadata): unknown {
    this.seen.push([metatype?.name, (value as object).constructor.name]);
    return value;
  }
}
const noting = new Noting();

@PyroController('desk')
class Desk {
  private point = new Point(1, 2);

  @PyroMethod()
  @UsePipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
  label(label: Label): string[] {
    return [label.constructor.name, label.at.constructor.name, label.text];
  }

  @PyroMethod()
  @UsePipes(new ValidationPipe())
  checked(label: Label): string[] {
    return [label.constructor.name, label.at.constructor.name];
  }

  @PyroMethod()
  @UsePipes(noting)
  seen(point: Point, when: Date): number {
    return point.x + when.getTime();
  }

  @PyroMethod({ types: { points: ['e2e.Point'], when: ['datetime'] } })
  all(points: Point[], when: Date[] = []): string[] {
    return [...points, ...when].map((item) => item.constructor.name);
  }

  @PyroMethod({ types: { labels: [Label] } })
  count(labels: Label[]): number {
    return labels.length;
  }

  @PyroMethod()
  place(@PyroKwargs() point: Point): string {
    return point.constructor.name;
  }

  @PyroMethod()
  @UseInterceptors(new ClassSerializerInterceptor(new Reflector()))
  interpreted(): Point {
    return this.point;
  }

  @PyroProperty({ type: [Point] })
  get corners(): Point[] {
    return [this.point];
  }
  set corners(points: Point[]) {
    this.point = points.at(-1)!;
    if (!(this.point instanceof Point)) throw new TypeError('no Point');
  }
}

async function desk(options: PyroServerOptions = {}): Promise<RemoteObject> {
  const { server } = await serve({ providers: [Desk] }, options);
  const proxy = PyroProxy.to(`PYRO:desk@${server.unwrap().locationStr}`, { maxRetries: 0 });
  closeAfter(() => proxy.$release());
  return proxy;
}

describe('arguments that are typed by registered classes', () => {
  it('arguments are refused when rules would check more objects than maxCheckedObjects', async () => {
    const proxy = await desk({ maxCheckedObjects: 10 });
    const labels = (count: number): object[] =>
      Array.from({ length: count }, () => ({ text: 'ab', size: 1, at: { x: 1, y: 2 } }));
    // a label has a point inside
    expect(await proxy.$call('count', labels(5))).toBe(5);
    await expect(proxy.$call('count', labels(6))).rejects.toThrow(
      /more objects that rules of classes check than maxCheckedObjects \(10\) allows/,
    );
    expect(await proxy.$call('count', labels(5))).toBe(5);
  });

  it('arguments of registered classes arrive as instances before a ValidationPipe, which validates them, too', async () => {
    const remote = await desk();
    const label = { text: 'a', size: 1, at: { x: 1, y: 2 } };
    const instance = Object.assign(new Label(), { ...label, at: new Point(1, 2) });
    for (const given of [label, instance]) {
      expect(await remote.label!(given)).toEqual(['Label', 'Point', 'a']);
      expect(await remote.checked!(given)).toEqual(['Label', 'Point']);
    }
    await expect(remote.label!({ ...label, text: 'too long' })).rejects.toMatchObject({
      pythonType: 'builtins.ValueError',
      args: ['label: e2e.Label is refused: text must be shorter than or equal to 5 characters'],
    });
    await expect(remote.label!({ ...label, at: { x: 1 } })).rejects.toMatchObject({
      args: ['label["at"]: e2e.Point has no y'],
    });
    await expect(remote.label!({ ...label, other: 1 })).rejects.toMatchObject({
      args: ['label: e2e.Label has no member other; it has text, size, at'],
    });
  });

  it('arguments of registered classes are instances when the first pipe sees them', async () => {
    const remote = await desk();
    expect(await remote.seen!({ x: 1, y: 2 }, '1970-01-01T00:00:01+00:00')).toBe(1001);
    expect(noting.seen).toEqual([
      ['Point', 'Point'],
      ['Date', 'Date'],
    ]);
    await expect(remote.seen!({ x: 1, y: 2 }, 5)).rejects.toMatchObject({ pythonType: 'builtins.ValueError' });
  });

  it('one parameter may take all keyword arguments together as a registered class', async () => {
    const remote = await desk();
    expect(await remote.place!(kwargs({ x: 1, y: 2 }))).toBe('Point');
    await expect(remote.place!(kwargs({ x: 1 }))).rejects.toMatchObject({ args: ['keyword arguments: e2e.Point has no y'] });
  });

  it('arguments have the types that the decorator gives, for lists and for attributes', async () => {
    const remote = await desk();
    expect(await remote.all!([{ x: 1, y: 2 }, new Point(3, 4)], ['2026-01-31T00:00:00'])).toEqual(['Point', 'Point', 'Date']);
    await remote.$set('corners', [{ x: 5, y: 6 }]);
    expect(await remote.$get('corners')).toEqual([new Point(5, 6)]);
    await expect(remote.$set('corners', [{ x: 5 }])).rejects.toMatchObject({ args: ['corners[0]: e2e.Point has no y'] });
  });

  it('results keep their class after a ClassSerializerInterceptor', async () => {
    expect(await (await desk()).interpreted!()).toEqual(new Point(1, 2));
  });

  it('the decorator refuses a type for a parameter that is not there, and a value that is no type', async () => {
    @PyroController('wrong')
    class Wrong {
      @PyroMethod({ types: { pionts: [Point] } })
      all(points: Point[]): unknown {
        return points;
      }
    }
    await expect(serve({ providers: [Wrong] })).rejects.toThrow(
      'types names the parameter pionts, which clients do not see; they see: points',
    );
    @PyroController('wrong')
    class Typo {
      @PyroMethod({ types: { points: 'piont' } })
      all(points: Point[]): unknown {
        return points;
      }
    }
    await expect(serve({ providers: [Typo] })).rejects.toThrow('Typo.all: types.points is the text "piont"; a type is one of');
  });

  it.each([
    [5, 'is 5'],
    [null, 'is null'],
    [[], 'is an empty list'],
    [true, 'is true'],
    ['piont', 'is the text "piont"'],
  ])('the type %j of a method or an attribute is refused at the start', async (type, text) => {
    @PyroController('wrong')
    class Method {
      @PyroMethod({ types: { points: type as never } })
      all(points: Point[]): unknown {
        return points;
      }
    }
    await expect(serve({ providers: [Method] })).rejects.toThrow(`Method.all: types.points ${text}; a type is one of`);
    @PyroController('wrong')
    class Attribute {
      @PyroProperty({ type: type as never })
      get gain(): number {
        return 1;
      }
    }
    await expect(serve({ providers: [Attribute] })).rejects.toThrow(`Attribute.gain: type ${text}; a type is one of`);
  });
});
