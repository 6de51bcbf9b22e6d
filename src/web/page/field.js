// The control of one hyperparameter, by the kind of its values.

import { h } from './dom.js';

const RAMP = 'a number, or a ramp such as [[0, 1], [8, 0]]: pairs of a second and a value';

/**
 * A control for `rule`. `changed(value)` is called with a value, `wrong(sentence)` where what is
 * typed is none. `set(value, force)` shows a value; what is
 * being typed stays, unless it is forced.
 */
export function field(rule, id, describedBy, changed, wrong) {
  const make = KINDS[rule.values.kind] ?? KINDS.shape;
  const { control, set } = make(rule.values, changed, wrong);
  control.id = id;
  control.setAttribute('aria-describedby', describedBy);
  control.dataset.testid = `set-${rule.key}`;
  return { control, set };
}

function number(values, changed, wrong, step) {
  const control = h('input', {
    type: 'number', step, inputmode: 'decimal', autocomplete: 'off',
    oninput: () => {
      if (control.value === '' || !Number.isFinite(control.valueAsNumber)) wrong('Write a number here.');
      else changed(control.valueAsNumber);
    },
  });
  // The lowest and highest are the server's to enforce, which says why; these are for the arrows.
  if (values.kind !== 'whole-or-zero' && Number.isFinite(values.low)) control.min = values.low;
  if (Number.isFinite(values.high) && values.high < 2 ** 53) control.max = values.high;
  return { control, set: (value, force) => (!force && typing(control)) || (control.value = value) };
}

const typing = (control) => document.activeElement === control && control.value !== '';

function select(entries, changed) {
  const control = h('select', { onchange: () => changed(entries[control.selectedIndex][0]) }, entries.map(([, text]) => h('option', {}, text)));
  return { control, set: (value) => (control.selectedIndex = entries.findIndex(([one]) => one === value)) };
}

function strength(changed, wrong, nothing) {
  const control = h('input', {
    type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: nothing ? 'as follow says' : '',
    oninput: () => {
      const text = control.value.trim();
      if (!text && nothing) {
        changed(null);
        return;
      }
      try {
        const value = JSON.parse(text);
        if (typeof value !== 'number' && !Array.isArray(value)) throw new Error();
        changed(value);
      } catch {
        wrong(`Write ${RAMP}${nothing ? ', or nothing' : ''}.`);
      }
    },
  });
  return { control, set: (value, force) => (!force && document.activeElement === control) || (control.value = value == null ? '' : JSON.stringify(value)) };
}

const KINDS = {
  whole: (values, changed, wrong) => number(values, changed, wrong, '1'),
  'whole-or-zero': (values, changed, wrong) => number(values, changed, wrong, '1'),
  number: (values, changed, wrong) => number(values, changed, wrong, 'any'),
  above: (values, changed, wrong) => number(values, changed, wrong, 'any'),
  'one-of': (values, changed) => select(values.numbers.map((n) => [n, String(n)]), changed),
  choice: (values, changed) => {
    const made = select(values.choices.map(([value]) => [value, value]), (value) => {
      tell(value);
      changed(value);
    });
    const meaning = h('span', { class: 'hint choice-meaning' });
    const tell = (value) => (meaning.textContent = values.choices.find(([one]) => one === value)?.[1] ?? '');
    made.control.meaning = meaning;
    return { control: made.control, set: (value) => {
      made.set(value);
      tell(value);
    } };
  },
  flag: (values, changed) => {
    const control = h('input', { type: 'checkbox', class: 'switch', onchange: () => changed(control.checked) });
    return { control, set: (value) => (control.checked = value === true) };
  },
  files: (values, changed) => {
    const control = h('textarea', {
      rows: '2', spellcheck: 'false', placeholder: 'one path a line; nothing for the training audio',
      oninput: () => changed(control.value.split('\n').map((line) => line.trim()).filter(Boolean)),
    });
    return { control, set: (value, force) => (!force && document.activeElement === control) || (control.value = (Array.isArray(value) ? value : []).join('\n')) };
  },
  strength: (values, changed, wrong) => strength(changed, wrong, false),
  'optional-strength': (values, changed, wrong) => strength(changed, wrong, true),
  // It follows from the others.
  shape: () => {
    const control = h('output', { class: 'value' });
    return { control, set: (value) => (control.textContent = Array.isArray(value) ? value.join(' × ') : String(value)) };
  },
};
