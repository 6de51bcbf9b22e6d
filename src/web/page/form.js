// Every hyperparameter in a form that the server's table makes: range, meaning, default, and what
// follows from it.

import { allPresets, allRules, change, draft, misunderstood, recheck, watch } from './draft.js';
import { errorPlace, h, labelled, say, show, uid } from './dom.js';
import { field } from './field.js';
import { many, value as words } from './format.js';

/** The form, with a place to find a setting in. */
export function settingsForm() {
  const find = h('input', { type: 'search', autocomplete: 'off', oninput: () => update() });
  const others = h('input', { type: 'checkbox', id: uid('others'), onchange: () => update() });
  const nothing = h('p', { class: 'hint' }, 'Choose a preset first: it says what every setting is to begin with.');
  const groups = h('div', {});
  const tools = h('div', { class: 'line form-tools' },
    labelled('Find a setting', find),
    h('div', { class: 'choice' }, others, h('label', { for: others.id }, 'Show also those that change nothing here')));
  const element = h('div', { class: 'settings-form', 'data-testid': 'settings-form' }, nothing, tools, groups);
  const rows = new Map();
  let presets = [];

  function row(rule) {
    const id = uid('set');
    const about = uid('about');
    const errors = errorPlace();
    errors.id = uid('error');
    const made = field(rule, id, `${about} ${errors.id}`, (value) => change(rule.key, value), (sentence) => misunderstood(rule.key, sentence));
    let forced = false;
    // What is no value is not kept: the field has the last one again.
    made.control.addEventListener('blur', () => draft.refusal?.typed && draft.refusal.key === rule.key && recheck());
    const mark = h('span', { class: 'mark', hidden: true }, 'changed');
    const back = h('button', { type: 'button', class: 'quiet small', hidden: true, onclick: () => {
      forced = true;
      made.control.focus();
      change(rule.key, undefined);
    } }, 'Reset', h('span', { class: 'away' }, ` ${rule.key}`));
    const was = h('span', {});
    const limits = h('p', { class: 'hint' }, h('span', {}, rule.allowed), was, ` · ${rule.applies}`, rule.option ? [' · also of an answer: ', h('code', {}, rule.option)] : null);
    const item = h('div', { class: 'setting', 'data-key': rule.key },
      h('div', { class: 'setting-name' }, h('label', { for: id }, rule.key), mark),
      h('div', { class: 'setting-control' }, made.control, back),
      h('div', { class: 'setting-about', id: about }, h('p', {}, rule.meaning), made.control.meaning, limits),
      errors);
    item.update = ({ check, refusal, settings, pending }) => {
      const mine = refusal?.key === rule.key;
      errors.tell(mine ? refusal : null);
      made.control.setAttribute('aria-invalid', String(mine));
      const set = settings && Object.hasOwn(settings, rule.key);
      const from = presets.find((preset) => preset.name === settings?.preset)?.values[rule.key];
      const is = set ? settings[rule.key] : check ? check.values[rule.key] : from;
      if (is !== undefined && !(mine && made.control === document.activeElement)) made.set(is, forced);
      if (!pending) forced = false;
      const changed = mine || Boolean(check?.changed.includes(rule.key));
      show(mark, changed);
      show(back, set);
      item.classList.toggle('changed', changed);
      item.changed = changed;
      say(was, from === undefined ? '' : ` · preset: ${words(from)}`);
      const sought = find.value.trim().toLowerCase();
      const wanted = !sought || `${rule.key} ${rule.meaning}`.toLowerCase().includes(sought);
      const applies = !check || check.applies.includes(rule.key);
      item.classList.toggle('idle', !applies);
      show(item, wanted && (applies || mine || set || others.checked || Boolean(sought)));
    };
    return item;
  }

  function group({ heading, rules }) {
    const count = h('span', { class: 'note' });
    const all = rules.map((rule) => {
      const one = row(rule);
      rows.set(rule.key, one);
      return one;
    });
    const details = h('details', { class: 'group' }, h('summary', {}, h('h4', {}, heading), count), all);
    details.update = () => {
      const shown = all.filter((one) => !one.hidden);
      const changed = all.filter((one) => one.changed).length;
      say(count, `${many(shown.length, 'setting')}${changed ? `, ${changed} changed` : ''}`);
      show(details, shown.length > 0);
      if (find.value.trim()) details.open = true;
      if (all.some((one) => one.contains(document.activeElement) || !one.querySelector(':scope > .error').hidden)) details.open = true;
    };
    return details;
  }

  function update() {
    show(nothing, !draft.settings);
    show(tools, draft.settings);
    show(groups, draft.settings);
    for (const one of rows.values()) one.update(draft);
    for (const details of groups.children) details.update();
    element.classList.toggle('pending', draft.pending);
  }
  watch(update);

  element.load = async () => {
    if (rows.size) return;
    const [table, all] = await Promise.all([allRules(), allPresets()]);
    if (rows.size) return;
    presets = all;
    groups.append(...table.map(group));
    update();
  };
  update();
  return element;
}
