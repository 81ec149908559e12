/** Shows each event of the server: the status of all instruments. Texts of instruments are shown as texts, never as HTML. */
const STATES = {
  starting: 'starting',
  live: 'live',
  failing: 'failing: it answers with an error',
  away: 'away: it does not answer',
};
const connection = document.getElementById('connection');
const list = document.getElementById('instruments');
const template = document.getElementById('instrument');

/** The item of an instrument; a new one for an instrument that is new. */
function itemOf(name) {
  const shown = [...list.children].find((item) => item.dataset.name === name);
  if (shown !== undefined) return shown;
  const item = template.content.cloneNode(true).firstElementChild;
  item.dataset.name = name;
  list.append(item);
  return item;
}

function show({ name, unit, state, value, lastError, failures }) {
  const item = itemOf(name);
  const write = (part, text) => {
    item.querySelector(`[data-part='${part}']`).textContent = text;
  };
  item.dataset.state = state;
  write('name', name);
  write('state', failures > 0 ? `${STATES[state]}; failed attempts: ${failures}` : STATES[state]);
  write('value', value ?? '–');
  write('unit', unit);
  write('error', lastError ? `Last error at ${new Date(lastError.at).toLocaleTimeString()}: ${lastError.text}` : 'No error yet');
}

const events = new EventSource('events');
events.addEventListener('open', () => {
  connection.textContent = 'connected';
});
// the browser connects again by itself, except when the server has refused it
events.addEventListener('error', () => {
  const isOver = events.readyState === EventSource.CLOSED;
  connection.textContent = isOver ? 'the server refuses more viewers; load the page again later' : 'connecting again …';
});
events.addEventListener('message', ({ data }) => {
  for (const instrument of JSON.parse(data).instruments) show(instrument);
});
