import { expect, it } from 'vitest';
import { PyroUri } from '../../../lib/protocol/uri.js';
import { shortText } from '../../../lib/protocol/short-text.js';

it('the text of a long URI in an error is cut', () => {
  const uri = new PyroUri(`PYRO:${'x'.repeat(10_000)}@lab:1`);
  expect(shortText(uri)).toBe(`${String(uri).slice(0, 200)}…`);
  expect(shortText([new PyroUri('PYRO:camera@lab:1')])).toBe('[PYRO:camera@lab:1]');
});
