// Samples: decoding, WAV, level.

// What the models hear, whatever the recording was made at.
export const RATE = 16000;

// The server reads less than this; decoding more would only fill the memory.
const LARGEST_BYTES = 60e6;

// The samples of each channel at RATE, or null where the browser does not know the format.
export async function channels(blob) {
  if (blob.size > LARGEST_BYTES) return null;
  try {
    const decoded = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await blob.arrayBuffer());
    const all = Array.from({ length: decoded.numberOfChannels }, (_, channel) => decoded.getChannelData(channel));
    return decoded.length ? all : null;
  } catch {
    return null;
  }
}

export function mean(channels) {
  const mono = new Float32Array(channels[0].length);
  for (const samples of channels) {
    for (let at = 0; at < mono.length; at++) mono[at] += samples[at] / channels.length;
  }
  return mono;
}

// 16-bit samples, little-endian.
export function pcm(samples) {
  const bytes = new DataView(new ArrayBuffer(2 * samples.length));
  samples.forEach((sample, at) => {
    bytes.setInt16(2 * at, Math.max(-32768, Math.min(32767, Math.round(32768 * sample))), true);
  });
  return bytes.buffer;
}

// 16-bit mono WAV.
export function wav(samples, rate) {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, i) => head.setUint8(at + i, letter.charCodeAt(0)));
  text(0, 'RIFF');
  head.setUint32(4, 36 + 2 * samples.length, true);
  text(8, 'WAVEfmt ');
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true); // PCM
  head.setUint16(22, 1, true); // channels
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * rate, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  text(36, 'data');
  head.setUint32(40, 2 * samples.length, true);
  return new Blob([head, pcm(samples)], { type: 'audio/wav' });
}

// Root mean square in dB below full scale.
export function levelDb(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return 10 * Math.log10(Math.max(power, 1e-12));
}
