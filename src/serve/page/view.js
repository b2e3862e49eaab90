// What a prediction and a model say, in words, bars and segments.

export const element = (id) => document.getElementById(id);

// make('li', 'name', child, ...): text is never read as HTML, whatever a file is called.
export function make(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const number = (p) => p?.toFixed(2) ?? '–';
const percent = (p) => `${Math.round(100 * p)} %`;
export const seconds = (s) => `${s.toFixed(1)} s`;
const escaped = (label) => label.toLowerCase().replace(/\W/g, '-');

let model = null; // the card, once it is here

// Each emotion has a colour of its own; of a word that style.css does not know, the plain one.
const coloured = (node, label) => {
  node.dataset.emotion = escaped(label);
  return node;
};

// What a prediction says in a few words: its class, or its numbers, or that nobody speaks.
export const said = ({ label, values, verdict }) => verdict === 'no_speech' ? 'no speech' : label ??
  Object.entries(values ?? {}).map(([name, { value }]) => `${name} ${number(value)}`).join(', ');

// Nine in ten true numbers lie within so many standard errors (src/model/values.rs).
const REACH = 1.645;

// A number within the range of the training, and the interval that holds nine in ten true numbers.
function ranges(list, values) {
  list.replaceChildren(...Object.entries(values).map(([name, { value, std }]) => {
    const { smallest, largest } = model?.targets?.find((target) => target.name === name) ?? { smallest: value - 1, largest: value + 1 };
    const share = (at) => Math.min(1, Math.max(0, (at - smallest) / (largest - smallest)));
    const [low, high] = [value - REACH * std, value + REACH * std];
    const interval = make('i', 'interval');
    interval.style.marginLeft = `${100 * share(low)}%`;
    interval.style.width = `${100 * (share(high) - share(low))}%`;
    const at = make('b');
    at.style.left = `${100 * share(value)}%`;
    const track = make('span', 'track range', interval, at);
    track.ariaHidden = 'true';
    const item = make('li', '', make('span', 'of', name), track, make('span', 'number', number(value)));
    item.title = `${name} ${number(value)}; nine in ten true numbers lie between ${number(low)} and ${number(high)}`;
    return item;
  }));
}

export function bars(list, { probabilities, values }) {
  if (values) return ranges(list, values);
  const sorted = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  list.replaceChildren(...sorted.map(([label, p]) => {
    const fill = make('i');
    fill.style.width = `${100 * p}%`;
    const track = make('span', 'track', fill);
    track.ariaHidden = 'true';
    return coloured(make('li', '', make('span', 'of', label), track, make('span', 'number', number(p))), label);
  }));
}

// What is to be said beside an answer that is not sure.
export const mark = ({ verdict }) => ({ unsure: 'unsure', out_of_domain: 'out of domain' })[verdict];

function explained({ values, verdict, truncated, channels_cancel, channels_differ }) {
  const words = [];
  if (truncated) words.push('The recording breaks off; this is said of what there is of it.');
  if (channels_cancel) words.push('Its channels cancel each other when they are averaged; this is said of one of them.');
  if (channels_differ) words.push('Its channels carry different voices; this is said of their mean, and further down of each.');
  if (verdict === 'no_speech') {
    words.push('Nobody speaks in it, so there is nothing to recognise.');
    return words.join(' ');
  }
  if (verdict === 'unsure') {
    const bar = model && model.unsure_below < 1 ? ` From ${number(model.unsure_below)} on, ${reliable()}.` : '';
    words.push(`Only a guess: one as hesitant as this is too often wrong.${bar}`);
  }
  if (verdict === 'out_of_domain') {
    words.push('I have not heard recordings like this: another kind of speech, another microphone, or no speech. This is what I would guess; do not rely on it.');
  }
  if (values) {
    words.push('The bars go from the smallest to the largest number that was learned from; nine in ten true numbers lie within the shaded part.');
  } else if (verdict === 'sure') words.push(`At this probability ${reliable()}.`);
  return words.join(' ');
}

// What is known of answers that are sure.
const reliable = () => model?.held_out_by === 'corpus'
  ? 'it was right at least two times in three about voices and languages that it had not learned from'
  : 'it errs at most half as often as in general';

export function answer(label, words, bars_, prediction) {
  const marked = mark(prediction);
  label.replaceChildren(said(prediction), ...(marked ? [make('span', 'mark', marked)] : []),
    ...(prediction.truncated ? [make('span', 'mark', 'breaks off')] : []));
  coloured(label, prediction.label ?? '');
  words.textContent = explained(prediction);
  bars(bars_, prediction);
}

// An effect is a difference of log odds: e to its power is how many times the odds it makes. Of numbers it is in
// standard deviations.
export function reasons(list, { reasons, label }) {
  list.replaceChildren(...reasons.map(({ effect, target, text, meaning }) => {
    if (target) {
      const side = effect >= 0 ? 'for' : 'against';
      return make('li', side,
        make('span', 'side', `${effect >= 0 ? '+' : '−'} ${target}`, make('span', 'number', `${number(Math.abs(effect))} sd`)),
        make('span', 'text', text), make('span', 'meaning', meaning));
    }
    const side = effect >= 0 ? 'for' : 'against';
    const times = Math.exp(Math.abs(effect));
    const odds = `odds ${effect >= 0 ? '×' : '÷'} ${times < 100 ? times.toFixed(1) : 'over 100'}`;
    return make('li', side,
      make('span', 'side', `${effect >= 0 ? '+' : '−'} ${side} ${label}`, make('span', 'number', odds)),
      make('span', 'text', text), make('span', 'meaning', meaning));
  }));
}

const isSure = ({ unsure, verdict }) => verdict ? verdict === 'sure' : !unsure;

// Neighbours with one label are one segment; where nobody speaks there is none. `pick` is told of the one that is clicked.
export function strip(node, parts, from, to, pick) {
  const runs = [];
  for (const one of parts) {
    if (one.verdict === 'no_speech') continue;
    const part = { ...one, label: said(one) };
    const last = runs.at(-1);
    if (!pick && last && last.label === part.label && last.end >= part.start && isSure(last) === isSure(part)) last.end = part.end;
    else runs.push({ ...part });
  }
  node.replaceChildren(...runs.map((run) => {
    const { label, start, end } = run;
    const segment = coloured(make('span', isSure(run) ? 'segment' : 'segment unsure', make('span', 'long', label), make('span', 'short', label.slice(0, 3))), label);
    segment.style.left = `${100 * (start - from) / (to - from)}%`;
    segment.style.width = `${100 * (end - start) / (to - from)}%`;
    segment.title = `${label}${isSure(run) ? '' : ` (${mark(run) ?? 'unsure'})`}, ${start.toFixed(1)} to ${seconds(end)}`;
    if (pick) segment.addEventListener('click', () => pick(run));
    return segment;
  }));
  return runs;
}

const named = (channel) => channel === undefined ? '' : `channel ${channel}`;

// A strip for each channel, with its turns; a channel that repeats another has none.
export function lanes(node, lanes, duration, pick) {
  node.replaceChildren(...lanes.map(({ channel, copy_of, windows }) => {
    const lane = make('div', 'strip');
    strip(lane, windows, 0, duration, pick && ((turn) => pick(turn, channel)));
    if (channel !== undefined) {
      const name = make('span', 'side-name', String(channel));
      name.title = copy_of === undefined ? named(channel) : `${named(channel)} repeats ${named(copy_of)}`;
      lane.append(name);
    }
    return lane;
  }));
}

// For each channel how much is spoken, and how much of that the model is sure of as what.
export function sums(list, lanes) {
  list.replaceChildren(...lanes.map(({ channel, copy_of, windows }) => {
    const of = named(channel);
    if (copy_of !== undefined) return make('li', '', `${of} repeats ${named(copy_of)}`);
    const total = (some) => some.reduce((sum, { speech_s }) => sum + speech_s, 0);
    const spoken = total(windows);
    const sure = windows.filter(isSure);
    const labels = [...new Set(sure.map(said))].map((label) => [label, total(sure.filter((turn) => said(turn) === label))]);
    const shares = labels.sort(([, a], [, b]) => b - a).map(([label, s]) => `${label} ${percent(s / total(sure))}`);
    const words = `${seconds(spoken)} of speech${spoken ? `, ${percent(total(sure) / spoken)} sure${shares.length ? ': ' : ''}` : ''}${shares.join(', ')}`;
    return make('li', '', of ? `${of}: ${words}` : words);
  }));
}

export function table(body, lanes, pick) {
  const rows = lanes.flatMap(({ channel, windows }) => windows.map((window) => ({ channel, window })));
  rows.sort((a, b) => a.window.start - b.window.start);
  const several = lanes.length > 1;
  element('of-channel').hidden = !several;
  body.replaceChildren(...rows.map(({ channel, window }) => {
    const from = make('button', 'plain', seconds(window.start));
    from.type = 'button';
    from.ariaLabel = `Play ${seconds(window.start)} to ${seconds(window.end)}`;
    from.addEventListener('click', () => pick(window, channel));
    const cells = [pick ? from : seconds(window.start), seconds(window.end), said(window), number(window.probabilities[window.label]), mark(window) ?? ''];
    if (several) cells.unshift(String(channel));
    return make('tr', '', ...cells.map((cell) => make('td', '', cell)));
  }));
}

// One turn, before its reasons are there.
export function turn(turn, channel) {
  const { start, end } = turn;
  element('turn-place').textContent = [named(channel), `${start.toFixed(1)} to ${seconds(end)}`].filter(Boolean).join(', ');
  const label = element('turn-label');
  const marked = mark(turn);
  label.replaceChildren(said(turn), ...(marked ? [make('span', 'mark', marked)] : []));
  coloured(label, turn.label ?? '');
  bars(element('turn-bars'), turn);
  element('turn-reasons').replaceChildren();
}

// How good a model was at recordings that it had not heard.
const figures = ({ uar, uar_ci95, accuracy }) => `${percent(accuracy)} recognised; averaged over emotions (UAR) ${number(uar)}, ` +
  `95 % interval ${uar_ci95.map(number).join(' to ')}`;

// The model card (src/model/card.rs).
export function card(card) {
  model = card;
  // It hears recordings one at a time.
  const held_out = card.alone ?? card.held_out;
  const strangers = card.held_out_by === 'corpus' ? 'corpora' : 'speakers';
  const corpora = card.corpora.map((name) => (card.licences[name] ? `${name} (${card.licences[name]})` : name));
  const targets = card.targets ?? [];
  const facts = {
    'Intended use': card.intended_use,
    Classifier: card.trained,
    'Learned from': `${card.n} recordings of ${card.speakers} speakers${corpora.length ? `: ${corpora.join(', ')}` : ''}`,
    [`On ${strangers} it had not heard`]: held_out
      ? `${figures(held_out)}; probabilities off by ${number(held_out.ece)} on average`
      : targets.map(({ name, held_out }) => held_out && `${name}: CCC ${number(held_out.ccc)}, ` +
        `95 % interval ${held_out.ccc_ci95.map(number).join(' to ')}`).filter(Boolean).join('; ') || 'not measured',
    ...Object.fromEntries(Object.entries(card.unseen).map(([corpus, unseen]) => [
      `On ${corpus}, which it had not heard at all`,
      `${figures(unseen)}; measured on ${Object.keys(unseen.recall).join(', ')}`,
    ])),
    'Unsure below': targets.length ? null : number(card.unsure_below),
    'Trained on': card.date,
    'Version of sentire': card.sentire,
  };
  const given = Object.entries(facts).filter(([, fact]) => fact);
  element('facts').replaceChildren(...given.flatMap(([name, fact]) => [make('dt', '', name), make('dd', '', fact)]));
  element('classes').replaceChildren(...card.classes.map((name, at) => {
    const recall = held_out?.recall[name];
    const cells = [name, String(card.class_counts[at]), recall === undefined ? '–' : percent(recall)];
    return make('tr', '', ...cells.map((cell) => make('td', '', cell)));
  }));
  element('told-apart').hidden = Boolean(targets.length);
  element('summary').textContent = targets.length
    ? `Estimates from speech: ${targets.map(({ name }) => name).join(', ')}.`
    : `Tells acted emotions in speech apart: ${card.classes.join(', ')}.`;
}
