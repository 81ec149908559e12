/**
 * The code of `page/` and the library that it uses, in one file. `scripts/build-inspector.ts` writes this module into the built package
 * anew, and tests put the bundle in its place.
 */
export const script: string = "document.body.textContent = 'The page was not built: npm run build builds it.';";
export const style: string = '';
