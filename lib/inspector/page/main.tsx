import { render } from 'preact';
import { App } from './app.js';

const { origin, pathname } = location;
// a reverse proxy may have given the page another path than the server knows
render(<App base={origin + pathname.replace(/\/?$/, '/')} />, document.body);
