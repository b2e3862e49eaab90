// Hands the microphone's samples to the page, in pieces of about a twentieth of a second. A file of
// its own because an audio worklet is loaded as one.

const PIECE = 2048;

registerProcessor('capture', class extends AudioWorkletProcessor {
  piece = new Float32Array(PIECE);
  filled = 0;

  process([[samples]]) {
    if (samples) {
      // A quantum is 128 samples, which divides a piece.
      this.piece.set(samples, this.filled);
      this.filled += samples.length;
      if (this.filled === PIECE) {
        this.port.postMessage(this.piece);
        this.filled = 0;
      }
    }
    return true;
  }
});
