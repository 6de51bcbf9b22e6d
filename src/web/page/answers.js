// The answers: each theme and what was answered, side by side and over each other.

import { get, path, post, remove, soundAt } from './api.js';
import { voiceSaver } from './belongings.js';
import { announce, bar, button, confirmed, copy, errorPlace, h, pages, patch, say, show, uid } from './dom.js';
import { clock, json, left, many, moment, value as words } from './format.js';
import { on, refresh } from './live.js';
import { player } from './player.js';
import { together } from './together.js';

const STATES = { waiting: 'waits for its turn', making: 'is being made', done: 'done', failed: 'failed', stopped: 'was stopped' };

/** The list, the latest first. `open(id)` unfolds one, as soon as it is there. */
export function answers() {
  const none = h('p', { class: 'hint' }, 'None yet.');
  const list = h('div', { class: 'answers', 'data-testid': 'answers' });
  const paged = pages(30, (some) => patch(list, some, ({ id }) => id, card));
  const element = h('div', {}, none, list, paged.more);
  let wanted = null;
  const before = new Map();

  on('answers', (all) => {
    paged.update(all);
    show(none, !all.length);
    for (const one of all) {
      const was = before.get(one.id);
      if (was && was !== one.state) announce(`The answer to ${one.seed} ${one.state === 'done' ? 'is done' : STATES[one.state]}.`);
      before.set(one.id, one.state);
    }
    unfold();
  });

  function unfold() {
    const one = wanted && list.kept?.get(wanted);
    if (!one) return;
    wanted = null;
    one.open = true;
    one.scrollIntoView({ block: 'nearest' });
  }
  element.open = (id) => {
    wanted = id;
    unfold();
  };
  return element;
}

