// The page: which section is shown, and whether the server is there.

import { memory, say, show } from './dom.js';
import { listen } from './live.js';

const $ = (id) => document.getElementById(id);
// A phone at the gallery's door need not load the rest.
const LOAD = {
  make: async () => (await import('./make.js')).make,
  runs: async () => (await import('./runs.js')).runs,
  answer: async () => (await import('./answer.js')).answer,
  gallery: async () => (await import('./gallery.js')).gallery,
};
const sections = Object.keys(LOAD);
const made = {};
let alone = memory.get('page', null) === 'gallery';
// Which page it is the server says, and the browser remembers.
let decided = memory.get('page', null) !== null;
let known = null;
// Whether a part of the page could not be loaded, since the server went just then.
let incomplete = false;

/** Fills a section, once. It may return `shown(rest of the address)` and `about(what the server is)`. */
function section(name) {
  return (made[name] ??= LOAD[name]().then((make) => {
    const one = make($(name));
    if (known) one.about?.(known);
    return one;
  }).catch((error) => {
    incomplete = true;
    say($('banner'), `A part of the page could not be loaded: ${error.message}`);
    show($('banner'), true);
    return {};
  }));
}

/** Shows the section that the address names, and what of it. */
async function route() {
  if (!decided) return;
  const [wanted, ...rest] = location.hash.slice(1).split('/');
  const name = alone ? 'gallery' : sections.includes(wanted) ? wanted : 'make';
  for (const one of sections) {
    show($(one), one === name);
    if (one === name) $(`to-${one}`).setAttribute('aria-current', 'page');
    else $(`to-${one}`).removeAttribute('aria-current');
  }
  document.documentElement.dataset.page = alone ? 'gallery' : 'studio';
  document.title = `${name[0].toUpperCase()}${name.slice(1)} – antiphon`;
  (await section(name)).shown?.(rest.map(decoded));
}

/** A name in the address; it may have been typed. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

let before = '';
addEventListener('hashchange', async () => {
  const place = location.hash.split('/').slice(0, location.hash.startsWith('#runs') ? 2 : 1).join();
  if (place !== before) scrollTo({ top: 0 });
  before = place;
  await route();
  // What had the focus may be hidden now.
  if (!document.activeElement?.checkVisibility?.() || document.activeElement === document.body) $('main').focus({ preventScroll: true });
});
// The address says the section, so that this link cannot be one by its address.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').focus();
});
// Files that fall beside a dropzone are not to replace the page.
for (const name of ['dragover', 'drop']) {
  addEventListener(name, (event) => {
    if (!event.defaultPrevented && event.dataTransfer?.types.includes('Files')) {
      event.preventDefault();
      event.dataTransfer.dropEffect = 'none';
    }
  });
}
route();

listen({
  about(said) {
    show($('banner'), false);
    const build = ({ version, commit }) => `${version} ${commit}`;
    if (known && (incomplete || build(known) !== build(said))) {
      // Another program answers now: its page may be another one as well.
      location.reload();
      return;
    }
    const another = !decided || alone !== (said.page === 'gallery');
    known = said;
    decided = true;
    alone = said.page === 'gallery';
    memory.set('page', said.page);
    say($('about'), `antiphon ${said.version}`);
    say($('root'), said.root);
    for (const one of Object.values(made)) one.then((there) => there.about?.(said));
    if (another) route();
    // The other sections say when a run has ended, and are there at once when they are wanted.
    if (!alone) setTimeout(() => sections.forEach(section), 500);
  },
  gone(error) {
    say($('banner'), error.status ? error.message : `${error.message} What is shown may be old; the page comes back by itself.`);
    show($('banner'), true);
    for (const one of Object.values(made)) one.then((there) => there.gone?.());
    if (decided) return;
    decided = true;
    route();
  },
});
