// All chosen settings at once, before anything is launched, as in the dissertation's Figure 6.2:
// what differs from the preset, what follows, the drawing of the matrix, and the JSON.

import { post } from './api.js';
import { allPresets, draft, watch } from './draft.js';
import { button, copy, describe, errorPlace, h, patch, say, show } from './dom.js';
import { bytes, plain, span, value as words } from './format.js';
import { approachName } from './presets.js';

/** The drawing of the input matrix, and what follows from the settings. */
export function drawing() {
  const sheet = h('pre', { class: 'drawing', tabindex: '0', 'aria-label': 'Drawing of the input matrix and its label', 'data-testid': 'drawing' });
  const follows = h('dl', { class: 'pairs' });
  const size = h('p', { class: 'hint' });
  const refusal = errorPlace();
  const element = h('aside', { class: 'drawing-side', 'aria-label': 'What follows from these settings' }, h('h4', {}, 'The input matrix'), refusal, sheet, follows, size);
  watch(({ check, refusal: error, pending }) => {
    // An error of one setting stands at its field; one of none stands here.
    refusal.tell(error && !document.querySelector(`[data-key="${CSS.escape(error.key ?? '')}"]`) ? error : null);
    element.classList.toggle('pending', pending || Boolean(error));
    show(element, check || error);
    if (!check) return;
    say(sheet, check.drawing);
    describe(follows, check.follows);
    say(size, `${approachName(check.approach)}, ${check.weights.toLocaleString('en')} weights, a file of ${bytes(check.model_bytes)}.`);
  });
  show(element, false);
  return element;
}

/** Everything that is chosen, and what of it differs from the preset. */
export function overview() {
  const differing = h('ul', { class: 'differing', 'data-testid': 'differing' });
  const none = h('p', { class: 'hint' });
  const all = h('dl', { class: 'all-settings' });
  const json = h('pre', { tabindex: '0', 'aria-label': 'The settings as JSON', 'data-testid': 'settings-json' });
  const whole = h('details', {}, h('summary', {}, 'The same as JSON'), json,
    button('Copy JSON', () => copy(json.textContent, json)));
  const element = h('div', { class: 'overview' }, h('h4', {}, 'What differs from the preset'), none, differing, h('h4', {}, 'All settings that matter here'), all, whole);
  let presets = [];
  allPresets().then((known) => {
    presets = known;
    update(draft);
  }, () => {});

  function update({ check, settings, refusal, pending }) {
    show(element, check);
    if (!check) return;
    element.classList.toggle('pending', pending || Boolean(refusal));
    say(none, check.changed.length ? '' : `Nothing: these are the settings of ${settings?.preset ?? 'the file'} as they are.`);
    show(none, !check.changed.length);
    patch(differing, check.changed, (key) => key, (key) => {
      const text = h('span', {});
      const item = h('li', {}, h('code', {}, key), ' ', text);
      item.update = (name) => say(text, sentence(name));
      return item;
    });
    describe(all, check.applies.map((key) => [key, words(check.values[key])]));
    for (const [key, pair] of all.kept) pair.classList.toggle('changed', check.changed.includes(key));
    say(json, check.json);
  }
  const sentence = (key) => {
    const from = presets.find(({ name }) => name === draft.settings?.preset)?.values[key];
    return `${words(draft.check.values[key])}${from === undefined ? '' : `, not ${words(from)}`}`;
  };
  watch(update);
  update(draft);
  return element;
}

/** How long training and answering take on this machine; it takes some seconds to measure. */
export function estimate(seconds) {
  const errors = errorPlace();
  const said = h('dl', { class: 'pairs estimate', 'data-testid': 'estimate' });
  const refusal = h('p', { class: 'error', hidden: true });
  const status = h('p', { class: 'hint', role: 'status' }, 'When a preset is chosen, this machine is measured.');
  let measured = null;
  let again = false;
  const current = () => JSON.stringify([draft.settings, draft.minutes, Math.round(seconds()), draft.rate]);

  const measure = button('Measure', async () => {
    do {
      again = false;
      if (!draft.settings || draft.refusal) return;
      say(status, 'This machine is being measured; that takes some seconds…');
      const asked = current();
      try {
        const minutes = Number(draft.minutes);
        const found = await post('/api/settings/estimate', {
          settings: draft.settings, seconds: seconds() || 60, ...(minutes > 0 ? { minutes } : {}), ...(draft.rate ? { rate: draft.rate } : {}),
        });
        tell(found);
        measured = asked;
      } catch (error) {
        say(status, '');
        throw error;
      }
    } while (again);
    stale(draft, true);
  }, { errors, busy: 'Measuring…', 'data-testid': 'measure' });

  function tell(found) {
    const pairs = found ? [
      ['Training', `${span(found.training)}, ${plain(found.epochs, 1)} epochs (${ENDS[found.ends_by] ?? found.ends_by})`],
      ['One step', `${plain(found.step * 1000, 1)} ms, ${plain(found.steps_per_epoch, 0)} steps in an epoch`],
      ['Answering', `${plain(found.sampling)} s of computing for each second of sound`],
      ['Memory', bytes(found.memory_bytes)],
    ] : ['Training', 'One step', 'Answering', 'Memory'].map((term) => [term, '–']);
    describe(said, pairs);
    say(refusal, found?.refusal);
    show(refusal, found?.refusal);
  }

  function stale(_, done) {
    measure.can(Boolean(draft.settings) && !draft.refusal);
    if ((measure.waiting && !done) || !measured) return;
    const old = measured !== current();
    say(status, old ? 'Something was changed since this was measured.' : `Measured here, for ${span(seconds() || 60)} of recordings.`);
    said.classList.toggle('pending', old);
  }
  watch(stale);
  measure.can(false);
  // Its rows are there from the beginning, so that nothing moves when they are filled.
  tell(null);

  return Object.assign(h('div', { class: 'estimated' }, h('h4', {}, 'How long it takes on this machine'), status, said, refusal, errors, measure), {
    measure() {
      again = Boolean(measure.waiting);
      if (!again) {
        measure.can(true);
        measure.click();
      }
    },
  });
}

const ENDS = { max_minutes: 'the minutes end it', num_epochs: 'its epochs end it' };
