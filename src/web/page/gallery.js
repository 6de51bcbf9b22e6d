// The gallery: how it stands, for a phone at the door first.

import { path, post } from './api.js';
import { bar, button, describe, errorPlace, h, patch, say, show, announce } from './dom.js';
import { bytes, left, many, moment, plain, span } from './format.js';
import { on } from './live.js';
import { player } from './player.js';

/** Fills the section. */
export function gallery(section) {
  let control = false;
  const sentence = h('p', { class: 'sentence', 'data-testid': 'gallery-state' }, 'Asking how the gallery stands…');
  const reason = h('p', { class: 'reason', hidden: true });
  const start = h('div', { hidden: true, class: 'start' }, h('p', {}, 'To start it, say this on its machine:'), h('pre', { tabindex: '0', 'aria-label': 'The command that starts it' }));
  const counts = h('dl', { class: 'counts', 'data-testid': 'gallery-counts' });
  const work = h('ul', { class: 'plain', 'data-testid': 'gallery-work' });
  const arriving = h('ul', { class: 'plain' });
  const voices = h('ul', { class: 'plain' });
  const heard = h('ul', { class: 'plain', 'data-testid': 'gallery-answers' });
  const failed = h('ul', { class: 'plain', 'data-testid': 'gallery-failures' });
  const troubles = h('ul', { class: 'plain' });
  const machine = h('dl', { class: 'pairs' });
  const part = (title, ...children) => {
    const element = h('section', { class: 'part', 'aria-label': title }, h('h3', {}, title), children);
    element.hidden = true;
    return element;
  };
  const parts = {
    work: part('In work', work, arriving),
    voices: part('Voices', voices),
    heard: part('Last answers', heard),
    failed: part('What failed', failed),
    troubles: part('Trouble in the last days', troubles),
    machine: part('The machine', machine),
  };
  section.append(h('h2', {}, 'Gallery'),
    h('div', { class: 'gallery-head' }, sentence, reason, start, counts),
    h('div', { class: 'gallery-parts' },
      h('div', {}, parts.work, parts.heard, parts.failed), h('div', {}, parts.voices, parts.troubles, parts.machine)));
  let last = null;
  let before = null;

  function count() {
    const number = h('dd', {});
    const element = h('div', {}, h('dt', {}), number);
    element.update = ([name, n]) => {
      say(element.firstChild, name);
      say(number, n == null ? '–' : n.toLocaleString('en'));
      element.classList.toggle('bad', name === 'failed' && n > 0);
    };
    return element;
  }

  function working({ name }) {
    const progress = bar(`Progress of ${name}`);
    const note = h('span', { class: 'note' });
    const item = h('li', {}, h('bdi', { class: 'name' }, name), ' ', note, progress);
    item.update = (one) => {
      progress.at(one.share);
      say(note, left(one.remaining));
    };
    return item;
  }

  const told = (text) => () => {
    const item = h('li', {});
    item.update = (one) => {
      const parts = text(one);
      if (item.said !== parts.join()) item.replaceChildren(h('bdi', { class: 'name' }, parts[0]), ' ', h('span', { class: 'note' }, parts[1]));
      item.said = parts.join();
    };
    return item;
  };

  function answered(one) {
    const row = player({
      sound: one.sound, name: one.name, seconds: one.seconds, role: 'answer', testid: 'gallery-answer',
      pictures: { panels: ['spectrogram', 'chroma'] },
    });
    row.tell([moment(one.when), one.voice && `voice ${one.voice}`, one.set && `the first of ${one.set}`, one.model].filter(Boolean).join(' · '));
    const others = h('ul', { class: 'plain' });
    const rest = one.sounds?.slice(1) ?? [];
    const more = rest.length > 0 && h('details', { 'data-testid': 'gallery-set', ontoggle: () => {
      // A set may have hundreds, of which nobody asks.
      patch(others, rest, ({ sound }) => sound, variation);
    } }, h('summary', {}, `The other ${many(rest.length, 'answer')}`), others);
    const rows = () => [row, ...[...others.children].map((item) => item.row)];
    return Object.assign(h('li', {}, row, more), {
      leave: () => rows().forEach((each) => each.leave()), busy: () => rows().some((each) => each.busy()),
    });
  }

  function variation({ sound, seconds, model }) {
    const row = player({
      sound, name: sound.split('/').pop(), seconds, note: model, role: 'answer', testid: 'gallery-variation',
      pictures: { panels: ['spectrogram', 'chroma'] },
    });
    return Object.assign(h('li', {}, row), { row });
  }

  function failing({ name, reason: why, when }) {
    const errors = errorPlace();
    const again = button('Try again', async () => {
      await post(`/api/gallery/failed/${path(name)}/retry`);
      announce(`${name} is tried again.`);
    }, { errors, busy: 'Asking…', 'data-testid': 'retry', 'aria-label': `Try again: ${name}` });
    const item = h('li', { class: 'line' }, h('span', { class: 'grow' }, h('bdi', { class: 'name' }, name), ' ', h('span', { class: 'note' }, moment(when)), h('p', {}, why)), again, errors);
    item.update = () => show(again, control);
    return item;
  }

  function words(now) {
    if (now.state === 'not-running') return 'The gallery is not running.';
    return now.state === 'trouble' ? 'The gallery is in trouble.' : 'The gallery is in order.';
  }

  function update(now) {
    last = now;
    const said = words(now);
    say(sentence, said);
    section.dataset.state = now.state;
    if (before && before !== said) announce(said);
    before = said;
    const why = [now.trouble, now.silence].filter((text) => typeof text === 'string').join(' ');
    say(reason, why);
    show(reason, why);
    show(start, now.start);
    say(start.lastChild, now.start);
    patch(counts, [['waiting', now.waiting], ['in work', now.working], ['done', now.done], ['failed', now.failed], ...(now.skipped ? [['skipped', now.skipped]] : [])], ([name]) => name, count);
    patch(work, now.in_work ?? [], ({ name }) => name, working);
    patch(arriving, now.arriving ?? [], ({ name }) => name, told(({ name, because }) => [name, `arrives: ${because}`]));
    patch(voices, now.voices ?? [], ({ name }) => name, told(({ name, waiting }) => [name, waiting ? `${many(waiting, 'seed')} wait` : 'nothing waits']));
    patch(heard, now.answers ?? [], ({ sound }) => sound, answered);
    patch(failed, now.last_failures ?? [], ({ name, when }) => `${name} ${when}`, failing);
    patch(troubles, now.troubles ?? [], ({ from, what }) => `${from} ${what}`, told(({ from, until, what }) => [what, until ? `from ${moment(from)} for ${span(until - from)}` : `since ${moment(from)}`]));
    const pairs = [
      ['Up for', now.uptime != null && `${now.uptime ? span(now.uptime) : 'less than a minute'}${now.since ? `, since ${moment(now.since)}` : ''}`],
      ['Disk', now.disk && `${bytes(now.disk.free_bytes)} of ${bytes(now.disk.total_bytes)} free`],
      ['Forecast', now.forecast],
      ['Memory', now.memory && [now.memory.process_bytes != null && `antiphon has ${bytes(now.memory.process_bytes)}`, now.memory.free_bytes != null && `${bytes(now.memory.free_bytes)} of ${bytes(now.memory.total_bytes)} free`].filter(Boolean).join('; ')],
      ['Load', now.load && now.load.map((one) => plain(one, 2)).join(', ')],
      ['Model', now.models?.join(', ')],
      ['Version', now.version],
    ].filter(([, text]) => text);
    describe(machine, pairs);
    show(parts.work, now.in_work?.length || now.arriving?.length);
    show(parts.voices, now.voices?.length);
    show(parts.heard, now.answers?.length);
    show(parts.failed, now.last_failures?.length);
    show(parts.troubles, now.troubles?.length);
    show(parts.machine, pairs.length);
  }
  on('gallery', update);

  return {
    about(said) {
      control = said.control;
      if (last) update(last);
    },
    /** The page of a gallery comes from its daemon, that of the studio does not. */
    gone() {
      say(sentence, 'The gallery cannot be reached.');
      section.dataset.state = 'not-running';
      if (before && before !== sentence.textContent) announce(sentence.textContent);
      before = sentence.textContent;
    },
  };
}
