// Live mode: the microphone's samples go to the server as they come, and every second an answer to the last three comes back.

import { Failure } from './api.js';
import * as microphone from './microphone.js';
import { levelDb, pcm } from './sound.js';

const SECONDS = 3;
// Below this level nobody is speaking, and the model would name the emotion of the room.
const QUIET_DB = -55;
// A server that has gone is looked for again after so many milliseconds.
const AGAIN = 2000;
// Bytes that may wait to be sent. A slow line is to carry the present, not a queue of the past.
const MOST_WAITING = 1 << 20;

const meanDb = (levels) => 10 * Math.log10(levels.reduce((sum, db) => sum + 10 ** (db / 10), 0) / levels.length);

const address = (rate) => {
  const url = new URL(`/api/live?rate=${rate}&window=${SECONDS}&hop=1&latest=true`, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return url;
};

// `show` is given { prediction, latency_ms } or { quiet: true } for each second, `fail` what went
// wrong and null when it is over. Resolves to the function that stops it.
export async function start(tell, show, fail, onEnd) {
  const open = await microphone.open(tell, onEnd);
  const rate = open.context.sampleRate;
  let socket;
  let sent = 0; // samples, on this socket
  let again;
  let levels = []; // of the pieces of the last seconds
  let stopped = false;
  let said = null; // what the server says is wrong

  const connect = () => {
    socket = new WebSocket(address(rate), 'sentire');
    socket.binaryType = 'arraybuffer';
    sent = 0;
    socket.addEventListener('open', () => fail(null));
    socket.addEventListener('message', ({ data }) => {
      const { error, ...prediction } = JSON.parse(data);
      said = error ? new Failure(error) : null;
      fail(said);
      if (error) return;
      if (meanDb(levels) < QUIET_DB) return show({ quiet: true });
      show({ prediction, latency_ms: 1000 * (sent / rate - prediction.end) });
    });
    socket.addEventListener('close', () => {
      if (stopped) return;
      fail(said ?? new Failure('The server does not answer. Is it still running?'));
      again = setTimeout(connect, AGAIN);
    });
  };
  const take = (samples) => {
    levels.push(levelDb(samples));
    levels = levels.slice(-Math.ceil((SECONDS * rate) / samples.length));
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST_WAITING) return;
    socket.send(pcm(samples));
    sent += samples.length;
  };
  try {
    await microphone.listen(open, take);
  } catch (cause) {
    await open.close();
    throw cause;
  }
  connect();

  return async () => {
    stopped = true;
    clearTimeout(again);
    socket.close();
    await open.close();
  };
}
