// A list of sounds in a folder: which are chosen, their pictures, what is odd about them.

import { facts, path, remove } from './api.js';
import { confirmed, errorPlace, h, pages, patch, say, show, uid } from './dom.js';
import { clock, plain } from './format.js';
import { refresh } from './live.js';
import { player } from './player.js';

/** For so long, in milliseconds, a list that lacks a sound may have been made before that was added. */
const OLD_NEWS = 60000;

/** Sounds that were chosen a moment ago: they are there, whatever a list says that was on its way. */
export function recently() {
  const when = new Map();
  return {
    chosen: (name) => when.set(name, Date.now()),
    has: (name) => Date.now() - (when.get(name) ?? -Infinity) < OLD_NEWS,
  };
}

/**
 * `kind` is `checkbox` or `radio`; `chosen(name)` says whether one is chosen, `choose(name, is)` is
 * told of it, `verb` says what choosing is good for. `panels` are drawn of each.
 */
export function soundList({ folder, kind, group, verb, chosen, choose, panels, removed }) {
  const fresh = new Set();
  // Of all that are chosen, seen or not: what their facts say.
  const learnt = new Map();
  const list = h('ul', { class: 'sounds', 'data-testid': `${folder}-list` });

  function row({ name }) {
    const sound = `${folder}/${name}`;
    const id = uid('choose');
    const errors = errorPlace();
    const remarks = h('ul', { class: 'remarks' });
    const box = h('input', { type: kind, id, name: group, value: name, 'data-name': name, onchange: () => choose(name, box.checked) });
    const away = confirmed('Remove', 'Remove for good?', async () => {
      await remove(`/api/${folder}/${path(name)}`);
      removed?.(name);
      await refresh('files');
    }, { errors });
    const made = player({ sound, name, seconds: null, role: 'theme', pictures: { panels, open: false }, testid: `${folder}-player` });
    const item = h('li', { 'data-name': name },
      h('div', { class: 'choose' }, box, h('label', { for: id }, verb, h('span', { class: 'away' }, ` ${name}`)), away), made, remarks, errors);
    let version = null;
    item.leave = made.leave;
    item.update = (file) => {
      box.checked = chosen(file.name);
      item.classList.toggle('chosen', box.checked);
      if (version === file.modified) return;
      version = file.modified;
      facts(sound, version).then((known) => {
        made.length(known.seconds);
        made.tell(`${clock(known.seconds)}, ${plain(known.sample_rate / 1000, 3)} kHz, ${known.channels === 1 ? 'mono' : known.channels === 2 ? 'stereo' : `${known.channels} channels`}`);
        patch(remarks, known.remarks, (text) => text, (text) => h('li', {}, text));
      }, (error) => errors.tell(error));
    };
    item.picture = made.picture;
    if (fresh.has(name)) made.picture(true);
    return item;
  }

  const paged = pages(50, (some) => patch(list, some, (file) => file.name, row));
  const empty = h('p', { class: 'hint', hidden: true });
  const element = h('div', {}, empty, list, paged.more);
  let last = [];
  element.update = (files = last, none = '') => {
    last = files;
    for (const { name, modified } of files) if (chosen(name) && learnt.get(name)?.version !== modified) learn(name, modified);
    paged.update(files);
    say(empty, none);
    show(empty, !files.length && none);
  };
  function learn(name, version) {
    learnt.set(name, { version });
    facts(`${folder}/${name}`, version).then(({ seconds, sample_rate: rate }) => {
      learnt.set(name, { version, seconds, rate });
      list.told?.();
    }, () => learnt.delete(name));
  }
  const known = () => last.filter(({ name }) => chosen(name)).map(({ name }) => learnt.get(name)).filter((one) => one?.seconds);
  /** Seconds of all that are chosen, as far as they are known. */
  element.seconds = () => known().reduce((sum, { seconds }) => sum + seconds, 0);
  /** The sampling rate of most of those seconds, the higher one of two that have as many; null if none is known. */
  element.rate = () => {
    const seconds = new Map();
    for (const one of known()) seconds.set(one.rate, (seconds.get(one.rate) ?? 0) + one.seconds);
    const most = Math.max(0, ...seconds.values());
    return [...seconds].filter(([, there]) => there === most).reduce((highest, [rate]) => Math.max(highest, rate), 0) || null;
  };
  /** Of one that is new here the pictures are shown. */
  element.fresh = (name) => {
    fresh.add(name);
    list.kept?.get(name)?.picture(true);
  };
  element.told = (f) => (list.told = f);
  return element;
}
