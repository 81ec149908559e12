/** 100 records, 11 KB in serpent. */
export const records = Array.from({ length: 100 }, (_, i) => ({
  id: i,
  name: `sample number ${i}`,
  tags: ['one', 'two'],
  position: { x: i * 1.5, y: -i / 3 },
  active: i % 2 === 0,
  note: null,
}));
