// The page: what its buttons do, and which of its parts are shown when.

import * as api from './api.js';
import * as live from './live.js';
import * as microphone from './microphone.js';
import { draw } from './plots.js';
import { RATE, channels, mean, wav } from './sound.js';
import * as view from './view.js';

const { element } = view;
// A longer recording is asked about turn by turn.
const LONG_S = 6;
const MINUTE = 60;

let plots = null; // of the recording that is shown
let shown = null; // { sound, sides, samples, prediction, lanes, contours } of it
let running = new AbortController(); // stops the analysis of a recording when another one comes
let stop = null; // stops what uses the microphone

// `seen` is false where the page shows it anyway, and only a screen reader has to be told.
function say(words, seen = true) {
  element('status').textContent = words;
  element('status').classList.toggle('unseen', !seen);
}
function fail(failure) {
  element('failure').textContent = failure?.message ?? '';
  if (failure) say('');
}

// ---- A recording

async function analyse(sound) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const options = { signal, waiting: say };
  fail(null);
  clear();
  say('Listening to the recording …');
  try {
    const sides = await channels(sound);
    const samples = sides && mean(sides);
    signal.throwIfAborted();
    const asked = api.contours(sound, options).catch(() => null); // a picture without pitch is one, too
    const turns = samples && samples.length / RATE > LONG_S;
    let prediction = await api.predict(sound, { ...options, turns });
    if (!samples && prediction.duration_s > LONG_S) {
      prediction = await api.predict(sound, { ...options, turns: true });
    }
    let lanes = [prediction];
    if (prediction.channels_differ) {
      lanes = (await api.predict(sound, { ...options, turns: true, each: true, reasons: false })).channels;
    }
    signal.throwIfAborted();
    shown = { sound, sides, samples, prediction, lanes, contours: null };
    show();
    say(`${sound.name}: ${[view.said(prediction), view.mark(prediction)].filter(Boolean).join(', ')}.`, false);
    element('result').focus({ preventScroll: true });
    element('result').scrollIntoView({ block: 'nearest' });
    shown.contours = await asked;
    signal.throwIfAborted();
    if (shown.contours) plots?.setPitch(shown.contours);
  } catch (failure) {
    if (signal.aborted) return;
    fail(failure);
  }
}

function clear() {
  plots?.destroy();
  plots = null;
  shown = null;
  element('result').hidden = true;
}

function show() {
  const { sound, samples, prediction, lanes } = shown;
  element('result').hidden = false;
  element('name').textContent = sound.name;
  element('length').textContent = view.seconds(prediction.duration_s);
  view.answer(element('label'), element('verdict'), element('bars'), prediction);
  element('why').hidden = !prediction.reasons.length;
  view.reasons(element('reasons'), prediction);
  element('sound').hidden = !samples;
  element('unplayable').hidden = Boolean(samples);
  if (samples) picture();

  const isCut = lanes.some((lane) => lane.windows.length);
  ['timeline', 'windows', 'sums'].forEach((id) => { element(id).hidden = !isCut; });
  element('turn').hidden = true;
  const pick = samples && ((turn, channel) => explain(turn, channel));
  view.lanes(element('timeline'), lanes, prediction.duration_s, pick);
  view.sums(element('sums'), lanes);
  view.table(element('rows'), lanes, pick);
}

// Plays a turn, and says why it is recognised as it is: of its sound alone the server is asked once more.
async function explain(turn, channel) {
  const { sides, samples } = shown;
  const [from, to] = [turn.start, turn.end].map((time) => Math.round(time * RATE));
  plots.play(turn.start, turn.end);
  view.turn(turn, channel);
  element('turn').hidden = false;
  try {
    const part = (channel === undefined ? samples : sides[channel]).subarray(from, to);
    const sound = new File([wav(part, RATE)], 'turn.wav', { type: 'audio/wav' });
    const answer = await api.predict(sound, { signal: running.signal });
    view.reasons(element('turn-reasons'), answer);
  } catch (failure) {
    if (!running.signal.aborted) fail(failure);
  }
}

// Draws the sound; again, where colours change.
function picture() {
  const time = plots?.time() ?? 0;
  plots?.destroy();
  const position = element('position');
  const moved = (time, duration) => {
    position.max = duration.toFixed(2);
    position.value = time;
    position.ariaValueText = view.seconds(time);
    element('timeline').style.setProperty('--at', `${(100 * time) / duration}%`);
    element('time').textContent = `${time.toFixed(1)} / ${view.seconds(duration)}`;
  };
  const played = (on) => { element('play').textContent = on ? 'Pause' : 'Play'; };
  plots = draw(shown.samples, { moved, played });
  if (shown.contours) plots.setPitch(shown.contours);
  if (time) plots.seek(time);
}

