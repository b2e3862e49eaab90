// The page in a browser, as a person uses it. SENTIRE_URL is a running server (see ./run); SENTIRE and
// SENTIRE_MODEL, where they are set, the program and the model that it serves.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const { SENTIRE, SENTIRE_MODEL, SENTIRE_URL: SERVER } = process.env;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const AUDIO = join(ROOT, 'tests/audio');
const DEMO = join(ROOT, 'corpora/demo');
const SHOTS = join(ROOT, 'outputs/browser');
const AXE = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };
const RATE = 16000;

const work = mkdtempSync(join(tmpdir(), 'sentire-browser-'));

// Writes 16-bit WAV, channels interleaved.
function wav(name, samples, channels = 1) {
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + 2 * samples.length, 4);
  head.write('WAVEfmt ', 8);
  [[16, 16], [24, RATE], [28, 2 * channels * RATE], [40, 2 * samples.length]].forEach(([at, value]) => head.writeUInt32LE(value, at));
  [[20, 1], [22, channels], [32, 2 * channels], [34, 16]].forEach(([at, value]) => head.writeUInt16LE(value, at));
  head.write('data', 36);
  const path = join(work, name);
  const pcm = Int16Array.from(samples, (sample) => 32767 * Math.max(-1, Math.min(1, sample)));
  writeFileSync(path, Buffer.concat([head, Buffer.from(pcm.buffer)]));
  return path;
}

// A voice of 150 Hz from 1 to 2 s, in 3 s of silence.
const voiced = (at) => {
  const t = at / RATE;
  const harmonics = Array.from({ length: 20 }, (_, k) => Math.sin(2 * Math.PI * 150 * (k + 1) * t) / (k + 1));
  return t < 1 || t > 2 ? 0 : harmonics.reduce((a, b) => a + b) / 4;
};

