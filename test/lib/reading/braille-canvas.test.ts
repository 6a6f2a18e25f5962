import { expect, test } from 'vitest';
import { createBrailleCanvas } from '../../../src/lib/reading/braille-canvas.ts';

test('each of the eight dots of a cell is its bit', () => {
  const dots = [0, 1, 2, 3].flatMap((y) => [0, 1].map((x) => [x, y] as const));
  const characters = dots.map(([x, y]) => {
    const canvas = createBrailleCanvas(1, 1);
    canvas.dot(x, y, 0);
    return canvas.lines()[0];
  });
  expect(characters.join('')).toBe('⠁⠈⠂⠐⠄⠠⡀⢀');
});

test('a line joins its ends, in any direction, and what lies outside is not drawn', () => {
  const draw = (x0: number, y0: number, x1: number, y1: number) => {
    const canvas = createBrailleCanvas(2, 1);
    canvas.line(x0, y0, x1, y1, 0);
    return canvas.lines();
  };
  expect(draw(0, 0, 3, 3)).toEqual(['⠑⢄']);
  expect(draw(3, 3, 0, 0)).toEqual(['⠑⢄']);
  expect(draw(0, 3, 3, 3)).toEqual(['⣀⣀']);
  expect(draw(1, -8, 1, 8)).toEqual(['⢸⠀']);
});

test('runs of one owner are painted together, and a marker stands in place of the dots', () => {
  const canvas = createBrailleCanvas(4, 1);
  canvas.line(0, 0, 3, 0, 0);
  canvas.dot(6, 0, 1);
  canvas.mark(1, 0, '●', 0);
  canvas.mark(9, 9, 'x', 0);
  expect(canvas.lines((text, owner) => `<${owner}${text}>`)).toEqual(['<0⠉●>⠀<1⠁>']);
});
