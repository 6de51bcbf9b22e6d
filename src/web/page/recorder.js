// Records from the microphone: a button, a level, and the take as a WAV file.

import { announce, button, errorPlace, h, labelled, say, show } from './dom.js';
import { clock } from './format.js';
import { silence } from './player.js';
import { wav } from './wav.js';

/** Longer takes would be more than a browser's memory should hold. */
const LONGEST = 600;

const REFUSALS = {
  NotAllowedError: 'The browser was not allowed to hear the microphone. Allow it in the browser\'s settings of this page, and record again.',
  NotFoundError: 'There is no microphone on this machine.',
  NotReadableError: 'The microphone is there, but another program holds it.',
};

function impossible() {
  if (!isSecureContext) {
    return 'The microphone cannot be heard here: browsers allow it only on the machine itself (http://localhost) or over https. Record with another program, and drop the file.';
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) return 'This browser cannot record. Record with another program, and drop the file.';
  return null;
}

/** Controls to record with; `done(name, blob)` gets the take, and may refuse it. */
export function recorder(done) {
  const reason = impossible();
  if (reason) return h('p', { class: 'hint', 'data-testid': 'no-microphone' }, reason);

  const errors = errorPlace();
  const name = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '150', placeholder: 'take', 'data-testid': 'take-name' });
  const level = h('div', { class: 'level', role: 'meter', 'aria-label': 'Level', 'aria-valuemin': '-60', 'aria-valuemax': '0', 'aria-valuenow': '-60' }, h('div', {}));
  const time = h('span', { class: 'time', role: 'timer' }, '0:00');
  const loud = h('span', { class: 'error', hidden: true }, 'Too loud: it clips.');
  const meter = h('div', { class: 'line metering' }, level, time, loud);
  let take = null;
  let unsent = null;

  const record = button('Record', async () => {
    if (take) await take.end();
    else await begin();
  }, { errors, class: 'record', busy: 'Please wait…', 'data-testid': 'record' });
  const again = button('Send the take again', () => send(unsent.name, unsent.blob), { errors, busy: 'Sending…', hidden: true });
  const save = h('a', { class: 'button', hidden: true }, 'Save the take on this machine');

  async function begin() {
    silence();
    let stream;
    try {
      // What makes speech clear in a conversation spoils music.
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    } catch (error) {
      throw new Error(REFUSALS[error.name] ?? `The microphone cannot be heard: ${error.message}`);
    }
    const context = new AudioContext();
    const stopHearing = () => {
      stream.getTracks().forEach((track) => track.stop());
      context.close();
    };
    try {
      // Whoever has been asked for the microphone meanwhile has clicked too long ago: Firefox and Safari wait for this.
      await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 3000))]);
      if (context.state !== 'running') throw new Error('it finds no device that plays sound, by whose clock it records');
      await context.audioWorklet.addModule('/assets/recorder-worklet.js');
    } catch (error) {
      stopHearing();
      throw new Error(`This browser cannot record: ${error.message}`);
    }
    const node = new AudioWorkletNode(context, 'antiphon-recorder', { numberOfInputs: 1, numberOfOutputs: 1 });
    // It says nothing, but what leads nowhere is not computed.
    context.createMediaStreamSource(stream).connect(node).connect(context.destination);
    const blocks = [];
    let frames = 0;
    let finished;
    const ended = new Promise((resolve) => (finished = resolve));
    node.port.onmessage = ({ data }) => {
      if (!data) {
        finished();
        return;
      }
      blocks.push(data);
      frames += data[0].length;
      meterOf(data, frames / context.sampleRate);
      if (frames / context.sampleRate > LONGEST && take) take.end();
    };
    const [track] = stream.getAudioTracks();
    track.onended = () => take?.end();
    show(loud, false);
    record.label('Stop recording');
    record.classList.add('on');
    announce('Recording.');
    take = {
      end: async () => {
        const rate = context.sampleRate;
        take = null;
        node.port.postMessage('end');
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1000))]);
        node.port.onmessage = null;
        stopHearing();
        meterOf([[0]], 0);
        record.label('Record');
        record.classList.remove('on');
        if (!frames) throw new Error('Nothing was recorded: the microphone gave no sound.');
        await send(`${name.value.trim() || 'take'}-${stamp()}.wav`, wav(blocks, rate));
      },
    };
  }

  function meterOf(channels, seconds) {
    const peak = channels.reduce((most, channel) => channel.reduce((m, x) => Math.max(m, Math.abs(x)), most), 0);
    const db = Math.max(-60, 20 * Math.log10(peak || 1e-6));
    level.firstChild.style.transform = `scaleX(${(db + 60) / 60})`;
    level.setAttribute('aria-valuenow', db.toFixed(0));
    level.setAttribute('aria-valuetext', `${db.toFixed(0)} dB`);
    say(time, clock(seconds));
    if (peak >= 0.999) show(loud, true);
  }

  async function send(called, blob) {
    try {
      await done(called, blob);
      unsent = null;
    } catch (error) {
      // What was played once is not to be lost because a cable was.
      unsent = { name: called, blob };
      if (save.href) URL.revokeObjectURL(save.href);
      save.href = URL.createObjectURL(blob);
      save.download = called;
      throw error;
    } finally {
      show(again, unsent);
      show(save, unsent);
    }
  }

  addEventListener('beforeunload', (event) => (take || unsent) && event.preventDefault());
  return h('div', { class: 'recorder' }, h('div', { class: 'line' }, labelled('Name of the take', name), record, again, save), meter, errors);
}

const stamp = () => new Date().toTimeString().slice(0, 8).replaceAll(':', '');
