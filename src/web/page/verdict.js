// What `antiphon judge` says of a prediction, in words.

import { get, path } from './api.js';
import { h } from './dom.js';
import { plain } from './format.js';

const CRITERIA = [
  ['criterion_1', 'Free from artefacts'],
  ['criterion_2', 'Resembles the recordings'],
  ['criterion_3', 'Is not a copy of them'],
];
const YES = { High: 'yes', Medium: 'partly', Low: 'no' };

const known = new Map();

/** Asks for the verdict on a prediction of a run; kept here as well. */
export function verdictOf(run, file) {
  const address = `/api/runs/${path(run)}/verdict/${path(file)}`;
  if (!known.has(address)) {
    const asked = get(address);
    asked.catch(() => known.delete(address));
    known.set(address, asked);
  }
  return known.get(address);
}

/** The verdict as a list: one entry for each recording where they differ, the worst of each otherwise. */
export function verdict(judged) {
  const all = Array.isArray(judged) ? judged : [judged];
  return h('div', { class: 'verdict', 'data-testid': 'verdict' }, all.map((one) => {
    const beside = all.length > 1 && one.training ? h('p', { class: 'hint' }, 'Beside ', h('bdi', {}, one.training.split('/').pop())) : null;
    return [beside, h('dl', {}, CRITERIA.map(([key, words]) => {
      const { score, reasons = [] } = one.verdict?.[key] ?? {};
      return h('div', { class: `score ${(score ?? 'none').toLowerCase()}` },
        h('dt', {}, words), h('dd', {}, h('strong', {}, YES[score] ?? 'unknown'), reasons.length ? `, ${reasons.join('; ')}` : ''));
    })), h('p', { class: 'hint' }, numbers(one))];
  }));
}

function numbers(one) {
  return [
    ['alive', one.alive], ['resemble', one.resemble], ['chroma', one.chroma], ['flat', one.flat_ratio], ['literal', one.literal],
  ].filter(([, value]) => typeof value === 'number').map(([name, value]) => `${name} ${plain(value, 2)}`).join(' · ');
}
