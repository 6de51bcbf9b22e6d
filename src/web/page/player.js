// A row that plays a sound: play or pause, position, length, download, and pictures on demand.

import { soundAt } from './api.js';
import { h, say, show, uid } from './dom.js';
import { clock } from './format.js';

let playing = null;

/** Ends what plays, so that something else can be heard. */
export function silence() {
  playing?.pause();
}

/**
 * A player of the sound `sound` (an address as docs/http.md has it). `role` is `theme` or `answer`
 * and colours it, `note` stands beside its name, `actions` are further controls at its end.
 */
export function player({ sound, name, note, seconds, role = '', actions = [], download = true, pictures, testid = 'player' }) {
  const audio = h('audio', { preload: 'none' });
  const button = h('button', { type: 'button', class: 'play', 'aria-label': `Play ${name}`, onclick: toggle });
  const position = h('input', {
    type: 'range', class: 'position', min: '0', max: String(seconds || 1), step: 'any', value: '0', 'aria-label': `Position in ${name}`,
  });
  const time = h('span', { class: 'time' });
  const fault = h('p', { class: 'error', role: 'alert', hidden: true });
  const title = h('span', { class: 'name' }, h('bdi', {}, name));
  const about = h('span', { class: 'note' }, note ?? '');
  const save = download && h('a', {
    class: 'icon download', href: soundAt(sound, '?download'), download: '', 'aria-label': `Download ${name}`, title: 'Download',
  });
  const row = h('div', { class: `player ${role}`, 'data-testid': testid, 'data-name': name },
    audio, button, h('div', { class: 'what' }, title, about), position, time,
    h('div', { class: 'actions' }, actions, save), fault);

  let length = seconds;
  let wanted = null;
  const shown = () => {
    const at = wanted ?? audio.currentTime;
    position.value = at;
    position.setAttribute('aria-valuetext', `${clock(at)} of ${clock(length)}`);
    say(time, audio.paused && !at ? clock(length) : `${clock(at)} / ${clock(length)}`);
  };
  const known = (value) => {
    if (!Number.isFinite(value) || value <= 0 || value === length) return;
    length = value;
    position.max = value;
    shown();
  };

  async function toggle() {
    if (!audio.paused) {
      audio.pause();
      return;
    }
    show(fault, false);
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    if (!audio.src) audio.src = soundAt(sound);
    try {
      await audio.play();
    } catch (error) {
      if (error.name === 'AbortError') return;
      say(fault, `This browser does not play ${name}. Download it to hear it.`);
      show(fault, true);
    }
  }

  const state = () => {
    row.classList.toggle('plays', !audio.paused);
    button.setAttribute('aria-label', `${audio.paused ? 'Play' : 'Pause'} ${name}`);
    shown();
  };
  audio.addEventListener('play', state);
  audio.addEventListener('pause', state);
  audio.addEventListener('ended', () => {
    audio.currentTime = 0;
    state();
  });
  audio.addEventListener('durationchange', () => known(audio.duration));
  audio.addEventListener('loadedmetadata', () => {
    if (wanted != null) audio.currentTime = wanted;
    wanted = null;
  });
  audio.addEventListener('timeupdate', shown);
  position.addEventListener('input', () => {
    if (audio.readyState) audio.currentTime = Number(position.value);
    else wanted = Number(position.value);
    shown();
  });
  shown();

  row.audio = audio;
  row.length = known;
  row.leave = () => {
    audio.pause();
    audio.removeAttribute('src');
    if (playing === audio) playing = null;
  };
  row.tell = (text) => say(about, text);
  if (!pictures) return row;
  return withPictures(row, sound, name, pictures);
}

function withPictures(row, sound, name, { panels, open = false }) {
  const id = uid('pictures');
  const place = h('div', { id, hidden: true });
  const set = (is) => {
    if (is && !place.firstChild) place.append(picture(sound, name, panels));
    show(place, is);
    toggle.setAttribute('aria-expanded', String(is));
  };
  const toggle = h('button', {
    type: 'button', class: 'icon see', 'aria-expanded': 'false', 'aria-controls': id, 'aria-label': `Picture of ${name}`, title: 'Picture',
    onclick: () => set(place.hidden),
  });
  row.querySelector('.actions').prepend(toggle);
  set(open);
  return Object.assign(h('div', { class: 'sounding' }, row, place), {
    audio: row.audio, length: row.length, leave: row.leave, tell: row.tell, picture: set,
  });
}

const WORDS = { waveform: 'waveform', spectrogram: 'spectrogram', chroma: 'pitch classes over time' };

/** The drawing of a sound's panels, which opens larger by itself. */
export function picture(sound, name, panels) {
  const words = panels.map((panel) => WORDS[panel]).join(' and ');
  const address = soundAt(sound, `?picture=${panels.join(',')}`);
  const image = h('img', { src: address, alt: `${words} of ${name}`, loading: 'lazy', class: `panels-${panels.length}` });
  const fault = h('p', { class: 'hint', hidden: true }, `There is no picture of ${name}.`);
  const link = h('a', { href: address, target: '_blank', rel: 'noopener', class: 'picture', title: 'Open this picture by itself' }, image);
  image.addEventListener('error', () => {
    show(link, false);
    show(fault, true);
  });
  return h('div', {}, link, fault);
}
