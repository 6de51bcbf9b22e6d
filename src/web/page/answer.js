// Answer: a seed, a model or a voice, how the answers are to be, and the answers.

import { path, post } from './api.js';
import { answers } from './answers.js';
import { belongings, voiceSaver } from './belongings.js';
import { dials } from './dials.js';
import { dropzone } from './dropzone.js';
import { announce, button, copy, errorPlace, h, labelled, memory, options, say, show } from './dom.js';
import { json, plain } from './format.js';
import { on, refresh, state } from './live.js';
import { player } from './player.js';
import { approachName } from './presets.js';
import { recorder } from './recorder.js';
import { recently, soundList } from './sounds.js';

/** Fills the section; `shown` takes a model or an answer from the address. */
export function answer(section) {
  let seed = memory.get('seed', null);
  const recent = recently();
  const choose = (name) => {
    recent.chosen(name);
    seed = name;
    memory.set('seed', name);
    list.update();
    update();
  };
  const list = soundList({
    folder: 'seeds', kind: 'radio', group: 'seed', verb: 'Answer it', panels: ['spectrogram', 'chroma'],
    chosen: (name) => name === seed, choose, removed: (name) => name === seed && choose(null),
  });
  const zone = dropzone({
    folder: 'seeds', label: 'Add a seed', testid: 'add-seed', hint: 'or drop it here: some seconds of a melody, a phrase, a noise.',
    done: ({ name }) => {
      list.fresh(name);
      choose(name);
    },
  });

  const who = h('select', { 'data-testid': 'model', onchange: () => {
    memory.set('model', who.value);
    update();
  } });
  const about = h('p', { class: 'hint' });
  const listening = h('div', {});
  const dialling = dials(() => update());
  const voicePlan = h('pre', { tabindex: '0', 'aria-label': 'The voice\'s plan' });
  const voiceSays = h('div', { hidden: true }, h('p', {}, 'A voice says itself how it answers:'), voicePlan);
  const plan = h('pre', { tabindex: '0', 'aria-label': 'The plan as JSON', 'data-testid': 'plan' });
  const planned = h('details', {}, h('summary', {}, 'The plan as JSON'), plan,
    button('Copy the plan', () => copy(plan.textContent, plan)), voiceSaver(() => asked().plan));
  const errors = errorPlace();
  const why = h('p', { class: 'hint', role: 'status' });
  const ask = button('Ask for answers', async () => {
    const { id } = await post('/api/answers', { seed, ...asked() });
    announce('Asked.');
    made.open(id);
    await refresh('answers');
    location.hash = `#answer/${path(id)}`;
  }, { errors, busy: 'Asking…', class: 'primary', 'data-testid': 'ask' });

  function asked() {
    const [kind, name] = split(who.value);
    return kind === 'voice' ? { voice: name } : { plan: { model: name, ...dialling.plan() } };
  }

  function update() {
    const files = state('files');
    const [kind, name] = split(who.value);
    const voice = kind === 'voice' && files?.voices.find((one) => one.name === name);
    const model = kind === 'model' && files?.models.find((one) => one.name === name);
    show(dialling, !voice);
    show(planned, !voice && name);
    show(voiceSays, voice);
    if (voice) say(voicePlan, json(voice.plan));
    else if (name) say(plan, json(asked().plan));
    say(about, model ? [model.error ?? model.sound, !model.error && approachName(model.approach), model.sample_rate && `up to ${plain(model.sample_rate / 2000, 1)} kHz`].filter(Boolean).join(' · ') : '');
    about.classList.toggle('error', Boolean(model?.error));
    if (listening.of !== who.value) {
      listening.of = who.value;
      listening.firstChild?.leave();
      listening.replaceChildren(...(model?.bundled ? [player({ sound: `examples/${name}`, name: `${name}, an example`, role: 'answer', download: false })] : []));
    }
    const seeds = files?.seeds ?? [];
    const there = seeds.some((one) => one.name === seed);
    ask.can(there && Boolean(name) && !model?.error);
    say(why, !there ? 'First choose a seed.' : !name ? 'First choose a model.' : model?.error ? 'This model cannot be read: choose another one.' : '');
  }

  on('files', (files) => {
    // The newest is meant where nobody chose.
    if (!seed || !(recent.has(seed) || files.seeds.some(({ name }) => name === seed))) {
      seed = files.seeds.reduce((newest, one) => (one.modified > (newest?.modified ?? 0) ? one : newest), null)?.name ?? null;
    }
    list.update(files.seeds, 'No seeds yet: record one, or add one.');
    const group = (label, all) => (all.length ? [[label, all]] : []);
    options(who, [
      ...group('Your models', files.models.filter((one) => !one.bundled).map((one) => [`model ${one.name}`, one.error ? `${one.name} (cannot be read)` : one.name])),
      ...group('Bundled models', files.models.filter((one) => one.bundled).map((one) => [`model ${one.name}`, one.name])),
      ...group('Voices', files.voices.map((one) => [`voice ${one.name}`, one.name])),
    ]);
    const wanted = memory.get('model', null) ?? 'model magnitude-spectrum';
    if (!who.chosen || ![...who.options].some((one) => one.value === who.value)) {
      who.chosen = true;
      if ([...who.options].some((one) => one.value === wanted)) who.value = wanted;
    }
    update();
  });
  const made = answers();

  section.append(
    h('h2', {}, 'Answer'),
    h('div', { class: 'two' },
      h('section', { class: 'step', 'aria-label': 'The seed' }, h('h3', {}, 'The seed'),
        recorder((name, blob) => zone.send(name, blob)), zone, list),
      h('section', { class: 'step', 'aria-label': 'Who answers, and how' }, h('h3', {}, 'Who answers, and how'),
        labelled('Model or voice', who), about, listening, dialling, voiceSays, planned,
        h('div', { class: 'line' }, ask), why, errors)),
    h('section', { class: 'step', 'aria-label': 'Answers' }, h('h3', {}, 'Answers'), made, belongings()),
  );
  update();

  const shown = ([first, second]) => {
    if (first === 'model' && second) {
      const wanted = `model ${second}`;
      memory.set('model', wanted);
      who.value = wanted;
      update();
    } else if (first) made.open(first);
  };
  return { shown, about: (said) => dialling.limit(said) };
}

/** `model NAME` or `voice NAME`. */
function split(value) {
  const space = value.indexOf(' ');
  return space < 0 ? [null, null] : [value.slice(0, space), value.slice(space + 1)];
}
