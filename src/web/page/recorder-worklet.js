// Runs beside the sound: hands what the microphone hears to the page, some thousand samples at once.

const SIZE = 4096;

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.blocks = null;
    this.filled = 0;
    this.ends = false;
    this.port.onmessage = () => (this.ends = true);
  }

  process([input]) {
    if (input.length) {
      // A device may change from one channel to two: the take goes on with what it began with.
      this.blocks ??= input.map(() => new Float32Array(SIZE));
      this.blocks.forEach((block, index) => block.set(input[Math.min(index, input.length - 1)], this.filled));
      this.filled += input[0].length;
    }
    if (this.blocks && (this.filled === SIZE || (this.ends && this.filled))) this.hand();
    if (!this.ends) return true;
    this.port.postMessage(null);
    return false;
  }

  hand() {
    this.port.postMessage(this.blocks.map((block) => block.slice(0, this.filled)));
    this.filled = 0;
  }
}

registerProcessor('antiphon-recorder', Recorder);
