// A WAV file of 24 bits, of what was recorded.

/** `blocks` is a list of blocks, each a list of channels of as many samples. */
export function wav(blocks, sampleRate) {
  const channels = blocks[0]?.length ?? 1;
  const frames = blocks.reduce((sum, block) => sum + block[0].length, 0);
  const bytes = frames * channels * 3;
  const data = new DataView(new ArrayBuffer(44 + bytes + (bytes % 2)));
  const text = (at, letters) => [...letters].forEach((letter, index) => data.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  data.setUint32(4, data.byteLength - 8, true);
  text(8, 'WAVEfmt ');
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true);
  data.setUint16(22, channels, true);
  data.setUint32(24, sampleRate, true);
  data.setUint32(28, sampleRate * channels * 3, true);
  data.setUint16(32, channels * 3, true);
  data.setUint16(34, 24, true);
  text(36, 'data');
  data.setUint32(40, bytes, true);
  let at = 44;
  for (const block of blocks) {
    for (let frame = 0; frame < block[0].length; frame++) {
      for (let channel = 0; channel < channels; channel++) {
        const sample = Math.max(-1, Math.min(1, block[channel][frame]));
        const level = Math.round(sample * 0x7fffff);
        data.setUint8(at, level & 255);
        data.setInt16(at + 1, level >> 8, true);
        at += 3;
      }
    }
  }
  return new Blob([data.buffer], { type: 'audio/wav' });
}
