// A row that plays a sound: play or pause, position, length, download, and pictures on demand.

import { facts, soundAt } from './api.js';
import { calm, h, say, show, uid } from './dom.js';
import { clock } from './format.js';

let playing = null;

/** Ends what plays, so that something else can be heard. */
export function silence() {
  playing?.pause();
}

/**
 * A player of the sound `sound` (an address as docs/http.md has it). `role` is `theme` or `answer`
 * and colours it, `note` stands beside its name, `actions` are further controls, `pictures` says
 * which panels can be seen and whether they are from the beginning.
 */
export function player({ sound, name, note, seconds, role = '', actions = [], download = true, pictures, testid = 'player' }) {
  const audio = h('audio', { preload: 'none' });
  const button = h('button', { type: 'button', class: 'play', 'aria-label': `Play ${name}`, onclick: toggle });
  const position = h('input', {
    type: 'range', class: 'position', min: '0', max: String(seconds || 1), step: 'any', value: '0', 'aria-label': `Position in ${name}`,
  });
  const time = h('span', { class: 'time' });
  const fault = h('p', { class: 'error', role: 'alert', hidden: true });
  const about = h('span', { class: 'note' }, note ?? '');
  const icons = h('div', { class: 'icons' }, download && h('a', {
    class: 'icon download', href: soundAt(sound, '?download'), download: '', 'aria-label': `Download ${name}`, title: 'Download',
  }));
  const row = h('div', { class: `player ${role}`, 'data-testid': testid, 'data-name': name },
    audio, button, h('div', { class: 'what' }, h('span', { class: 'name' }, h('bdi', {}, name)), about), position, time,
    actions.length ? h('div', { class: 'actions' }, actions) : null, icons, fault);
  const element = h('div', { class: 'sounding' }, row);

  let length = seconds;
  let wanted = null;
  const shown = () => {
    const at = wanted ?? audio.currentTime;
    position.value = at;
    position.setAttribute('aria-valuetext', `${clock(at)} of ${clock(length)}`);
    say(time, audio.paused && !at ? clock(length) : `${clock(at)} / ${clock(length)}`);
  };
  element.length = (value) => {
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
    if (playing !== audio) silence();
    playing = audio;
    if (!audio.src) audio.src = soundAt(sound);
    try {
      await audio.play();
    } catch (error) {
      if (error.name === 'AbortError') return;
      say(fault, `This browser cannot play ${name}. Download it to hear it.`);
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
  audio.addEventListener('durationchange', () => element.length(audio.duration));
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
  if (seconds === undefined) facts(sound).then((known) => element.length(known.seconds), () => {});

  element.leave = () => {
    audio.pause();
    audio.removeAttribute('src');
    if (playing === audio) playing = null;
  };
  element.busy = () => !audio.paused;
  element.tell = (text) => say(about, text);
  if (pictures) addPictures(element, icons, sound, name, pictures);
  return element;
}

function addPictures(element, icons, sound, name, { panels, open = false }) {
  const id = uid('pictures');
  const place = h('div', { id, hidden: true });
  // It is drawn when it is known how much room there is, which is when it is seen.
  let drawn = 0;
  const draw = () => {
    const width = place.clientWidth && rounded(place.clientWidth);
    if (!width || width === drawn) return;
    drawn = width;
    place.replaceChildren(picture(sound, name, panels, width));
  };
  // While a window is drawn wider, not at each pixel.
  const drawSoon = calm(draw, 300);
  const seen = new ResizeObserver(() => (drawn ? drawSoon() : draw()));
  element.picture = (is) => {
    show(place, is);
    if (is) seen.observe(place);
    else seen.unobserve(place);
    toggle.setAttribute('aria-expanded', String(is));
  };
  const toggle = h('button', {
    type: 'button', class: 'icon see', 'aria-expanded': 'false', 'aria-controls': id, 'aria-label': `Picture of ${name}`, title: 'Picture',
    onclick: () => element.picture(place.hidden),
  });
  icons.prepend(toggle);
  element.append(place);
  element.picture(open);
}

const WORDS = { waveform: 'waveform', spectrogram: 'spectrogram', chroma: 'pitch classes over time' };

/** As wide as its place, so that its letters can be read; rounded, so that a picture that is kept serves again. */
const rounded = (room) => Math.min(1120, Math.max(320, Math.ceil(room / 80) * 80));

/** The drawing of a sound's panels, which opens larger by itself. */
function picture(sound, name, panels, width) {
  const words = panels.map((panel) => WORDS[panel]).join(' and ');
  const address = soundAt(sound, `?picture=${panels.join(',')}`);
  const image = h('img', { src: `${address}&width=${width}`, alt: `${words[0].toUpperCase()}${words.slice(1)} of ${name}`, loading: 'lazy' });
  const link = h('a', { href: address, target: '_blank', rel: 'noopener', class: 'picture', title: 'Open this picture by itself' }, image);
  const fault = h('p', { class: 'hint', hidden: true }, `There is no picture of ${name}.`);
  image.addEventListener('error', () => {
    show(link, false);
    show(fault, true);
  });
  return h('div', {}, link, fault);
}
