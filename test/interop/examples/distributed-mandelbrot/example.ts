import { PyComplex, PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

const MAX_ITERATIONS = 500;

@PyroController({ name: 'mandelbrot_1', metadata: ['class:mandelbrot_calc'] })
class Mandelbrot {
  @PyroMethod()
  calc_line(start: PyComplex, resX: number, ii: number, dr: number, lineNumber: number): [number, string] {
    let line = '';
    for (let r = 1; r <= resX; r++) {
      const iterations = iterationsOf(start.real + r * dr, start.imag + ii);
      line += iterations >= MAX_ITERATIONS ? ' ' : String.fromCodePoint((iterations % 64) + 32);
    }
    return [lineNumber, line];
  }
}

function iterationsOf(real: number, imaginary: number): number {
  let [x, y] = [real, imaginary];
  for (let n = 0; n < MAX_ITERATIONS; n++) {
    if (x * x + y * y > 4) return n;
    [x, y] = [x * x - y * y + real, 2 * x * y + imaginary];
  }
  return MAX_ITERATIONS;
}

/** Computes the animation's first picture at `seconds`, from the parameters that the client prints. */
function pictureAt(seconds: number): string {
  const [columns, rows, width] = [100, 40, 3 * (1 - seconds / 30 / 1.1)];
  const [left, top, step] = [-2 + 0.06 * seconds, -1 - 0.002 * seconds, width / columns];
  const lines = Array.from({ length: rows }, (_row, row) =>
    Array.from({ length: columns }, (_column, column) => shade(left + (column + 1) * step, top + row * step * 2)).join(''),
  );
  return `${lines.join('\n')}\n`;
}

/** Shades as upstream does: by the iterations until `z = z² + c` leaves a circle, in 64 characters from the blank on. */
function shade(real: number, imaginary: number): string {
  let [zReal, zImaginary, turns] = [real, imaginary, 0];
  while (Math.hypot(zReal, zImaginary) <= 2) {
    if (++turns === 500) return ' ';
    [zReal, zImaginary] = [zReal ** 2 - zImaginary ** 2 + real, 2 * zReal * zImaginary + imaginary];
  }
  return String.fromCharCode(32 + (turns % 64));
}

/** Complex numbers, batches of calls, and objects found by metadata. The animation is stopped after its first pictures. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [Mandelbrot] });
  },
  scripts: [
    {
      file: 'client_asciizoom.py',
      until: /FPS time=[^]*FPS time=/,
      prints: ['1 mandelbrot calculation servers found.'],
    },
  ],
  judge([client]) {
    const [, seconds, picture] = /FPS time=(\d+\.\d+) .*\n([^\u001B]*)\u001B/.exec(client!)!;
    const expected = pictureAt(Number(seconds));
    const different = [...picture!].filter((character, index) => character !== expected[index]).length;
    // the client prints a rounded time, so that some characters may differ in the finest part of the picture
    const most = picture!.length / 20;
    if (picture!.length !== expected.length || different > most) throw new Error(`${picture}\ninstead of\n${expected}`);
  },
} satisfies Example;
