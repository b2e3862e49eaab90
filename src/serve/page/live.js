// Live mode: every second a prediction of the microphone's last three.

import * as api from './api.js';
import * as microphone from './microphone.js';
import { levelDb, wav } from './sound.js';

const SECONDS = 3;
// Below this level nobody is speaking, and the model would name the emotion of the room.
const QUIET_DB = -55;

// `show` is given { prediction, latency_ms } or { quiet: true } for each second, `fail` what went
// wrong and null when it is over. Resolves to the function that stops it.
export async function start(tell, show, fail, onEnd) {
  const open = await microphone.open(tell, onEnd);
  let latest;
  try {
    latest = await microphone.listen(open, SECONDS);
  } catch (cause) {
    await open.close();
    throw cause;
  }
  const stopping = new AbortController();
  let asking = false;
  let failed = false;
  let wait_until = 0;

  const ask = async () => {
    const samples = latest();
    // A slow server is asked about the present, not about a queue of the past.
    if (!samples || asking || performance.now() < wait_until) return;
    if (levelDb(samples) < QUIET_DB) return show({ quiet: true });
    asking = true;
    const asked = performance.now();
    try {
      const sound = new File([wav(samples, open.context.sampleRate)], 'live.wav', { type: 'audio/wav' });
      const prediction = await api.predict(sound, { reasons: false, signal: stopping.signal });
      show({ prediction, latency_ms: performance.now() - asked });
      if (failed) fail(null);
      failed = false;
    } catch (failure) {
      if (stopping.signal.aborted) return;
      failed = true;
      wait_until = performance.now() + 1000 * (failure.retry_s ?? 0);
      fail(failure);
    } finally {
      asking = false;
    }
  };
  const ticking = setInterval(ask, 1000);

  return async () => {
    clearInterval(ticking);
    stopping.abort();
    await open.close();
  };
}
