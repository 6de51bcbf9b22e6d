// One run: how it stands, its loss, its predictions beside the recordings, and what can be done.

import { get, path, post, remove } from './api.js';
import { chart } from './chart.js';
import { announce, bar, button, confirmed, errorPlace, h, labelled, options, pages, patch, say, show } from './dom.js';
import { json, left, loss, plain } from './format.js';
import { refresh } from './live.js';
import { player } from './player.js';
import { approachName } from './presets.js';
import { verdict, verdictOf } from './verdict.js';

/** Least milliseconds between two questions for all of a run: its losses may be many. */
const PAUSE = 2500;

/** A run's state in words. */
export const STATES = {
  waiting: 'waits for its turn', starting: 'is starting', training: 'is training', ended: 'ended', stopped: 'was stopped',
  interrupted: 'was interrupted', failed: 'failed',
};

export function runPage(name) {
  const address = `/api/runs/${path(name)}`;
  const errors = errorPlace();
  const gone = errorPlace();
  const about = h('p', { class: 'hint' });
  const word = h('strong', { 'data-testid': 'run-state' });
  const time = h('span', {});
  const progress = bar(`Progress of ${name}`);
  const failure = h('p', { class: 'error', hidden: true });
  const remarks = h('ul', { class: 'remarks' });
  const curves = chart();
  const figures = h('p', { class: 'figures', 'data-testid': 'run-loss' });

  const minutes = h('input', { type: 'number', min: '0', step: 'any', inputmode: 'decimal', 'data-testid': 'resume-minutes' });
  const model = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '190', 'data-testid': 'keep-name' });
  const after = async (action) => {
    await action;
    await refresh('runs');
    await load();
  };
  const stop = button('Stop', () => after(post(`${address}/stop`)), { errors, busy: 'Stopping…', 'data-testid': 'stop' });
  const resume = button('Go on', () => after(post(`${address}/resume`, Number(minutes.value) > 0 ? { minutes: Number(minutes.value) } : {})), {
    errors, busy: 'Asking…', 'data-testid': 'resume',
  });
  const replaces = h('p', { class: 'hint' }, 'Going on replaces its model. To ask this one again later, keep it under a name first.');
  const again = h('div', {}, h('div', { class: 'line' }, labelled('Minutes more', minutes), resume), replaces);
  const kept = h('p', { class: 'hint', role: 'status' });
  const keep = button('Keep the model', async () => {
    const called = model.value.trim() || model.placeholder;
    say(kept, '');
    await post(`${address}/keep`, { model: called });
    say(kept, `Kept as models/${called}.onnx.`);
    model.value = '';
    refresh('files');
  }, { errors, busy: 'Keeping…', 'data-testid': 'keep-model' });
  const keeping = h('div', { class: 'line' }, labelled('Name for its model', model), keep);
  const away = confirmed('Remove the run', 'Remove it and its predictions for good?', async () => {
    await remove(address);
    announce(`${name} is removed.`);
    location.hash = '#runs';
    refresh('runs');
  }, { errors, 'data-testid': 'remove-run' });
  const ask = h('a', { class: 'button' }, 'Ask its model for answers');
  const comparing = h('select', {
    'data-testid': 'compare',
    onchange: () => (location.hash = `#runs/${path(name)}${comparing.value ? `/beside/${path(comparing.value)}` : ''}`),
  });

  const recordings = h('ul', { class: 'plain learned' });
  const mine = predictions(name);
  const theirs = h('div', { class: 'column', hidden: true });
  const columns = h('div', { class: 'columns' }, recordings, mine, theirs);
  const log = h('pre', { tabindex: '0', 'aria-label': 'What its process said' });
  const settings = h('pre', { tabindex: '0', 'aria-label': 'Its settings' });

  const element = h('article', { class: 'run', 'aria-label': name, 'data-testid': 'run' },
    h('a', { class: 'back', href: '#runs' }, 'All runs'),
    h('h3', {}, h('bdi', {}, name)),
    h('p', { class: 'standing' }, word, ' ', time), progress, gone, failure, about,
    h('div', { class: 'line doing' }, stop, again, keeping, ask, away), kept, errors,
    h('h4', {}, 'Loss'), figures, curves, remarks,
    h('div', { class: 'line' }, labelled('Compare with', comparing)),
    h('h4', {}, 'Predictions, beside what it learns from'),
    columns,
    h('details', {}, h('summary', {}, 'Settings of this run'), settings),
    h('details', {}, h('summary', {}, 'What its process said'), log));
  element.name = name;

  let other = null;
  let own = null;
  let second = null;
  let otherList = null;
  let asked = 0;
  let timer = 0;
  let left_ = false;
  let seen = '';

  element.update = (all) => {
    const run = all.find((one) => one.name === name);
    const rest = all.filter((one) => one.name !== name && one.steps).map((one) => [one.name, one.name]);
    options(comparing, [[null, rest]], 'no other run');
    comparing.value = other ?? '';
    if (!run) {
      gone.tell(`There is no run ${name}.`);
      return;
    }
    gone.tell(null);
    head(run);
    const now = JSON.stringify([run, other && all.find((one) => one.name === other)]);
    if (now === seen) return;
    seen = now;
    clearTimeout(timer);
    timer = setTimeout(load, Math.max(0, asked + PAUSE - Date.now()));
  };

  function head(run) {
    const live = run.state === 'training' || run.state === 'starting';
    element.dataset.state = run.state;
    say(word, `${STATES[run.state] ?? run.state}.`.replace(/^./, (first) => first.toUpperCase()));
    say(time, live ? left(run.remaining) : '');
    show(progress, live);
    if (live) progress.at(run.share);
    say(failure, run.error);
    show(failure, run.error);
    say(about, [approachName(run.approach), run.recordings.join(', '), progressOf(run), run.model && `its model is models/${run.model}`].filter(Boolean).join(' · '));
    show(stop, live || run.state === 'waiting');
    stop.label(run.state === 'waiting' ? 'Leave the queue' : 'Stop');
    show(again, ['stopped', 'interrupted', 'ended'].includes(run.state) || (run.state === 'failed' && run.steps > 0));
    show(replaces, run.model);
    show(keeping, run.steps > 0);
    model.placeholder = `${name}-${run.state === 'training' ? 'early' : 'kept'}`;
    show(away, !live && run.state !== 'waiting');
    show(ask, run.model);
    ask.href = `#answer/model/${path(run.model ?? '')}`;
    say(figures, run.loss == null ? 'No loss is known yet.' : [
      `Now ${loss(run.loss)}, at best ${loss(run.best)}`, run.held_out != null && `held out ${loss(run.held_out)}, at best ${loss(run.best_held_out)}`,
    ].filter(Boolean).join('; '));
    patch(recordings, run.recordings, (file) => file, (file) => {
      const row = player({ sound: `recordings/${file}`, name: file, note: 'recording', role: 'theme', pictures: { panels: ['spectrogram'], open: true } });
      return Object.assign(h('li', {}, row), { leave: row.leave });
    });
  }

  async function load() {
    asked = Date.now();
    try {
      own = await get(address);
      second = other ? await get(`/api/runs/${path(other)}`).catch(() => null) : null;
    } catch (error) {
      if (!left_) gone.tell(error);
      return;
    }
    if (left_) return;
    head(own);
    curves.update([own, second].filter(Boolean));
    patch(remarks, own.remarks ?? [], (text) => text, (text) => h('li', {}, text));
    mine.update(own);
    if (second && otherList) otherList.update(second);
    say(log, own.log || 'Nothing so far.');
    say(settings, json(own.settings));
  }

  element.compare = (wanted) => {
    if (wanted === other) return;
    other = wanted;
    comparing.value = other ?? '';
    otherList?.leave();
    otherList = other ? predictions(other) : null;
    otherList?.titled(true);
    theirs.replaceChildren(...(otherList ? [otherList] : []));
    show(theirs, other);
    columns.classList.toggle('comparing', Boolean(other));
    mine.titled(Boolean(other));
    seen = '';
    load();
  };

  element.leave = () => {
    left_ = true;
    clearTimeout(timer);
    mine.leave();
    otherList?.leave();
    for (const item of recordings.children) item.leave?.();
  };
  load();
  return element;
}

