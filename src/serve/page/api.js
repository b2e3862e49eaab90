// Requests to the server, and what went wrong with them in words for a person.

const SAID = {
  401: 'This server wants its token. Load this page again, and give the token as the password.',
  408: 'The upload took too long. Try a shorter recording.',
  413: 'This recording is larger than the server accepts.',
  415: 'This is not a recording that can be read.',
  422: 'This recording cannot be used.',
  503: 'The server is busy. Try again in a moment.',
};

const RETRIES = 3;

// What a person is told of. `retry_s` is there where the same may work after so many seconds.
export class Failure extends Error {}

async function request(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    throw new Failure('The server does not answer. Is it still running?');
  }
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({}));
  const words = SAID[answer.status] ?? `The server answered with an error (${answer.status}).`;
  const failure = new Failure(error ? `${words}\n${error}` : words);
  if (answer.status === 503) failure.retry_s = Number(answer.headers.get('Retry-After')) || 1;
  throw failure;
}

// Posts a recording. A busy server is asked again when it says so; `waiting` is told of it.
async function post(path, sound, { signal, waiting } = {}) {
  const body = new FormData();
  body.append('file', sound, sound.name ?? 'recording.webm');
  for (let attempt = 0; ; attempt++) {
    try {
      return await request(path, { method: 'POST', body, signal });
    } catch (failure) {
      if (!failure.retry_s || attempt === RETRIES || !waiting) throw failure;
      waiting(`The server is busy; trying again in ${failure.retry_s} s.`);
      await new Promise((done) => setTimeout(done, 1000 * failure.retry_s));
      signal?.throwIfAborted();
    }
  }
}

export const model = async () => (await request('/api/model')).json();

// `turns` adds what each turn is recognised as, `each` asks for every channel; without `reasons` the answer comes sooner.
export async function predict(sound, { turns = false, each = false, reasons = true, ...options } = {}) {
  const query = new URLSearchParams(turns ? { segment: 'speech' } : {});
  if (each) query.set('channel', 'each');
  if (!reasons) query.set('reasons', false);
  return (await post(`/api/predict?${query}`, sound, options)).json();
}

export const contours = async (sound, options) => (await post('/api/contours', sound, options)).json();

export const features = async (sound, format) => (await post(`/api/features?format=${format}`, sound)).blob();
