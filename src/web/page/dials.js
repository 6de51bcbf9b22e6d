// How an answer is to be: sliders with numbers, and the plan that they make (docs/variations.md).

import { h, labelled, memory, show, uid } from './dom.js';
import { plain } from './format.js';

/** The forms that a guide has, in the order in which a set goes through them. */
const GUIDES = [
  ['loop', 'the seed, again and again'], ['once', 'the seed once, then free'], ['reverse', 'the seed backwards'],
  ['stretch', 'the seed, as long as the answer'], ['notes', 'the seed\'s notes in another order'],
];

/**
 * A slider with a number beside it. With `free`, a box under that name leaves the value to the
 * model, as it does until one of them is moved.
 */
function dial({ label, low, high, step, value, free, hint, testid, changed }) {
  const id = uid('dial');
  const slide = h('input', { type: 'range', min: String(low), max: String(high), step: String(step), value: String(value), 'aria-label': `${label}, slider` });
  const number = h('input', { type: 'number', id, min: String(low), step: 'any', value: String(value), inputmode: 'decimal', 'data-testid': testid });
  const box = free && h('input', { type: 'checkbox', id: uid('free'), checked: true, 'data-testid': `${testid}-free`, onchange: () => told() });
  const about = hint && h('p', { class: 'hint', id: uid('hint') }, hint);
  if (about) number.setAttribute('aria-describedby', about.id);
  const element = h('div', { class: 'dial' },
    h('label', { for: id }, label), slide, number,
    box && h('span', { class: 'choice' }, box, h('label', { for: box.id }, free)), about);
  const told = () => {
    element.classList.toggle('free', Boolean(box?.checked));
    changed();
  };
  const moved = (from, to) => from.addEventListener('input', () => {
    if (from.value === '') return;
    to.value = from.value;
    if (box) box.checked = false;
    told();
  });
  moved(slide, number);
  moved(number, slide);
  element.classList.toggle('free', Boolean(box?.checked));
  element.value = () => (box?.checked || number.value === '' ? null : Number(number.value));
  element.state = () => [number.value, Boolean(box?.checked)];
  element.restore = ([text, isFree]) => {
    number.value = slide.value = text;
    if (box) box.checked = isFree;
    element.classList.toggle('free', Boolean(box?.checked));
  };
  return element;
}