/** How far a run is, in one line. */
const progressOf = (run) => [
  run.steps != null && `${run.steps.toLocaleString('en')} steps`, run.epochs != null && `${plain(run.epochs, 1)} epochs`,
  run.steps_per_second != null && `${plain(run.steps_per_second, 1)} steps a second`,
].filter(Boolean).join(' · ');

/** Why there are no predictions. */
const NONE = {
  waiting: 'None so far.',
  starting: 'None so far.',
  training: 'None so far. Each grows while it trains, by a little after each step; a run that ends without one makes one then.',
  stopped: 'None: it was stopped before the first was complete. Ask its model for answers.',
};

/** The predictions of a run, the latest first: player, spectrogram, verdict. */
function predictions(run) {
  const list = h('ol', { class: 'plain', 'data-testid': 'predictions', reversed: true });
  const none = h('p', { class: 'hint' });
  const title = h('h5', { hidden: true }, h('bdi', {}, run));
  const paged = pages(12, (latest) => patch(list, latest, ({ file }) => file, (file) => row(file, latest.indexOf(file) < 3)));
  const element = h('div', { class: 'column' }, title, none, list, paged.more);

  function row({ file, step, kind, seconds }, open) {
    const errors = errorPlace();
    const place = h('div', {});
    const judge = button('Judge it', async () => {
      place.replaceChildren(verdict(await verdictOf(run, file)));
      judge.remove();
    }, { errors, busy: 'Judging…', class: 'quiet', 'data-testid': 'judge' });
    const made = player({
      sound: `runs/${run}/${file}`, name: `Step ${step.toLocaleString('en')}, ${kind}`, seconds, role: 'answer',
      pictures: { panels: ['spectrogram'], open }, testid: 'prediction',
    });
    made.querySelector('.icons').prepend(judge);
    return Object.assign(h('li', {}, made, place, errors), { leave: made.leave, judge: () => judge.isConnected && !judge.cannot && judge.click() });
  }

  element.update = ({ files, state }) => {
    show(none, !files.length);
    say(none, NONE[state] ?? 'There are none. Ask its model for answers.');
    paged.update([...files].reverse());
    // While it trains, judging would take its time; afterwards the last prediction is judged unasked.
    if (['ended', 'stopped'].includes(state)) list.firstElementChild?.judge();
  };
  element.titled = (is) => show(title, is);
  element.leave = () => {
    for (const item of list.children) item.leave?.();
  };
  return element;
}