async function download(format) {
  const { sound } = shown;
  fail(null);
  try {
    const url = URL.createObjectURL(await api.features(sound, format));
    const link = view.make('a');
    link.href = url;
    link.download = `${sound.name.replace(/\.\w+$/, '')}.${format}`;
    link.click();
    URL.revokeObjectURL(url);
    say(`Features saved as ${link.download}.`, false);
  } catch (failure) {
    fail(failure);
  }
}

// ---- The microphone

function tell(db) {
  const shown = Math.max(-80, Math.min(0, db));
  element('meter').firstElementChild.ariaValueNow = shown.toFixed(0);
  element('meter').querySelector('i').style.width = `${(shown + 80) / 0.8}%`;
  element('level').textContent = `${shown.toFixed(0).replace('-', '−')} dBFS`;
}

// Both uses of the microphone: `begin` resolves to what ends it.
async function use(button, words, begin) {
  if (stop) return stop();
  const buttons = ['choose', 'record', 'live'].map(element);
  const idle = button.textContent;
  fail(null);
  buttons.forEach((other) => { other.disabled = other !== button; });
  const done = () => {
    stop = null;
    button.textContent = idle;
    button.classList.remove('on');
    buttons.forEach((other) => { other.disabled = false; });
    element('meter').hidden = true;
  };
  stop = () => {}; // until the microphone is open
  try {
    const end = await begin();
    stop = async () => {
      done();
      await end();
    };
    button.textContent = words;
    button.classList.add('on');
    element('meter').hidden = false;
  } catch (failure) {
    done();
    fail(failure);
  }
}

async function lost() {
  await stop?.();
  fail(new api.Failure('The microphone is gone. Plug it in, then try again.'));
}

const record = () => use(element('record'), 'Stop and analyse', async () => {
  const open = await microphone.open(tell, lost);
  const recording = microphone.record(open);
  running.abort();
  clear();
  element('live-panel').hidden = true;
  say('Recording.');
  return async () => {
    const sound = await recording.stop();
    await open.close();
    await analyse(sound);
  };
});

const listen = () => use(element('live'), 'Stop', async () => {
  const history = [];
  const began = performance.now();
  running.abort();
  clear();
  const on = ({ prediction, latency_ms, quiet }) => {
    const at = (performance.now() - began) / 1000;
    element('live-panel').classList.toggle('quiet', Boolean(quiet));
    if (quiet) {
      element('live-label').textContent = 'quiet';
      element('live-label').dataset.emotion = 'quiet';
      element('live-verdict').textContent = 'Nobody is speaking, or the microphone is turned down.';
      element('live-bars').replaceChildren();
    } else {
      view.answer(element('live-label'), element('live-verdict'), element('live-bars'), prediction);
      element('latency').textContent = `${latency_ms.toFixed(0)} ms`;
    }
    const { label, unsure } = quiet ? { label: 'quiet' } : { label: view.said(prediction), unsure: prediction.unsure };
    history.push({ label, unsure, start: history.at(-1)?.end ?? at - 1, end: at });
    while (history[0].end < at - MINUTE) history.shift();
    const runs = view.strip(element('history'), history, at - MINUTE, at);
    element('history').ariaLabel = `Lately: ${runs.slice(-5).map((run) => run.label).join(', ')}`;
  };
  const end = await live.start(tell, on, fail, lost);
  element('live-label').textContent = 'listening …';
  element('live-label').dataset.emotion = 'quiet';
  element('live-verdict').textContent = 'The first answer comes after three seconds.';
  element('live-bars').replaceChildren();
  element('history').replaceChildren();
  element('latency').textContent = '–';
  element('live-panel').hidden = false;
  say('Live: listening to the microphone.', false);
  return async () => {
    await end();
    fail(null);
    say('Live: stopped.', false);
  };
});

// ---- Wiring

element('choose').addEventListener('click', () => element('file').click());
element('file').addEventListener('change', ({ target }) => {
  const [sound] = target.files;
  target.value = ''; // so that the same file can be chosen again
  if (sound) receive(sound);
});
element('record').addEventListener('click', record);
element('live').addEventListener('click', listen);
element('play').addEventListener('click', () => plots?.playPause());
element('position').addEventListener('input', ({ target }) => plots?.seek(Number(target.value)));
element('csv').addEventListener('click', () => download('csv'));
element('parquet').addEventListener('click', () => download('parquet'));

function receive(sound) {
  if (stop) return fail(new api.Failure('The microphone is on: stop it first.'));
  element('live-panel').hidden = true;
  analyse(sound);
}

// dragenter and dragleave also fire for every child that is crossed; dragover alone says enough.
let dragging;
addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dropping');
  clearTimeout(dragging);
  dragging = setTimeout(() => document.body.classList.remove('dropping'), 300);
});
addEventListener('drop', (event) => {
  event.preventDefault();
  const [sound] = event.dataTransfer.files;
  if (sound) receive(sound);
});

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if (plots) picture(); });

api.model().then(view.card, fail);
