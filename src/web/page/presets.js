// What to begin with, chosen by what it sounds like: a card for each approach.

import { allPresets, choose, draft, watch } from './draft.js';
import { h, say, uid } from './dom.js';
import { player } from './player.js';

const WORDS = {
  'magnitude-spectrum': 'Magnitude spectrum',
  vector: 'Vector',
  'column-vector': 'Column vector',
  transpose: 'Transpose',
};

/** An approach as a person writes it. */
export const approachName = (approach) => WORDS[approach] ?? approach ?? 'unknown';

/** The cards. `chosen` is called when a preset was chosen by hand. */
export function presetCards(chosen) {
  const cards = h('div', { class: 'cards', 'data-testid': 'presets' });
  const waiting = h('p', { class: 'hint' }, 'Asking which presets there are…');
  const element = h('div', { class: 'preset-cards' }, waiting, cards);
  const boxes = new Map();

  function card(approach, presets) {
    const [{ sounds, example }] = presets;
    const heading = h('h4', { id: uid('approach') }, approachName(approach));
    const choices = presets.map((preset) => {
      const id = uid('preset');
      const about = h('span', { class: 'hint', id: uid('hint') }, preset.summary);
      const box = h('input', {
        type: 'radio', name: 'preset', id, value: preset.name, 'aria-describedby': about.id, 'data-testid': `preset-${preset.name}`,
        onchange: async () => {
          await choose({ preset: preset.name });
          chosen(preset);
        },
      });
      boxes.set(preset.name, box);
      return h('div', { class: 'choice' }, box, h('label', { for: id }, preset.name), about);
    });
    const listen = example ? player({ sound: example, name: `${approachName(approach)}, an example`, role: 'answer', download: false }) : null;
    return h('section', { class: 'card', 'aria-labelledby': heading.id }, heading, h('p', {}, sounds), listen,
      h('div', { role: 'radiogroup', 'aria-labelledby': heading.id }, choices));
  }

  function mark() {
    const name = draft.settings?.preset;
    for (const [preset, box] of boxes) {
      box.checked = preset === name;
      box.closest('.choice').classList.toggle('chosen', box.checked);
    }
    for (const one of cards.children) one.classList.toggle('chosen', Boolean(one.querySelector('input:checked')));
  }
  watch(mark);

  element.load = async () => {
    if (boxes.size) return;
    try {
      const groups = new Map();
      for (const preset of await allPresets()) groups.set(preset.approach, [...(groups.get(preset.approach) ?? []), preset]);
      if (boxes.size) return;
      cards.replaceChildren(...[...groups].map(([approach, presets]) => card(approach, presets)));
      waiting.remove();
      mark();
    } catch (error) {
      say(waiting, error.message);
    }
  };
  return element;
}
