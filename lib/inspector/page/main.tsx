import { render } from 'preact';
import { App } from './app.js';

render(<App base={document.body.dataset.base ?? ''} />, document.body);
