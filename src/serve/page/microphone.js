// The microphone: opening it, recording from it, and the worklet that hands its samples on.

import { Failure } from './api.js';
import { levelDb } from './sound.js';

const REFUSED = {
  NotAllowedError: 'The browser may not use the microphone. Allow it in the address bar, then try again.',
  NotFoundError: 'No microphone was found. Plug one in, then try again.',
  NotReadableError: 'The microphone is in use by another program.',
};

// The stream as the microphone gives it: gain control and noise suppression would change the very
// loudness and voice quality that the features measure.
const CONSTRAINTS = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } };

// `tell` is called with the level in dB ten times a second. `onEnd`, when the device goes away.
export async function open(tell, onEnd) {
  if (!navigator.mediaDevices) {
    throw new Failure('Browsers give the microphone to secure pages only: open this one at http://localhost or over https.');
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
  } catch (cause) {
    throw new Failure(REFUSED[cause.name] ?? `The microphone cannot be used (${cause.message}).`);
  }
  const context = new AudioContext();
  await context.resume();
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  source.connect(analyser);
  const latest = new Float32Array(analyser.fftSize);
  const ticking = setInterval(() => {
    analyser.getFloatTimeDomainData(latest);
    tell(levelDb(latest));
  }, 100);
  stream.getAudioTracks()[0].addEventListener('ended', onEnd);
  const close = () => {
    clearInterval(ticking);
    stream.getTracks().forEach((track) => track.stop());
    return context.close();
  };
  return { stream, context, source, close };
}

// Records in the browser's own format, which the server decodes. `stop` gives the file.
export function record({ stream }) {
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
  recorder.start();
  const stop = () => new Promise((done) => {
    const finish = () => done(new File(parts, 'your recording', { type: recorder.mimeType }));
    if (recorder.state === 'inactive') return finish(); // its device went away
    recorder.addEventListener('stop', finish);
    recorder.stop();
  });
  return { stop };
}

// Hands the microphone's samples to `take`, in pieces of about a twentieth of a second.
export async function listen({ context, source }, take) {
  await context.audioWorklet.addModule('/assets/capture.js');
  const capture = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
  capture.port.onmessage = ({ data }) => take(data);
  source.connect(capture);
}
