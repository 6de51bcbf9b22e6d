// Follow runs: the list of them with the queue, and the one that is looked at.

import { bar, h, pages, patch, say, show, announce } from './dom.js';
import { left, loss, many, moment } from './format.js';
import { on, state } from './live.js';
import { approachName } from './presets.js';
import { runPage, STATES } from './run.js';

/** Fills the section; `shown` shows the run that the address names. */
export function runs(section) {
  const list = h('ul', { class: 'rows', 'data-testid': 'runs-list' });
  const queue = h('p', { class: 'hint', role: 'status' });
  const none = h('p', { class: 'hint', hidden: true }, 'There are no runs yet. ', h('a', { href: '#make' }, 'Make a model'), ' to begin one.');
  const waiting = h('p', { class: 'hint' }, 'Asking for the runs…');
  const place = h('div', { class: 'detail' });
  const paged = pages(50, (some) => patch(list, some, (run) => run.name, row));
  const beside = h('div', { class: 'list-side' }, queue, waiting, none, list, paged.more);
  const both = h('div', { class: 'list-and-detail' }, beside, place);
  section.append(h('h2', {}, 'Runs'), both);
  let open = null;
  const before = new Map();

  function row() {
    const name = h('bdi', { class: 'name' });
    const word = h('span', { class: 'state' });
    const note = h('span', { class: 'note' });
    const progress = bar('Progress');
    const link = h('a', { class: 'row', 'data-testid': 'run-row' }, h('span', { class: 'row-head' }, name, word), note, progress);
    const item = h('li', {}, link);
    item.update = (run) => {
      say(name, run.name);
      say(word, STATES[run.state] ?? run.state);
      item.dataset.state = run.state;
      link.dataset.name = run.name;
      link.dataset.state = run.state;
      link.href = `#runs/${encodeURIComponent(run.name)}`;
      link.setAttribute('aria-current', String(open?.name === run.name));
      const live = run.state === 'training' || run.state === 'starting';
      say(note, [
        live ? left(run.remaining) : run.began && moment(run.began), approachName(run.approach), run.loss != null && `loss ${loss(run.loss)}`,
        run.predictions ? many(run.predictions, 'prediction') : null,
      ].filter(Boolean).join(' · '));
      show(progress, live);
      if (live) progress.at(run.share);
      progress.setAttribute('aria-label', `Progress of ${run.name}`);
    };
    return item;
  }

  function update(all) {
    show(waiting, false);
    paged.update(all);
    show(none, !all.length);
    both.classList.toggle('none', !all.length);
    const trains = all.filter(({ state }) => state === 'training' || state === 'starting').length;
    const waits = all.filter(({ state }) => state === 'waiting').length;
    say(queue, all.length ? [trains ? 'One trains' : 'None trains', waits ? `, ${waits} ${waits === 1 ? 'waits for its' : 'wait for their'} turn.` : '.'].join('') : '');
    for (const run of all) {
      const was = before.get(run.name);
      if (was && was !== run.state) announce(`${run.name} ${STATES[run.state] ?? run.state}.`);
      before.set(run.name, run.state);
    }
    open?.update(all);
  }
  on('runs', update);

  const shown = ([name, , other]) => {
    both.classList.toggle('one', Boolean(name));
    const wanted = name || null;
    if (open && open.name !== wanted) {
      open.leave();
      open.remove();
      open = null;
    }
    if (wanted && !open) {
      open = runPage(wanted);
      place.replaceChildren(open);
    } else if (!wanted) {
      place.replaceChildren(h('p', { class: 'hint pick' }, 'Choose a run to see its loss and hear its predictions.'));
    }
    open?.compare(other || null);
    const all = state('runs');
    if (all) update(all);
  };
  return { shown };
}
