// names at the top level of a module, which are also names of parameters of the object: bundlers rename one of the two
export const text = 'steel';
export const limit = 3;
