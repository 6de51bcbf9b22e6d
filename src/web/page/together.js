// Several sounds at once, each some seconds after the one before it: by WebAudio, so that they
// keep their distance.

import { soundAt } from './api.js';
import { announce, button, errorPlace, h, labelled, say } from './dom.js';
import { plain } from './format.js';
import { silence } from './player.js';

let context = null;
let stopAll = null;
// A player that starts is to be heard alone.
document.addEventListener('play', () => stopAll?.(), true);

/**
 * Controls that play what `chosen()` returns, `[{sound, name}]`, together.
 */
export function together(chosen) {
  const errors = errorPlace();
  const stagger = h('input', { type: 'number', min: '0', max: '60', step: '0.1', value: '0' });
  const status = h('span', { class: 'note' });
  let sources = [];

  const stop = () => {
    for (const source of sources) {
      source.onended = null;
      source.stop();
    }
    sources = [];
    play.label('Play together');
    say(status, '');
    if (stopAll === stop) stopAll = null;
  };

  const play = button('Play together', async () => {
    if (sources.length) {
      stop();
      return;
    }
    const sounds = chosen();
    if (!sounds.length) throw new Error('Tick the sounds that are to be heard together.');
    silence();
    stopAll?.();
    context ??= new AudioContext();
    await context.resume();
    const buffers = await Promise.all(sounds.map(({ sound, name }) => decoded(sound, name)));
    const between = Math.max(0, Number(stagger.value) || 0);
    // So many at once would be louder than full scale.
    const gain = new GainNode(context, { gain: 1 / Math.sqrt(buffers.length) });
    gain.connect(context.destination);
    const begin = context.currentTime + 0.1;
    let last = 0;
    sources = buffers.map((buffer, index) => {
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(gain);
      source.start(begin + index * between);
      last = Math.max(last, index * between + buffer.duration);
      return source;
    });
    let sounding = sources.length;
    for (const source of sources) source.onended = () => --sounding || stop();
    stopAll = stop;
    play.label('Stop');
    say(status, `${sounds.length} together, ${plain(last, 1)} s`);
    announce(`${sounds.length} sounds play together.`);
  }, { errors, busy: 'Loading…', 'data-testid': 'play-together' });

  const element = h('div', { class: 'together' },
    h('div', { class: 'line' }, labelled('Each begins so many seconds after the one before', stagger), play, status), errors);
  element.leave = stop;
  return element;
}

const buffers = new Map();

async function decoded(sound, name) {
  if (!buffers.has(sound)) {
    const loading = fetch(soundAt(sound)).then(async (response) => {
      if (!response.ok) throw new Error(`${name} cannot be loaded.`);
      return context.decodeAudioData(await response.arrayBuffer());
    });
    loading.catch(() => buffers.delete(sound));
    buffers.set(sound, loading);
    // An hour of sound is much memory: only the last ones are kept.
    if (buffers.size > 12) buffers.delete(buffers.keys().next().value);
  }
  try {
    return await buffers.get(sound);
  } catch (error) {
    throw error.name === 'EncodingError' ? new Error(`This browser does not decode ${name}.`) : error;
  }
}
