/** The page: nothing of it comes from elsewhere. */
export const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Camera</title>
    <link rel="stylesheet" href="page.css">
    <script src="page.js" defer></script>
  </head>
  <body>
    <h1>Camera</h1>
    <canvas aria-label="the latest frame"></canvas>
    <p role="status">waiting for a frame</p>
  </body>
</html>
`;

export const STYLE = `body { font-family: system-ui, sans-serif; margin: 2rem }
canvas { border: 1px solid #888; max-width: 100% }
`;

/** Draws the grey values of each frame. */
export const SCRIPT = `const canvas = document.querySelector('canvas');
const status = document.querySelector('p');
const source = new EventSource('frames');
let count = 0;
source.onmessage = ({ data }) => {
  const { width, height, pixels } = JSON.parse(data);
  const grey = Uint8Array.from(atob(pixels), (character) => character.charCodeAt(0));
  const image = new ImageData(width, height);
  grey.forEach((value, index) => image.data.set([value, value, value, 255], 4 * index));
  Object.assign(canvas, { width, height });
  canvas.getContext('2d').putImageData(image, 0, 0);
  status.textContent = 'frame ' + ++count + ', ' + width + ' x ' + height;
};
source.addEventListener('state', ({ data }) => (status.textContent = data));
source.onerror = () => (status.textContent = 'the application does not answer');
`;
