// How the page asks its server: docs/http.md, and nothing else.

/** What the server refused, in its own words; `key` is the hyperparameter at fault. */
export class Refusal extends Error {
  constructor(status, body) {
    super(body?.error || `The server answered ${status} and did not say why.`);
    this.status = status;
    this.key = body?.key;
  }
}

const GONE = 'The server does not answer. Is antiphon still running?';

/** A path of names, percent-encoded. */
export const path = (...names) => names.map(encodeURIComponent).join('/');

/** Where a sound is; `S` is as docs/http.md has it. */
export const soundAt = (sound, query = '') => `/api/sounds/${path(...sound.split('/'))}${query}`;

async function ask(method, address, body, patience) {
  let response;
  try {
    response = await fetch(address, {
      method,
      cache: 'no-store',
      ...(patience ? { signal: AbortSignal.timeout(patience) } : {}),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
  } catch {
    throw new Error(GONE);
  }
  const text = await response.text().catch(() => '');
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch { /* An answer that is no JSON is none. */ }
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

/** `patience` is how many milliseconds it may take; as long as it takes, where it is left out. */
export const get = (address, patience) => ask('GET', address, undefined, patience);
export const post = (address, body = {}) => ask('POST', address, body);
export const put = (address, body) => ask('PUT', address, body);
export const remove = (address) => ask('DELETE', address);

/** What the server takes of a sound at most. */
const LARGEST = 512 * 2 ** 20;

/** Sends a sound to `recordings` or `seeds`, and says how far it is. */
export function upload(folder, name, blob, progress) {
  // Of what is too large the server says so at once, which browsers take for a lost connection.
  if (blob.size > LARGEST) return Promise.reject(new Error(`${name} is larger than 512 MiB: cut it into pieces, or make it FLAC.`));
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `/api/${folder}/${path(name)}`);
    request.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onerror = () => reject(new Error(GONE));
    request.onload = () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch { /* As above. */ }
      if (request.status < 300) resolve(answer);
      else reject(new Refusal(request.status, answer));
    };
    request.send(blob);
  });
}

const known = new Map();
const turns = [];
let asking = 0;

/** Two at a time: a sound is decoded for its facts, and a browser has few connections. */
function inTurn(ask) {
  return new Promise((resolve, reject) => {
    turns.push(() => ask().then(resolve, reject).finally(() => {
      asking--;
      turns.shift()?.();
    }));
    if (asking < 2) turns.shift()();
    asking++;
  });
}

/** Length, rate and remarks of a sound; asked for once for each version of the file. */
export function facts(sound, version = '') {
  const key = `${sound} ${version}`;
  if (!known.has(key)) {
    const asked = inTurn(() => get(soundAt(sound, '?facts')));
    asked.catch(() => known.delete(key));
    known.set(key, asked);
  }
  return known.get(key);
}
