// The state as the server tells it: server-sent events, for whoever wants to know.

import { get } from './api.js';

const latest = {};
const wanting = {};
let source = null;
let heard = 0;
let retry = 0;

/** The server says after 15 s without news that it is there; after this much silence it is not, in milliseconds. */
const SILENCE = 45000;

/** Calls `f` with a part of the state, now if it is known, and whenever it changes. */
export function on(part, f) {
  (wanting[part] ??= []).push(f);
  if (part in latest) f(latest[part]);
}

/** What is known of a part; undefined before anything is. */
export const state = (part) => latest[part];

function tell(part, data) {
  latest[part] = data;
  for (const f of wanting[part] ?? []) f(data);
}

/** Asks for a part at once, after something was changed here. */
export async function refresh(part) {
  try {
    tell(part, await get(`/api/${part}`));
  } catch { /* The stream tells. */ }
}

/**
 * Listens. `about` is called with what `/api/about` says each time that the server is there
 * (again), `gone` with an error when it is not.
 */
export function listen({ about, gone }) {
  const connect = async () => {
    clearTimeout(retry);
    source?.close();
    source = null;
    try {
      about(await get('/api/about', 8000));
    } catch (error) {
      gone(error);
      retry = setTimeout(connect, 2000);
      return;
    }
    source = new EventSource('/api/events');
    for (const part of ['gallery', 'runs', 'answers', 'files']) {
      source.addEventListener(part, (event) => {
        heard = Date.now();
        tell(part, JSON.parse(event.data));
      });
    }
    source.addEventListener('here', () => (heard = Date.now()));
    heard = Date.now();
    source.onopen = () => (heard = Date.now());
    // The browser would try by itself, but not after every error, and it does not say what was wrong.
    source.onerror = () => lost('The connection to the server was lost.');
  };
  const lost = (why) => {
    source?.close();
    source = null;
    gone(new Error(why));
    clearTimeout(retry);
    retry = setTimeout(connect, 1000);
  };
  // A machine that froze, or a network that was cut, ends no connection.
  setInterval(() => {
    if (source && Date.now() - heard > SILENCE) lost('Nothing has been heard of the server for a while.');
  }, 5000);
  // A page that nobody looks at listens no longer: a browser has few connections for all its tabs.
  // And a laptop that slept has one that nobody holds any longer.
  let unseen = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(unseen);
    if (document.hidden) {
      unseen = setTimeout(() => {
        clearTimeout(retry);
        source?.close();
        source = null;
      }, 60000);
    } else if (!source || Date.now() - heard > 60000) connect();
  });
  addEventListener('online', connect);
  connect();
}
