// Waveform with playback, mel spectrogram, and pitch drawn over it. uPlot's plotting area is what the
// other two are laid out on, so that a moment of time stands at one place in all three.

import WaveSurfer from '/assets/wavesurfer.esm.js';
import Spectrogram from '/assets/spectrogram.esm.js';
import { RATE, wav } from './sound.js';
import { element } from './view.js';

const HEIGHT = { wave: 88, spectrogram: 220, axis: 30, above: 10 };
const WINDOW = 512; // 32 ms at RATE: harmonics are told apart, syllables too
const PITCH_HZ = [50, 400];

const mel = (hz) => 2595 * Math.log10(1 + hz / 700);
const hz = (mel) => 700 * (10 ** (mel / 2595) - 1);

const property = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// 256 steps from the paper to the ink, so that silence is paper in light and dark alike.
function colourMap() {
  const [from, to] = ['silence', 'sound'].map((name) => property(name).match(/\w\w/g).map((two) => parseInt(two, 16) / 255));
  const step = (at) => [...from.map((start, i) => start + (to[i] - start) * (at / 255) ** 1.4), 1];
  return Array.from({ length: 256 }, (_, at) => step(at));
}

// Draws `samples`; `moved` is called with the position in seconds, `played` with whether it plays.
export function draw(samples, { moved, played }) {
  const duration = samples.length / RATE;
  const wave = WaveSurfer.create({
    container: element('wave'),
    height: HEIGHT.wave,
    waveColor: property('wave'),
    progressColor: property('accent'),
    cursorColor: property('ink'),
    normalize: true,
    dragToSeek: true,
    sampleRate: RATE,
  });
  const spectrogram = Spectrogram.create({
    container: element('spectrogram'),
    height: HEIGHT.spectrogram,
    fftSamples: WINDOW,
    scale: 'mel',
    autoGain: true,
    rangeDB: 65,
    preEmphasis: 3,
    colorMap: colourMap(),
  });
  // A column stands for the middle of its window; the plugin stretches the columns from the very
  // beginning to the very end, where no middle of a window can be.
  element('spectrogram').style.transform = `scaleX(${Math.max(0, 1 - WINDOW / samples.length)})`;
  wave.registerPlugin(spectrogram);

  const pitch = axes(duration, element('picture').clientWidth);
  const follow = (time) => {
    pitch.setCursor({ left: pitch.valToPos(time, 'x'), top: 0 });
    moved(time, duration);
  };
  // Of seeks that come faster than Chromium seeks, some get lost; so the last is asked for again, and what
  // is reported in between is not where the person wants to be.
  const media = wave.getMediaElement();
  let wanted = null;
  const seek = (time) => {
    wanted = Math.max(0, Math.min(duration, time));
    if (!media.seeking) wave.setTime(wanted);
    follow(wanted);
  };
  media.addEventListener('seeked', () => {
    const again = wanted;
    wanted = null;
    if (again !== null && Math.abs(media.currentTime - again) > 0.02) wave.setTime(again);
  });
  wave.on('timeupdate', (time) => { if (wanted === null) follow(time); });
  pitch.over.addEventListener('click', (event) => seek(pitch.posToVal(event.offsetX, 'x')));
  wave.on('play', () => {
    wanted = null;
    played(true);
  });
  wave.on('pause', () => played(false));
  // What was decoded is what is played: recordings of browsers state no length, and cannot be sought in.
  wave.loadBlob(wav(samples, RATE), [samples], duration).then(() => follow(wave.getCurrentTime()), () => {});

  const resizing = new ResizeObserver(([{ contentRect }]) => {
    pitch.setSize({ width: contentRect.width, height: pitch.height });
    pitch.setCursor({ left: pitch.valToPos(wave.getCurrentTime(), 'x'), top: 0 });
  });
  resizing.observe(element('picture'));

  return {
    playPause: () => wave.playPause(),
    play(from, to) {
      wanted = null;
      wave.play(from, to)?.catch(() => {}); // a browser may want to be touched first
    },
    seek,
    time: () => wave.getCurrentTime(),
    // F0 in Hz every `step_s`, null where there is none.
    setPitch({ step_s, f0_hz }) {
      pitch.setData([f0_hz.map((_, frame) => frame * step_s), f0_hz, f0_hz]);
      const voiced = f0_hz.filter((f0) => f0 !== null).sort((a, b) => a - b);
      const [low, middle, high] = [0.05, 0.5, 0.95].map((share) => voiced[Math.floor(share * voiced.length)]?.toFixed(0));
      const words = voiced.length ? `median ${middle} Hz, mostly ${low} to ${high}` : 'nothing is voiced';
      element('pitch-words').textContent = `Pitch (F0), Hz: ${words}`;
      element('picture').ariaLabel = `Spectrogram and pitch; ${words}`;
    },
    destroy() {
      resizing.disconnect();
      wave.destroy();
      pitch.destroy();
      element('spectrogram').replaceChildren();
    },
  };
}

function axes(duration, width) {
  const size = () => parseFloat(property('side')); // what the waveform leaves free on both sides
  const ticks = { show: true, stroke: property('line'), width: 1, size: 4 };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { font, grid: { show: false }, ticks, stroke: property('muted'), gap: 4 };
  const marks = [50, 100, 200, 300, 400, 600, 800, 1000];
  const highest = (u, min, max) => [PITCH_HZ[0], Math.max(PITCH_HZ[1], Math.ceil((max ?? 0) / 100) * 100)];
  const line = { scale: 'f0', spanGaps: false, points: { show: false } };
  return new uPlot({
    width,
    height: HEIGHT.above + HEIGHT.spectrogram + HEIGHT.axis,
    padding: [HEIGHT.above, 0, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false },
      // The line of the cursor is the position of the playback, not of the mouse.
      bind: { mousemove: () => null, mouseleave: () => null, mouseenter: () => null, dblclick: () => null },
    },
    scales: {
      x: { time: false, range: () => [0, duration] },
      mel: { auto: false, range: () => [0, RATE / 2], distr: 100, fwd: mel, bwd: hz },
      f0: { range: highest },
    },
    series: [
      {},
      // The halo keeps the line apart from the dark of a vowel.
      { ...line, stroke: property('silence'), width: 5 },
      { ...line, stroke: property('f0'), width: 2.25 },
    ],
    axes: [
      { ...axis, size: HEIGHT.axis, values: (u, splits) => splits.map((s) => `${s} s`), space: 70 },
      { ...axis, scale: 'mel', side: 3, size, splits: () => [0, 500, 1000, 2000, 4000, 8000], filter: (u, splits) => splits, values: (u, splits) => splits.map(String) },
      { ...axis, scale: 'f0', side: 1, size, stroke: property('f0'), splits: (u, i, min, max) => marks.filter((mark) => mark <= max) },
    ],
  }, [[0], [null], [null]], element('pitch'));
}