/** All controls; `plan()` is what they say, without the model. */
export function dials(changed) {
  const told = () => {
    update();
    memory.set('dials', state());
    changed();
  };
  const one = (options) => dial({ ...options, changed: told });
  const select = (entries, attributes = {}) => h('select', { ...attributes, onchange: told }, entries.map(([value, text]) => h('option', { value }, text)));

  const count = one({ label: 'Variations', low: 1, high: 24, step: 1, value: 3, testid: 'variations' });
  const differ = select([
    ['anew', 'the same settings, drawn anew'], ['follow', 'from free to close: follow is spread'],
    ['temperature', 'from tame to wild: temperature is spread'], ['guides', 'what they follow: each form of the seed in turn'],
  ], { 'data-testid': 'differ' });
  const follow = one({
    label: 'Follow', low: 0, high: 1, step: 0.01, value: 0.5, free: 'as the model does', testid: 'follow',
    hint: '0 goes its own way, 1 goes with the seed\'s notes and their rhythm as closely as the model can.',
  });
  const moves = h('input', { type: 'checkbox', id: uid('moves'), onchange: told });
  const moving = h('div', { class: 'choice' }, moves, h('label', { for: moves.id }, 'It changes during the answer'));
  const followEnd = one({ label: 'Follow in the end', low: 0, high: 1, step: 0.01, value: 0, testid: 'follow-end' });
  const followTime = one({ label: 'Reached after so many seconds', low: 0, high: 60, step: 0.5, value: 8, testid: 'follow-time' });
  const followLow = one({ label: 'Follow of the first', low: 0, high: 1, step: 0.01, value: 0, testid: 'follow-low' });
  const followHigh = one({ label: 'Follow of the last', low: 0, high: 1, step: 0.01, value: 1, testid: 'follow-high' });
  const temperature = one({
    label: 'Temperature', low: 0.1, high: 2, step: 0.01, value: 1, free: 'as the model does', testid: 'temperature',
    hint: 'Below 1 the likely becomes likelier, and the answer tamer.',
  });
  const tame = one({ label: 'Temperature of the first', low: 0.1, high: 2, step: 0.01, value: 0.6, testid: 'temperature-low' });
  const wild = one({ label: 'Temperature of the last', low: 0.1, high: 2, step: 0.01, value: 1.4, testid: 'temperature-high' });
  const unit = select([['seconds', 'seconds'], ['times', 'times the seed']], { 'data-testid': 'unit' });
  const seconds = one({ label: 'Length in seconds', low: 1, high: 120, step: 1, value: 10, testid: 'seconds' });
  const times = one({ label: 'Length in lengths of the seed', low: 0.5, high: 10, step: 0.5, value: 2, testid: 'times' });
  const guide = select([['', 'as the model does'], ...GUIDES], { 'data-testid': 'guide' });
  const transpose = one({ label: 'Transposed by semitones', low: -24, high: 24, step: 1, value: 0, testid: 'transpose' });
  const ending = select([['', 'where it is quiet'], ['exact', 'exactly at the length'], ['raw', 'exactly, without fades']], { 'data-testid': 'ending' });
  const chance = h('input', { type: 'number', min: '0', step: '1', placeholder: '0', oninput: told, 'data-testid': 'random-seed' });
  const differing = labelled('How they differ', differ);
  const guiding = labelled('What they follow', guide);
  const element = h('div', { class: 'dials' }, count, differing,
    follow, moving, followEnd, followTime, followLow, followHigh, temperature, tame, wild,
    labelled('Length counted in', unit), seconds, times,
    h('details', {}, h('summary', {}, 'More'), guiding, transpose, labelled('It ends', ending),
      labelled('Random seed', chance, 'Another number draws other answers to the same seed.')));

  const all = { count, follow, followEnd, followTime, followLow, followHigh, temperature, tame, wild, seconds, times, transpose };
  const chosen = { differ, unit, guide, ending, chance };
  const state = () => ({
    dials: Object.fromEntries(Object.entries(all).map(([key, made]) => [key, made.state()])),
    chosen: Object.fromEntries(Object.entries(chosen).map(([key, control]) => [key, control.value])),
    moves: moves.checked,
  });

  function update() {
    const several = count.value() > 1;
    const how = several ? differ.value : 'anew';
    show(differing, several);
    show(follow, how !== 'follow');
    show(moving, how !== 'follow' && follow.value() != null);
    const ramp = !moving.hidden && moves.checked;
    show(followEnd, ramp);
    show(followTime, ramp);
    show(followLow, how === 'follow');
    show(followHigh, how === 'follow');
    show(temperature, how !== 'temperature');
    show(tame, how === 'temperature');
    show(wild, how === 'temperature');
    show(seconds, unit.value === 'seconds');
    show(times, unit.value === 'times');
    show(guiding, how !== 'guides');
  }

  element.plan = () => {
    const n = Math.max(1, Math.round(count.value() ?? 1));
    const how = n > 1 ? differ.value : 'anew';
    const made = unit.value === 'seconds' ? { seconds: seconds.value() } : { times: times.value() };
    const spread = (a, b) => Array.from({ length: n }, (_, index) => Number(plain(a + ((b - a) * index) / (n - 1), 3)));
    if (how !== 'follow' && follow.value() != null) {
      made.follow = moves.checked ? [[0, follow.value()], [followTime.value(), followEnd.value()]] : follow.value();
    }
    if (how !== 'temperature' && temperature.value() != null) made.temperature = temperature.value();
    if (how !== 'guides' && guide.value) made.guide = guide.value;
    if (transpose.value()) made.guide_transpose = transpose.value();
    if (ending.value) made.ending = ending.value;
    if (Number(chance.value)) made.random_seed = Number(chance.value);
    if (how === 'follow') made.variations = spread(followLow.value(), followHigh.value()).map((value) => ({ follow: value }));
    else if (how === 'temperature') made.variations = spread(tame.value(), wild.value()).map((value) => ({ temperature: value }));
    else if (how === 'guides') made.variations = Array.from({ length: n }, (_, index) => ({ guide: GUIDES[index % GUIDES.length][0] }));
    else if (n > 1) made.variations = n;
    return made;
  };
  element.limit = ({ longest_answer: longest, most_variations: most }) => {
    seconds.querySelector('input[type=number]').max = longest;
    count.querySelector('input[type=number]').max = most;
  };

  const before = memory.get('dials', null);
  if (before) {
    for (const [key, made] of Object.entries(all)) if (before.dials?.[key]) made.restore(before.dials[key]);
    for (const [key, control] of Object.entries(chosen)) if (before.chosen?.[key] != null) control.value = before.chosen[key];
    moves.checked = Boolean(before.moves);
  }
  update();
  return element;
}
