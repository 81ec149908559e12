import { render } from 'preact';
import { App } from './app.js';
import { Boundary } from './boundary.js';

const { origin, pathname } = location;
// a reverse proxy may have given the page another path than the server knows
render(
  <Boundary what="what the server sends">
    <App base={origin + pathname.replace(/\/?$/, '/')} />
  </Boundary>,
  document.body,
);
