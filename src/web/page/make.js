// Make a model: recordings, a preset by its sound, every setting, and the launch.

import { post } from './api.js';
import { draft, follow, keep, recheck, tell, watch } from './draft.js';
import { dropzone } from './dropzone.js';
import { announce, button, errorPlace, h, labelled, say } from './dom.js';
import { settingsForm } from './form.js';
import { many, span, stem } from './format.js';
import { keeping } from './keeping.js';
import { on, refresh } from './live.js';
import { drawing, estimate, overview } from './overview.js';
import { presetCards } from './presets.js';
import { recently, soundList } from './sounds.js';

/** Fills the section. */
export function make(section) {
  const recent = recently();
  const list = soundList({
    folder: 'recordings', kind: 'checkbox', group: 'recordings', verb: 'Train on it', panels: ['waveform', 'spectrogram'],
    chosen: (name) => draft.recordings.has(name), choose,
    removed: (name) => choose(name, false),
  });
  const zone = dropzone({
    folder: 'recordings', label: 'Add recordings', testid: 'add-recordings',
    hint: 'or drop them here: half a minute or more of one kind of music, in WAV, AIFF, FLAC, MP3, M4A or others.',
    done: ({ name }) => {
      list.fresh(name);
      choose(name, true);
    },
  });
  const total = h('p', { class: 'hint', role: 'status' });
  const cost = estimate(() => list.seconds());
  const cards = presetCards(() => cost.measure());
  const form = settingsForm();

  const name = h('input', {
    type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '190', value: draft.name, 'data-testid': 'run-name',
    oninput: () => set('name', name.value),
  });
  const minutes = h('input', {
    type: 'number', min: '0', step: 'any', inputmode: 'decimal', value: draft.minutes, 'data-testid': 'minutes',
    oninput: () => set('minutes', minutes.value),
  });
  const errors = errorPlace();
  const why = h('p', { class: 'hint', role: 'status' });
  const launch = button('Launch training', async () => {
    const wanted = Number(minutes.value);
    const { name: called } = await post('/api/runs', {
      name: name.value.trim() || suggested(), recordings: [...draft.recordings], settings: draft.settings,
      ...(wanted > 0 ? { minutes: wanted } : {}),
    });
    announce(`${called} waits for its turn.`);
    set('name', '');
    name.value = '';
    await refresh('runs');
    location.hash = `#runs/${encodeURIComponent(called)}`;
  }, { errors, busy: 'Launching…', class: 'primary', 'data-testid': 'launch' });

  function set(key, value) {
    draft[key] = value;
    keep(key, value);
    tell();
  }

  function choose(recording, is) {
    if (is) recent.chosen(recording);
    if (is) draft.recordings.add(recording);
    else draft.recordings.delete(recording);
    keep('recordings', draft.recordings);
    list.update();
    tell();
  }

  const suggested = () => stem([...draft.recordings][0] ?? 'model');

  watch(() => {
    follow(list.rate());
    name.placeholder = suggested();
    const ends = draft.check?.values.max_minutes;
    minutes.placeholder = ends || '';
    const missing = [
      !draft.recordings.size && 'choose recordings (step 1)',
      !draft.settings && 'choose a preset (step 2)',
      draft.refusal && 'put right what is wrong in the settings (step 3)',
    ].filter(Boolean);
    launch.can(!missing.length && !draft.pending);
    const chosen = [...draft.recordings].length;
    const length = list.seconds();
    say(total, chosen ? `${many(chosen, 'recording')} chosen${length ? `, ${span(length)} together` : ''}.` : '');
    say(why, missing.length ? `First ${missing.join(', and ')}.` : `Trains on ${many(chosen, 'recording')} with ${draft.settings.preset ?? 'the loaded settings'}${draft.check?.changed.length ? ` and ${many(draft.check.changed.length, 'change')}` : ''}.`);
  });
  list.told(tell);

  on('files', ({ recordings }) => {
    const there = new Set(recordings.map((file) => file.name));
    for (const one of [...draft.recordings]) if (!there.has(one) && !recent.has(one)) draft.recordings.delete(one);
    list.update(recordings, 'No recordings yet.');
    tell();
  });

  const step = (number, title, testid, ...children) => h('section', { class: 'step', 'data-testid': testid, 'aria-label': title },
    h('h3', {}, h('span', { class: 'number', 'aria-hidden': 'true' }, String(number)), title), children);

  section.append(
    h('h2', {}, 'Make a model'),
    step(1, 'What it learns from', 'step-recordings', zone, total, list),
    step(2, 'How it is to sound', 'step-presets', cards),
    step(3, 'Settings', 'step-settings', h('div', { class: 'two' }, form, drawing())),
    step(4, 'Look it over, and launch', 'step-launch',
      h('div', { class: 'two' }, h('div', {}, overview(), keeping()),
        h('div', { class: 'launch' }, cost,
          h('h4', {}, 'Launch'),
          labelled('Name of the run and its model', name),
          labelled('Minutes of training', minutes, 'Nothing for as long as the settings say.'),
          why, launch, errors))),
  );
  tell();

  return {
    // Also when the server is there again.
    about() {
      cards.load();
      form.load().catch(() => {});
      recheck();
    },
  };
}
