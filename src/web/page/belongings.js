// Models and voices that are here: what can be taken away, and how a plan becomes a voice.

import { path, put, remove } from './api.js';
import { announce, button, confirmed, errorPlace, h, labelled, patch, show } from './dom.js';
import { bytes, moment } from './format.js';
import { on, refresh } from './live.js';
import { approachName } from './presets.js';

/** Keeps what `plan()` says as a voice. */
export function voiceSaver(plan) {
  const errors = errorPlace();
  const name = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '190', 'data-testid': 'voice-name' });
  const save = button('Save as a voice', async () => {
    const called = name.value.trim();
    if (!called) throw new Error('Write a name for the voice.');
    await put(`/api/voices/${path(called)}`, plan());
    name.value = '';
    announce(`Kept as the voice ${called}.`);
    await refresh('files');
  }, { errors, busy: 'Saving…', 'data-testid': 'save-voice' });
  return h('div', {}, h('div', { class: 'line' }, labelled('Name of the voice', name), save), errors);
}

/** A list of one's own models and voices. */
export function belongings() {
  const models = h('ul', { class: 'plain' });
  const voices = h('ul', { class: 'plain' });
  const none = h('p', { class: 'hint' }, 'None so far.');
  const element = h('details', {}, h('summary', {}, 'Your models and voices'), none, models, voices);

  const row = (what, folder) => ({ name }) => {
    const errors = errorPlace();
    const about = h('span', { class: 'note' });
    const away = confirmed('Remove', 'Remove for good?', async () => {
      await remove(`/api/${folder}/${path(name)}`);
      await refresh('files');
    }, { errors });
    const item = h('li', { class: 'line' }, h('span', { class: 'grow' }, `${what} `, h('bdi', {}, name), ' ', about), away, errors);
    item.update = (one) => (about.textContent = one.error ?? (one.approach
      ? `${approachName(one.approach)}, ${bytes(one.bytes)}, ${moment(one.modified)}` : ''));
    return item;
  };

  on('files', (files) => {
    const mine = files.models.filter((one) => !one.bundled);
    patch(models, mine, ({ name }) => name, row('Model', 'models'));
    patch(voices, files.voices, ({ name }) => name, row('Voice', 'voices'));
    show(none, !mine.length && !files.voices.length);
  });
  return element;
}