function card({ id, seed }) {
  const address = `/api/answers/${path(id)}`;
  const word = h('span', { class: 'state' });
  const note = h('span', { class: 'note' });
  const progress = bar(`Progress of the answers to ${seed}`);
  const failure = h('p', { class: 'error', hidden: true });
  const errors = errorPlace();
  const ticked = new Map();
  const theme = h('div', { class: 'column' });
  const sounds = h('ol', { class: 'plain', 'data-testid': 'answer-files' });
  const stop = button('Stop', async () => {
    await post(`${address}/stop`);
    await refresh('answers');
  }, { errors, busy: 'Stopping…' });
  const away = confirmed('Remove', 'Remove these answers for good?', async () => {
    await remove(address);
    await refresh('answers');
  }, { errors });
  const saveKept = button('Download the kept ones', () => {
    for (const file of kept) h('a', { href: soundAt(`answers/${id}/${file}`, '?download'), download: '' }).click();
  }, { errors });
  const all = together(() => [...ticked].filter(([, box]) => box.checked && box.isConnected).map(([file]) => ({ sound: `answers/${id}/${file}`, name: file })));
  const plan = h('pre', { tabindex: '0', 'aria-label': 'Its plan' });
  const command = h('pre', { tabindex: '0', 'aria-label': 'Its command line', 'data-testid': 'command' });
  const more = h('details', {}, h('summary', {}, 'Use these settings elsewhere'),
    h('h4', {}, 'As a plan'), plan, button('Copy the plan', () => copy(plan.textContent, plan), { 'data-testid': 'copy-plan' }),
    h('h4', {}, 'As a command line'), command, button('Copy the command', () => copy(command.textContent, command), { 'data-testid': 'copy-command' }),
    h('h4', {}, 'As a voice'), voiceSaver(() => ({ ...detail.plan })));
  const paged = pages(24, (files) => patch(sounds, files, ({ file }) => file, ({ file, seconds, error }) => (error ? failed(file) : sounding(file, seconds))));
  const heard = h('div', { hidden: true }, all, h('div', { class: 'columns answers-columns' }, theme, h('div', {}, sounds, paged.more)));
  const inside = h('div', { class: 'inside' }, progress, failure, heard, h('div', { class: 'line' }, stop, saveKept, away), errors, more);
  const element = h('details', { class: 'asked', 'data-testid': 'answer', 'data-id': id, ontoggle: () => {
    if (!element.open) return;
    load();
    // So that a reload finds it open.
    if (location.hash.startsWith('#answer')) history.replaceState(null, '', `#answer/${path(id)}`);
  } },
    h('summary', {}, h('span', { class: 'row-head' }, h('bdi', { class: 'name' }, seed), word), note), inside);

  let kept = [];
  let detail = { plan: {} };
  let loaded = null;

  element.update = (one) => {
    element.dataset.state = one.state;
    kept = one.kept;
    const live = one.state === 'making';
    say(word, one.state === 'making' && one.of > 1 ? `makes ${one.number} of ${one.of}` : STATES[one.state] ?? one.state);
    say(note, [
      live ? left(one.remaining) : moment(one.asked), one.error, many(one.variations, 'answer'), one.voice && `voice ${one.voice}`,
      one.kept.length && `${one.kept.length} kept`,
    ].filter(Boolean).join(' · '));
    show(progress, live);
    if (live) progress.at(one.share);
    say(failure, one.error);
    show(failure, one.error);
    show(stop, live || one.state === 'waiting');
    show(away, !live);
    show(saveKept, kept.length);
    show(heard, one.files.some((file) => !file.error));
    // Players only where somebody looks: an installation may have hundreds of answers.
    if (element.open) fill(one);
    element.latest = one;
    if (element.open && loaded !== `${one.state} ${one.files.length}`) load();
  };

  async function load() {
    if (element.latest) {
      loaded = `${element.latest.state} ${element.latest.files.length}`;
      fill(element.latest);
    }
    try {
      detail = await get(address);
      say(plan, json(detail.plan));
      say(command, detail.command);
      fill(detail);
    } catch (error) {
      errors.tell(error);
    }
  }

  function tick(file, name, is) {
    const box = h('input', { type: 'checkbox', id: uid('together'), checked: is, 'data-testid': 'together' });
    ticked.set(file, box);
    return h('span', { class: 'choice' }, box, h('label', { for: box.id }, 'together', h('span', { class: 'away' }, ` ${name}`)));
  }

  function fill({ files }) {
    if (!files.length) return;
    patch(theme, ['theme.wav'], (file) => file, (file) => player({
      sound: `answers/${id}/${file}`, name: 'Theme', note: seed, role: 'theme', testid: 'theme',
      actions: [tick(file, 'the theme', true)], pictures: { panels: ['spectrogram', 'chroma'], open: true },
    }));
    paged.update(files);
  }

  function failed(file) {
    const text = h('p', { class: 'error' });
    const item = h('li', {}, h('strong', {}, file), text);
    item.update = ({ error }) => say(text, error);
    return item;
  }

  function sounding(file, seconds) {
    const keep = button('Keep', async () => {
      const is = !kept.includes(file);
      await post(`${address}/keep`, { file, kept: is });
      kept = is ? [...kept, file] : kept.filter((one) => one !== file);
      mark();
      announce(is ? `${file} is kept.` : `${file} is no longer kept.`);
      refresh('answers');
    }, { errors, busy: 'Keep', class: 'keep', 'data-testid': 'keep' });
    const mark = () => {
      const is = kept.includes(file);
      keep.setAttribute('aria-pressed', String(is));
      keep.setAttribute('aria-label', `Keep ${file}`);
      keep.label(is ? 'Kept' : 'Keep');
      item.classList.toggle('kept', is);
    };
    const made = player({
      sound: `answers/${id}/${file}`, name: file, seconds, role: 'answer', testid: 'answer-player',
      actions: [tick(file, file, file === '01.wav'), keep], pictures: { panels: ['spectrogram', 'chroma'], open: file === '01.wav' },
    });
    const item = h('li', {}, made);
    item.leave = made.leave;
    let side = null;
    item.update = ({ model, sidecar }) => {
      // The list of all answers has no sidecars, and none changes.
      side = sidecar ?? side;
      const follow = side?.follow ?? side?.settings?.follow;
      made.tell([clock(seconds), model, follow != null && `follow ${words(follow)}`].filter(Boolean).join(' · '));
      mark();
    };
    return item;
  }

  element.leave = () => {
    all.leave();
    for (const item of [...theme.children, ...sounds.children]) item.leave?.();
  };
  return element;
}