function launch(microphone) {
  const args = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  if (microphone) args.push(`--use-file-for-fake-audio-capture=${microphone}`);
  if (process.getuid() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
}

describe('the page', { timeout: 600_000 }, () => {
  let browser;
  const speech = join(work, 'speech.wav');
  const long = join(work, 'long.wav');

  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    // Chromium itself decodes the demo corpus, for a microphone and a recording of more than 6 s.
    const decoding = await launch();
    const page = await decoding.newPage();
    await page.goto(SERVER);
    const clips = {};
    for (const name of ['f1_happy_s1', 'f1_sad_s2', 'm1_angry_s3', 'm2_neutral_s1', 'f2_happy_s2', 'm3_sad_s3', 'f3_angry_s1']) {
      const bytes = [...readFileSync(join(DEMO, `${name}.flac`))];
      clips[name] = await page.evaluate(async (bytes) => {
        const { channels, mean } = await import('/assets/sound.js');
        return [...mean(await channels(new Blob([Uint8Array.from(bytes)])))];
      }, bytes);
    }
    await decoding.close();
    const pause = new Array(RATE).fill(0);
    wav('long.wav', Object.values(clips).flatMap((clip) => [...clip, ...pause]));
    // Two people in turn, each on a channel of their own.
    const turns = ['f1_happy_s1', 'm1_angry_s3', 'f1_sad_s2', 'm2_neutral_s1'].map((name) => [...clips[name], ...pause]);
    const sides = turns.map((turn, at) => turn.flatMap((x) => at % 2 ? [0, x] : [x, 0]));
    wav('call.wav', [...sides.flat(), ...sides.flat()], 2);
    wav('speech.wav', [...clips.f1_happy_s1, ...clips.m1_angry_s3, ...clips.f3_angry_s1]);
    browser = await launch(speech);
  });

  after(async () => {
    await browser?.close();
    rmSync(work, { recursive: true });
  });

  // A page that must not complain. `refused` is for tests in which the server refuses, which the
  // console tells, too.
  async function open(t, { refused = false, of = browser, prepare = () => {}, ...options } = {}) {
    const context = await of.newContext({ viewport: WIDE, ...options });
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      const expected = refused && message.text().startsWith('Failed to load resource');
      if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text());
    });
    await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    }));
    await page.addInitScript(prepare);
    await page.goto(SERVER);
    t.after(async () => {
      await context.close();
      assert.deepEqual(complaints, []);
    });
    return page;
  }

  const result = (page) => page.waitForSelector('#result:not([hidden])');
  async function upload(page, path) {
    await page.setInputFiles('#file', path);
    await result(page);
  }

  const failure = async (page, words) => {
    const pattern = { source: words.source };
    await page.waitForFunction(({ source }) => new RegExp(source).test(document.getElementById('failure').textContent), pattern, { timeout: 20_000 });
  };

  // What holds in every state: nothing to scroll sideways for, no serious violation of accessibility.
  async function sound(page, state) {
    await page.waitForTimeout(500); // transitions, which axe would catch half-way
    await page.screenshot({ path: join(SHOTS, `${state}.png`), fullPage: true });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wider <= 0, `${state}: ${wider} px too wide`);
    await page.evaluate(AXE);
    const violations = await page.evaluate(async () => (await axe.run()).violations.map(({ id, impact, nodes }) => (
      { id, impact, where: nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`) })));
    assert.deepEqual(violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)), [], state);
  }

  for (const name of ['s16.wav', 'mp3.mp3', 'music.opus', 'messenger.ogg', 'browser.webm', 'reference.flac']) {
    test(`${name} is answered and drawn`, async (t) => {
      const page = await open(t);
      await upload(page, join(AUDIO, name));
      assert.equal(await page.textContent('#name'), name);
      const probabilities = await page.locator('#bars .number').allTextContents();
      assert.ok(Math.abs(probabilities.map(Number).reduce((a, b) => a + b) - 1) < 0.03, probabilities.join());
      assert.match(await page.textContent('#label'), new RegExp(`^${await page.locator('#bars .of').first().textContent()}`));
      assert.ok(await page.locator('#reasons li').count() > 0);
      assert.match(await page.locator('#reasons .side').first().textContent(), /^[+−] (for|against) \w+odds [×÷]/);
      await page.waitForSelector('#spectrogram canvas');
      assert.ok(await page.isHidden('#timeline'));
    });
  }

  test('what the browser cannot play is answered, and the page says why there is no picture', async (t) => {
    const page = await open(t);
    await upload(page, join(AUDIO, 'big_endian.sph'));
    assert.ok(await page.isVisible('#unplayable'));
    assert.ok(await page.isHidden('#sound'));
    await upload(page, join(AUDIO, 's16.wav'));
    assert.ok(await page.isHidden('#unplayable'));
  });

  test('a dropped file is taken', async (t) => {
    const page = await open(t);
    const transfer = await page.evaluateHandle((bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bytes)], 'dropped.wav'));
      return transfer;
    }, [...readFileSync(join(AUDIO, 's16.wav'))]);
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
    await result(page);
    assert.equal(await page.textContent('#name'), 'dropped.wav');
  });

  // The command line on a file, on standard input and on a folder; a program's two requests; the page.
  const skip = !(SENTIRE && SENTIRE_MODEL) && 'SENTIRE and SENTIRE_MODEL do not name the program and the model that is served';
  test('a recording gets one answer, whichever way it is asked for', { skip }, async (t) => {
    const recordings = [...['s16.wav', 'mp3.mp3', 'messenger.ogg'].map((name) => join(AUDIO, name)), join(DEMO, 'f1_happy_s1.flac')];
    const sentire = (args, input) => execFileSync(SENTIRE, [...args, '-q', '-m', SENTIRE_MODEL], { input, encoding: 'utf8' });
    const post = async (body) => (await fetch(new URL('/api/predict', SERVER), { method: 'POST', body })).json();

    const folder = join(work, 'recordings');
    mkdirSync(folder);
    recordings.forEach((path) => copyFileSync(path, join(folder, basename(path))));
    sentire(['score', folder, '-o', join(work, 'scores.csv')]);
    // Up to the last column that is looked at, no cell has a comma in it.
    const [columns, ...rows] = readFileSync(join(work, 'scores.csv'), 'utf8').trim().split('\n').map((line) => line.split(','));
    const scored = (name) => {
      const row = rows.find(([file]) => file === name).map((cell, at) => [columns[at], cell]);
      const probabilities = row.filter(([column]) => column?.startsWith('p_')).map(([column, p]) => [column.slice(2), Number(p)]);
      return { label: Object.fromEntries(row).label, probabilities: Object.fromEntries(probabilities) };
    };

    const page = await open(t);
    let farthest = 0;
    for (const path of recordings) {
      const name = basename(path);
      const bytes = readFileSync(path);
      const form = new FormData();
      form.append('file', new Blob([bytes]), name);
      const [response] = await Promise.all([page.waitForResponse('**/api/predict*'), upload(page, path)]);
      const first = JSON.parse(sentire(['predict', path, '--json']));
      const others = {
        'standard input': JSON.parse(sentire(['predict', '-', '--json'], bytes)),
        score: scored(name),
        body: await post(bytes),
        form: await post(form),
        page: await response.json(),
      };
      for (const [way, { label, probabilities }] of Object.entries(others)) {
        assert.equal(label, first.label, `${name}, ${way}`);
        assert.deepEqual(Object.keys(probabilities).sort(), Object.keys(first.probabilities).sort(), `${name}, ${way}`);
        for (const [emotion, p] of Object.entries(first.probabilities)) {
          const apart = Math.abs(probabilities[emotion] - p);
          assert.ok(apart < 1e-6, `${name}, ${way}: ${emotion} ${probabilities[emotion]}, not ${p}`);
          farthest = Math.max(farthest, apart);
        }
      }
      assert.equal(await page.evaluate(() => document.getElementById('label').firstChild.textContent), first.label);
      const shown = await page.locator('#bars li').evaluateAll((bars) => bars.map((bar) => (
        [bar.querySelector('.of').textContent, bar.querySelector('.number').textContent])));
      const rounded = Object.entries(first.probabilities).map(([emotion, p]) => [emotion, p.toFixed(2)]);
      assert.deepEqual(Object.fromEntries(shown), Object.fromEntries(rounded), name);
    }
    t.diagnostic(`at most ${farthest} apart`);
  });

  test('waveform, spectrogram and pitch stand at the same time', async (t) => {
    const page = await open(t);
    await upload(page, wav('voice.wav', Array.from({ length: 3 * RATE }, (_, at) => voiced(at))));
    await page.waitForTimeout(1000);
    await sound(page, 'voice');
    const times = await page.evaluate(() => {
      // First and last column of a canvas in which `is` finds a pixel, as a share of the plot's width.
      const plot = document.querySelector('#pitch .u-over').getBoundingClientRect();
      const span = (canvas, is) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        const place = canvas.getBoundingClientRect();
        const columns = [];
        for (let x = 0; x < width; x++) {
          const left = place.left + (x * place.width) / width;
          if (left < plot.left || left > plot.right) continue;
          for (let y = 0; y < height; y++) {
            if (is(data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4))) {
              columns.push((left - plot.left) / plot.width);
              break;
            }
          }
        }
        return [columns[0], columns.at(-1)];
      };
      const shadow = document.querySelector('#wave > div').shadowRoot;
      const waves = [...shadow.querySelectorAll('canvas')].map((canvas) => canvas.getBoundingClientRect());
      return {
        spectrogram: span(document.querySelector('#spectrogram canvas'), ([r, g, b, a]) => a > 0 && r + g + b < 300),
        pitch: span(document.querySelector('#pitch canvas'), ([r, g, b, a]) => a > 200 && r > 150 && b < 60),
        wave: [(waves[0].left - plot.left) / plot.width, (waves[0].right - plot.left) / plot.width],
      };
    });
    // 1 s and 2 s of 3. The window is 32 ms long and blurs the spectrogram by half of that; the server's pitch
    // wants a few periods.
    const near = ([from, to], expected, within_s, what) => {
      assert.ok(Math.abs(from - expected[0]) < within_s / 3 && Math.abs(to - expected[1]) < within_s / 3, `${what}: ${3 * from} to ${3 * to} s`);
    };
    near(times.spectrogram, [1 / 3, 2 / 3], 0.025, 'spectrogram');
    near(times.pitch, [1 / 3, 2 / 3], 0.05, 'pitch');
    near(times.wave, [0, 1], 0.01, 'waveform');
  });

  test('a long recording is shown turn by turn, to look at, to read and to play', async (t) => {
    const page = await open(t);
    await upload(page, long);
    const turns = await page.locator('#timeline .segment').count();
    assert.equal(turns, 7);
    assert.match(await page.textContent('#sums'), /^\d+\.\d s of speech, \d+ % sure/);
    await page.click('#windows summary');
    assert.equal(await page.locator('#rows tr').count(), turns);
    assert.ok(await page.isHidden('#of-channel'));
    await page.waitForFunction(() => document.getElementById('time').textContent !== '');
    // A click plays the turn, and says why.
    await page.locator('#timeline .segment').last().click();
    await page.waitForSelector('#turn-reasons li');
    const [from] = (await page.textContent('#turn-place')).match(/[\d.]+/);
    await page.waitForFunction((from) => Number.parseFloat(document.getElementById('time').textContent) >= from, Number(from) - 0.1);
    await page.waitForFunction(() => document.getElementById('play').textContent === 'Play');
    await page.locator('#rows button').first().click();
    await page.waitForFunction((from) => !document.getElementById('turn-place').textContent.startsWith(from), from);
    await sound(page, 'long');
  });

  test('a call has a lane for each side', async (t) => {
    const page = await open(t);
    await upload(page, join(work, 'call.wav'));
    assert.match(await page.textContent('#verdict'), /channels carry different voices/);
    assert.equal(await page.locator('#timeline .strip').count(), 2);
    for (const side of [0, 1]) {
      assert.equal(await page.locator('#timeline .strip').nth(side).locator('.segment').count(), 4);
    }
    const sums = await page.locator('#sums li').allTextContents();
    assert.match(sums[0], /^channel 0: \d+\.\d s of speech/);
    assert.match(sums[1], /^channel 1: /);
    await page.click('#windows summary');
    assert.deepEqual(await page.locator('#rows tr td:first-child').allTextContents(), ['0', '1', '0', '1', '0', '1', '0', '1']);
    await page.locator('#timeline .strip').nth(1).locator('.segment').first().click();
    await page.waitForSelector('#turn-reasons li');
    assert.match(await page.textContent('#turn-place'), /^channel 1, /);
    await sound(page, 'call');
  });

  test('the recording plays and pauses', async (t) => {
    const page = await open(t);
    await upload(page, long);
    await page.click('#play');
    await page.waitForFunction(() => Number.parseFloat(document.getElementById('time').textContent) > 0.5);
    await page.click('#play');
    await page.waitForFunction(() => document.getElementById('play').textContent === 'Play');
  });

  test('features are saved as CSV and Parquet', async (t) => {
    const page = await open(t);
    await upload(page, join(AUDIO, 's16.wav'));
    for (const [format, begins] of [['csv', 'file,'], ['parquet', 'PAR1']]) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(`#${format}`)]);
      assert.equal(download.suggestedFilename(), `s16.${format}`);
      assert.equal(readFileSync(await download.path()).subarray(0, begins.length).toString(), begins);
    }
  });

  test('a recording from the microphone is answered', async (t) => {
    const page = await open(t);
    await page.click('#record');
    await page.waitForFunction(() => document.getElementById('record').textContent === 'Stop and analyse');
    await page.waitForTimeout(3000);
    assert.match(await page.textContent('#level'), /dB/);
    await page.click('#record');
    await result(page);
    assert.equal(await page.textContent('#name'), 'your recording');
    const seconds = Number.parseFloat(await page.textContent('#length'));
    assert.ok(seconds > 2 && seconds < 6, `${seconds} s`);
    await page.waitForSelector('#spectrogram canvas');
  });

  for (const [name, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    test(`live mode answers every second and stops, ${name}`, async (t) => {
      const page = await open(t, { viewport });
      let answers = 0;
      let isOpen = false;
      page.on('websocket', (socket) => {
        isOpen = true;
        socket.on('framereceived', ({ payload }) => { answers += 1; assert.deepEqual(JSON.parse(payload).reasons, []); });
        socket.on('close', () => { isOpen = false; });
      });
      await page.click('#live');
      await page.waitForFunction(() => /^\d+ ms$/.test(document.getElementById('latency').textContent), null, { timeout: 15_000 });
      t.diagnostic(`answered in ${await page.textContent('#latency')}`);
      await page.waitForTimeout(3000);
      assert.ok(answers >= 3, `${answers} answers`);
      assert.ok(await page.locator('#history .segment').count() > 0);
      assert.match(await page.getAttribute('#history', 'aria-label'), /^Lately: \w/);
      await sound(page, `live-${name}`);
      await page.click('#live');
      assert.equal(await page.textContent('#live'), 'Live');
      await page.waitForTimeout(500);
      assert.equal(isOpen, false);
      const before = answers;
      await page.waitForTimeout(1500);
      assert.equal(answers, before);
    });
  }

  test('a quiet room is called quiet, whatever the server says', async (t) => {
    const of = await launch(wav('quiet.wav', Array.from({ length: 5 * RATE }, (_, at) => 0.0003 * Math.sin(at))));
    t.after(() => of.close());
    const page = await open(t, { of });
    await page.click('#live');
    await page.waitForFunction(() => document.getElementById('live-label').textContent === 'quiet', null, { timeout: 15_000 });
    await sound(page, 'quiet');
  });

  test('of silence and of a tone nothing is said for sure', async (t) => {
    const page = await open(t);
    const tone = Array.from({ length: 2 * RATE }, (_, at) => 0.2 * (Math.sin(0.137 * at) + Math.sin(0.173 * at)));
    let said;
    for (const [name, samples] of Object.entries({ 'silence.wav': tone.map(() => 0), 'tone.wav': tone })) {
      const [response] = await Promise.all([page.waitForResponse('**/api/predict*'), upload(page, wav(name, samples))]);
      said = await response.json();
      await page.waitForFunction((name) => document.getElementById('name').textContent === name, name);
      assert.match(await page.textContent('#label'), /^no speech/, name);
      assert.match(await page.textContent('#verdict'), /^Nobody speaks in it/, name);
    }
    await page.route('**/api/predict*', (route) => route.fulfill({ json: { ...said, truncated: true } }));
    await upload(page, wav('again.wav', tone));
    await page.waitForFunction(() => document.getElementById('name').textContent === 'again.wav');
    assert.match(await page.textContent('#label'), /no speech.*breaks off/);
    assert.match(await page.textContent('#verdict'), /breaks off; .* Nobody speaks in it/);
  });

  test('channels that cancel each other are told', async (t) => {
    const page = await open(t);
    const voice = Array.from({ length: 2 * RATE }, (_, at) => voiced(at));
    await upload(page, wav('inverted.wav', voice.flatMap((x) => [x, -x]), 2));
    assert.match(await page.textContent('#verdict'), /^Its channels cancel each other/);
  });

  test('what is no recording is refused in plain words', async (t) => {
    const page = await open(t, { refused: true });
    const garbage = join(work, 'garbage.wav');
    writeFileSync(garbage, 'garbage '.repeat(500));
    await page.setInputFiles('#file', garbage);
    await failure(page, /This (is not a recording that can be read|recording cannot be used)\.\s.*garbage\.wav/);
    assert.ok(await page.isHidden('#result'));
    await sound(page, 'refused');
    await upload(page, join(AUDIO, 's16.wav'));
    assert.equal(await page.textContent('#failure'), '');
  });

  test('what is too large is refused in plain words', async (t) => {
    const page = await open(t, { refused: true });
    const large = join(work, 'large.wav');
    writeFileSync(large, Buffer.alloc(51e6));
    await page.setInputFiles('#file', large);
    await failure(page, /larger than the server accepts|does not answer/);
    t.diagnostic(await page.textContent('#failure'));
  });

  test('a busy server is asked again', async (t) => {
    const page = await open(t, { refused: true });
    let refusals = 0;
    await page.route('**/api/predict*', (route) => (refusals++ < 2
      ? route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, json: { error: 'all workers are busy' } })
      : route.continue()));
    await page.setInputFiles('#file', join(AUDIO, 's16.wav'));
    await page.waitForFunction(() => document.getElementById('status').textContent.includes('trying again in 1 s'));
    await result(page);
    assert.equal(refusals, 3);
  });

  test('a server that is gone is missed, and found again', async (t) => {
    const page = await open(t, { refused: true });
    let isGone = true;
    await page.route('**/api/**', (route) => route.abort('connectionrefused'));
    await page.routeWebSocket(/\/api\/live/, (socket) => (isGone ? socket.close() : socket.connectToServer()));
    await page.setInputFiles('#file', join(AUDIO, 's16.wav'));
    await failure(page, /The server does not answer/);
    await page.click('#live');
    await page.waitForSelector('#live-panel:not([hidden])');
    await failure(page, /The server does not answer/);
    isGone = false;
    await failure(page, /^$/);
    await page.waitForFunction(() => document.getElementById('latency').textContent !== '–');
  });

  for (const [name, words] of Object.entries({
    NotAllowedError: /may not use the microphone/, NotFoundError: /No microphone was found/, NotReadableError: /in use by another program/,
  })) {
    test(`${name} is told in plain words`, async (t) => {
      const page = await open(t, { prepare: `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('x', '${name}'); }` });
      for (const button of ['#record', '#live']) {
        await page.click(button);
        await failure(page, words);
        assert.ok(await page.isEnabled('#choose'));
      }
    });
  }

  for (const [origin, isAllowed] of [['http://localhost:8009', true], ['http://localhost:8010', false]]) {
    test(`a page of ${origin} is ${isAllowed ? 'answered' : 'refused'}`, async (t) => {
      const other = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end('<title>another</title>'));
      await new Promise((done) => other.listen(new URL(origin).port, 'localhost', done));
      const context = await browser.newContext();
      t.after(async () => {
        await context.close();
        other.close();
      });
      const page = await context.newPage();
      await page.goto(origin);
      const said = await page.evaluate(async ([server, bytes]) => {
        const body = new FormData();
        body.append('file', new Blob([Uint8Array.from(bytes)]), 'x.wav');
        const label = await fetch(`${server}/api/predict`, { method: 'POST', body }).then((answer) => answer.json(), () => ({}));
        const socket = new WebSocket(`${server.replace('http', 'ws')}/api/live?rate=16000`, 'sentire');
        const opens = await new Promise((done) => {
          socket.onopen = () => done(true);
          socket.onerror = () => done(false);
        });
        return [typeof label.label === 'string', opens];
      }, [SERVER.replace(/\/$/, ''), [...readFileSync(join(AUDIO, 's16.wav'))]]);
      assert.deepEqual(said, [isAllowed, isAllowed]);
    });
  }

  test('a microphone that is unplugged ends the live mode', async (t) => {
    const page = await open(t, {
      prepare: () => {
        const media = navigator.mediaDevices;
        const open = media.getUserMedia.bind(media);
        media.getUserMedia = async (wanted) => { window.opened = await open(wanted); return window.opened; };
      },
    });
    await page.click('#live');
    await page.waitForSelector('#live-panel:not([hidden])');
    await page.evaluate(() => window.opened.getAudioTracks()[0].dispatchEvent(new Event('ended')));
    await failure(page, /The microphone is gone/);
    assert.ok(await page.isEnabled('#record'));
  });

  test('an insecure page says why there is no microphone', async (t) => {
    const page = await open(t, { prepare: 'Object.defineProperty(navigator, "mediaDevices", { value: undefined })' });
    await page.click('#live');
    await failure(page, /secure pages only/);
  });

  for (const colorScheme of ['light', 'dark']) {
    for (const [name, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
      test(`${colorScheme} and ${name}: empty, with a result, with the model`, async (t) => {
        const page = await open(t, { colorScheme, viewport, reducedMotion: name === 'narrow' ? 'reduce' : 'no-preference' });
        await page.waitForFunction(() => document.getElementById('facts').children.length > 0);
        await sound(page, `empty-${colorScheme}-${name}`);
        await upload(page, speech);
        await page.click('#card summary');
        assert.match(await page.textContent('#card'), /Not for judging people/);
        await sound(page, `result-${colorScheme}-${name}`);
      });
    }
  }

  test('the model says how it did on speakers and on corpora that it had not heard', async (t) => {
    const recall = { angry: 0.5, sad: 0.25 };
    const figures = { folds: 2, uar: 0.742, uar_ci95: [0.701, 0.8], accuracy: 0.76, ece: 0.03, recall };
    const card = {
      sentire: '0.1.0', trained: 'svm', classes: ['angry', 'happy', 'sad'], class_counts: [10, 20, 30],
      corpora: ['emodb', 'ravdess'], licences: { ravdess: 'CC BY-NC-SA 4.0' }, n: 60, speakers: 4, held_out: figures,
      unseen: { emovo: { ...figures, uar: 0.402, uar_ci95: [0.25, 0.571], accuracy: 0.384 }, '<b>own</b>': figures },
      unsure_below: 0.66, intended_use: 'Not for judging people.', date: null,
    };
    const page = await open(t);
    await page.route('**/api/model', (route) => route.fulfill({ json: card }));
    await page.reload();
    await page.click('#card summary');
    const names = await page.locator('#facts dt').allTextContents();
    const facts = await page.locator('#facts dd').allTextContents();
    assert.deepEqual(Object.fromEntries(names.map((name, at) => [name, facts[at]])), {
      'Intended use': 'Not for judging people.',
      Classifier: 'svm',
      'Learned from': '60 recordings of 4 speakers: emodb, ravdess (CC BY-NC-SA 4.0)',
      'On speakers it had not heard': '76 % recognised; averaged over emotions (UAR) 0.74, 95 % interval 0.70 to 0.80; probabilities off by 0.03 on average',
      'On emovo, which it had not heard at all': '38 % recognised; averaged over emotions (UAR) 0.40, 95 % interval 0.25 to 0.57; measured on angry, sad',
      'On <b>own</b>, which it had not heard at all': '76 % recognised; averaged over emotions (UAR) 0.74, 95 % interval 0.70 to 0.80; measured on angry, sad',
      'Unsure below': '0.66',
      'Version of sentire': '0.1.0',
    });
    assert.deepEqual(await page.locator('#classes td:last-child').allTextContents(), ['50 %', '–', '25 %']);
    await sound(page, 'card');
  });

  test('the picture follows a change of the colour scheme and of the width', async (t) => {
    const page = await open(t);
    await upload(page, speech);
    await page.waitForSelector('#spectrogram canvas');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize(NARROW);
    await sound(page, 'changed');
    const widths = await page.evaluate(() => ['#spectrogram', '#wave', '#pitch .u-over'].map((of) => Math.round(document.querySelector(of).getBoundingClientRect().left)));
    assert.ok(Math.max(...widths) - Math.min(...widths) <= 6, widths.join());
  });

  test('the keyboard is enough', async (t) => {
    const page = await open(t);
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'choose');
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(long);
    await result(page);
    await page.waitForFunction(() => document.activeElement.id === 'result' && document.getElementById('time').textContent !== '');
    const order = [];
    for (let step = 0; step < 6; step++) {
      await page.keyboard.press('Tab');
      order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.parentElement.id));
    }
    assert.deepEqual(order, ['play', 'position', 'windows', 'csv', 'parquet', 'card']);
    await page.focus('#position');
    for (let step = 0; step < 10; step++) await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.getElementById('time').textContent.startsWith('1.0'));
    await page.focus('#live');
    await page.keyboard.press('Space');
    await page.waitForSelector('#live-panel:not([hidden])');
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.getElementById('live').textContent === 'Live');
  });
});
