// Settings kept as files: on the server, or on the machine that shows the page.

import { get, path, put, remove } from './api.js';
import { draft, load } from './draft.js';
import { announce, button, confirmed, errorPlace, h, labelled, options, saveFile, show, uid } from './dom.js';
import { on, refresh } from './live.js';

/** Save, load, download and upload of the settings. */
export function keeping() {
  const errors = errorPlace();
  const name = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '190', 'data-testid': 'settings-name' });
  const saved = h('select', { 'data-testid': 'settings-saved' });
  const id = uid('file');
  const file = h('input', {
    type: 'file', id, class: 'away', accept: '.json,application/json', 'data-testid': 'settings-file',
    onchange: async () => {
      const [chosen] = file.files;
      file.value = '';
      errors.tell(null);
      try {
        await load(parsed(await chosen.text(), chosen.name));
        announce(`${chosen.name} is loaded.`);
      } catch (error) {
        errors.tell(error);
      }
    },
  });

  const save = button('Save settings', async () => {
    if (!draft.settings) throw new Error('Choose a preset first.');
    if (!name.value.trim()) throw new Error('Write a name for the settings.');
    await put(`/api/settings/${path(name.value.trim())}`, draft.settings);
    announce(`The settings are kept as ${name.value.trim()}.`);
    await refresh('files');
  }, { errors, busy: 'Saving…' });
  const open = button('Load', async () => {
    if (!saved.value) throw new Error('Choose which settings to load.');
    await load(await get(`/api/settings/${path(saved.value)}`));
    name.value = saved.value;
    announce(`${saved.value} is loaded.`);
  }, { errors, busy: 'Loading…' });
  const forget = confirmed('Delete', 'Delete for good?', async () => {
    if (!saved.value) throw new Error('Choose which settings to delete.');
    await remove(`/api/settings/${path(saved.value)}`);
    await refresh('files');
  }, { errors });
  const download = button('Download JSON', () => {
    if (!draft.check || draft.refusal) throw new Error('There are no settings to download yet.');
    saveFile(`${name.value.trim() || draft.settings.preset || 'settings'}.json`, `${draft.check.json}\n`);
  }, { errors });
  const kept = h('div', { class: 'line' }, labelled('Saved settings', saved), open, forget);

  on('files', ({ settings }) => {
    options(saved, [[null, settings.map((one) => [one.name, one.name])]], 'choose…');
    show(kept, settings.length);
  });
  show(kept, false);

  return h('div', { class: 'keeping' },
    h('div', { class: 'line' }, labelled('Name of the settings', name), save, download,
      h('span', { class: 'file' }, file, h('label', { for: id, class: 'button' }, 'Load a JSON file'))),
    kept, errors);
}

function parsed(text, name) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${name} is no JSON.`);
  }
}
