// The page: which section is shown, and whether the server is there.

import { answer } from './answer.js';
import { guardDrops } from './dropzone.js';
import { memory, say, show } from './dom.js';
import { recheck } from './draft.js';
import { gallery } from './gallery.js';
import { listen } from './live.js';
import { make } from './make.js';
import { runs } from './runs.js';

const $ = (id) => document.getElementById(id);
const sections = ['make', 'runs', 'answer', 'gallery'];
let alone = memory.get('page', 'studio') === 'gallery';
let version = null;

const shown = { make: make($('make')), runs: runs($('runs')) };
const answering = answer($('answer'));
shown.answer = answering.shown;
const aboutGallery = gallery($('gallery'));

/** Shows the section that the address names, and what of it. */
function route() {
  const [wanted, ...rest] = location.hash.slice(1).split('/');
  const section = alone ? 'gallery' : sections.includes(wanted) ? wanted : 'make';
  for (const name of sections) {
    show($(name), name === section);
    const link = $(`to-${name}`);
    if (name === section) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.documentElement.dataset.page = alone ? 'gallery' : 'studio';
  document.title = `${section[0].toUpperCase()}${section.slice(1)} – antiphon`;
  shown[section]?.(rest);
}
addEventListener('hashchange', () => {
  route();
  scrollTo({ top: 0 });
});
// The address says the section, so that this link cannot be one by its address.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').focus();
});
guardDrops();
route();

listen({
  about(said) {
    show($('banner'), false);
    alone = said.page === 'gallery';
    memory.set('page', said.page);
    say($('about'), `antiphon ${said.version}`);
    say($('root'), said.root);
    aboutGallery(said);
    answering.about(said);
    if (version && version !== `${said.version} ${said.commit}`) {
      // Another program answers now: its page may be another one as well.
      location.reload();
      return;
    }
    if (!version || !alone) recheck();
    version = `${said.version} ${said.commit}`;
    route();
  },
  gone(sentence) {
    say($('banner'), `${sentence} What is shown may be old; the page comes back by itself.`);
    show($('banner'), true);
  },
});
