// The settings that are being chosen: a preset and what differs from it, as a file would have
// them. The server says what follows from them; the browser keeps them over a reload.

import { get, post } from './api.js';
import { calm, memory } from './dom.js';

export const draft = {
  /** `{"preset": …, key: value, …}`, or null before a preset was chosen. */
  settings: memory.get('settings', null),
  /** What the server last said of settings that it understood; null before that. */
  check: null,
  /** Why it refused those that are there now, with the `key` at fault; null if it did not. */
  refusal: null,
  /** Whether the server has not yet said what it thinks of a change. */
  pending: false,
  /** Hz of most of what the chosen recordings last, which settings may follow; null before it is known. */
  rate: null,
  recordings: new Set(memory.get('recordings', [])),
  minutes: memory.get('minutes', ''),
  name: memory.get('name', ''),
};

let presets = null;
let rules = null;
let turn = 0;
const listeners = [];

/** Calls `f` whenever something about the draft has changed. */
export function watch(f) {
  listeners.push(f);
}

export function tell() {
  for (const f of listeners) f(draft);
}

/** The presets, asked for once. */
export const allPresets = () => (presets ??= get('/api/presets').catch((error) => {
  presets = null;
  throw error;
}));

/** The table of hyperparameters, asked for once. */
export const allRules = () => (rules ??= get('/api/rules').catch((error) => {
  rules = null;
  throw error;
}));

export function keep(key, value) {
  memory.set(key, value instanceof Set ? [...value] : value);
}

async function check() {
  const mine = ++turn;
  if (!draft.settings) return;
  try {
    const said = await post(`/api/settings/check${draft.rate ? `?rate=${draft.rate}` : ''}`, draft.settings);
    if (mine !== turn) return;
    draft.check = said;
    draft.refusal = null;
  } catch (error) {
    if (mine !== turn) return;
    draft.refusal = error;
  }
  draft.pending = false;
  tell();
}
const checkSoon = calm(check, 250);

/** Replaces all settings. */
export function choose(settings) {
  draft.settings = settings;
  keep('settings', settings);
  draft.pending = true;
  tell();
  return check();
}

/** Changes one setting; undefined gives back what follows from the preset and the others. */
export function change(key, value) {
  const settings = { ...(draft.settings ?? {}) };
  if (value === undefined) delete settings[key];
  else settings[key] = value;
  draft.settings = settings;
  keep('settings', settings);
  // An answer that is on its way is one to other settings.
  turn++;
  draft.pending = true;
  tell();
  checkSoon();
}

/** Says that what is typed at `key` is no value at all. */
export function misunderstood(key, sentence) {
  turn++;
  draft.refusal = Object.assign(new Error(sentence), { key, typed: true });
  draft.pending = false;
  tell();
}

/** The chosen recordings have this rate; what follows from the settings may depend on it. */
export function follow(rate) {
  if (rate === draft.rate) return;
  draft.rate = rate;
  if (draft.settings && draft.check?.values.sample_rate === 0) checkSoon();
}

/** Asks once more, after the server was away or at the beginning. */
export const recheck = () => draft.settings && check();

/**
 * Takes settings from a file. Where it names no preset, the nearest one is named, so that it can
 * be said what differs from it; what would not follow from that one stays as the file has it.
 */
export async function load(settings) {
  if (!settings || typeof settings !== 'object' || Array.isArray(settings)) throw new Error('The file holds no settings: they are a JSON object.');
  if (settings.preset) return choose(settings);
  const said = await post('/api/settings/check', settings);
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const differing = ({ values }) => Object.keys(said.values).filter((key) => !same(values[key], said.values[key]));
  const near = (await allPresets()).filter((preset) => preset.approach === said.approach);
  const nearest = near.reduce((best, preset) => (!best || differing(preset).length < differing(best).length ? preset : best), null);
  if (!nearest) return choose(settings);
  const short = { preset: nearest.name };
  for (const key of differing(nearest)) if (key in settings) short[key] = settings[key];
  try {
    const again = await post('/api/settings/check', short);
    for (const key of Object.keys(settings)) if (!same(again.values[key], said.values[key])) short[key] = settings[key];
  } catch {
    Object.assign(short, settings);
  }
  return choose(short);
}
