import { expect, it } from 'vitest';
import { wireNameOf } from '../../../lib/objects/naming.js';

it.each([
  ['takeItem', 'take_item'],
  ['take_item', 'take_item'],
  ['getHTTPStatus', 'get_http_status'],
  ['URL', 'url'],
  ['x', 'x'],
  ['orderId2', 'order_id2'],
  ['step1Done', 'step1_done'],
  ['ABTest', 'ab_test'],
  ['__len__', '__len__'],
  ['isOK', 'is_ok'],
])('the name %s is %s in snake case', (name, expected) => {
  expect(wireNameOf(name, 'snake_case')).toBe(expected);
  expect(wireNameOf(name, 'same')).toBe(name);
  expect(wireNameOf(name, undefined)).toBe(name);
});
