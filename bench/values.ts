/** The result of `add(17, 25)`, and each item of a stream. The raw server sends only this reply. */
export const ANSWER = 42;

/** 100 records, 11 KB in serpent. */
export const records = Array.from({ length: 100 }, (_, i) => ({
  id: i,
  name: `sample number ${i}`,
  tags: ['one', 'two'],
  position: { x: i * 1.5, y: 1 - i / 3 },
  active: i % 2 === 0,
  note: null,
}));
