//! The pitch contour: the cheapest path through the candidates of all frames (sections 7.3 to 7.5 of
//! the specification).
//!
//! A Viterbi search over the six candidates of each frame and "unvoiced". A frame is decided as soon as the paths of all
//! seven agree on it; how many are decided when the sound ends matters, because the statistics read no further.

use crate::dsp::lanes::{LANES, Lanes, vectorised};
use crate::lld::opensmile::f0::{CANDIDATES, Candidate};

/// The candidates, and unvoiced.
const STATES: usize = CANDIDATES + 1;
/// The state of frames without a voice.
pub const UNVOICED: usize = CANDIDATES;
/// Voicing from which a frame counts as voiced.
const THRESHOLD: f32 = 0.7;

/// A pitch contour.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Path {
    /// The candidate of each frame, or [`UNVOICED`].
    pub states: Vec<usize>,
    /// Frames that were decided before the end was known.
    pub decided: usize,
}

/// The cheapest path through the candidates of each frame, of which `most` may be undecided at once.
pub fn cheapest(frames: &[[Candidate; CANDIDATES]], most: usize) -> Path {
    let mut search = Search::new(most);
    for frame in frames {
        search.add(frame);
    }
    search.finish()
}

/// The search for the path, frame by frame.
#[derive(Default)]
pub struct Search {
    /// The candidate of each frame that is decided, or [`UNVOICED`].
    pub states: Vec<usize>,
    /// Frames that may be undecided at once.
    most: usize,
    /// Of each frame that is not decided: the frequency of each state (0: unvoiced), and the state
    /// in the frame before from which it is reached.
    undecided: std::collections::VecDeque<([f32; STATES], [usize; STATES])>,
    /// The cost of the path to each state of the newest frame.
    costs: [f64; STATES],
    /// The slope seen last: one memory for all paths, in the order in which they are looked at. It
    /// should be one for each path, but is not.
    slope: f64,
}

impl Search {
    /// A search in which `most` frames may be undecided at once.
    pub fn new(most: usize) -> Search {
        Search {
            most,
            ..Search::default()
        }
    }

    /// Goes one frame further.
    pub fn add(&mut self, candidates: &[Candidate; CANDIDATES]) {
        let mut f0_hz = [0.0; STATES];
        for (f0_hz, candidate) in f0_hz.iter_mut().zip(candidates) {
            *f0_hz = candidate.f0_hz;
        }
        let local = local_costs(candidates);
        let mut from = [0; STATES];
        // The newest frame is never decided.
        match self.undecided.back() {
            None => {
                self.costs = local;
                self.slope = 1.0;
            }
            Some(&(before, _)) => {
                let slopes = vectorised(
                    #[inline(always)]
                    || slopes(&before, &f0_hz),
                );
                let mut costs = [0.0; STATES];
                for state in 0..STATES {
                    let mut least = f64::INFINITY;
                    for source in 0..STATES {
                        let cost = self.transition(source, state, &slopes);
                        let cost = cost + self.costs[source];
                        if cost < least {
                            (least, from[state]) = (cost, source);
                        }
                    }
                    costs[state] = least + local[state];
                }
                self.costs = costs;
            }
        }
        self.undecided.push_back((f0_hz, from));
        let newest = self.undecided.len() - 1;
        if self.undecided.len() >= self.most {
            self.decide(newest, self.cheapest_state(), 1);
        } else if let Some((frame, state)) = self.meeting() {
            self.decide(frame, state, frame + 1);
        }
    }

    /// The newest undecided frame in which the paths to all states of the newest frame go through one
    /// state, and that state: from there back they are one path.
    fn meeting(&self) -> Option<(usize, usize)> {
        let mut states: [usize; STATES] = std::array::from_fn(|state| state);
        for frame in (1..self.undecided.len()).rev() {
            let from = &self.undecided[frame].1;
            states = states.map(|state| from[state]);
            if states.iter().all(|&state| state == states[0]) {
                return Some((frame - 1, states[0]));
            }
        }
        None
    }

    /// The cost of going from `source` to `target`.
    fn transition(&mut self, source: usize, target: usize, slopes: &Slopes) -> f64 {
        match (source == UNVOICED, target == UNVOICED) {
            (true, true) => 1.0,
            (true, false) | (false, true) => {
                self.slope = 0.0;
                10.0
            }
            (false, false) => {
                let slope = slopes[target].0[source];
                if slope == NO_SLOPE {
                    return 999.0;
                }
                let change = (slope - self.slope).abs();
                self.slope = slope;
                10.0 * slope.abs() + 10.0 * change
            }
        }
    }

    fn cheapest_state(&self) -> usize {
        (1..STATES).fold(0, |best, state| {
            if self.costs[state] < self.costs[best] {
                state
            } else {
                best
            }
        })
    }

    /// Decides the oldest `n` undecided frames by the path to `state` of undecided frame `frame`.
    fn decide(&mut self, frame: usize, state: usize, n: usize) {
        let first = self.states.len();
        self.states.resize(first + n, UNVOICED);
        let mut state = state;
        for frame in (0..=frame).rev() {
            if frame < n {
                self.states[first + frame] = state;
            }
            state = self.undecided[frame].1[state];
        }
        self.undecided.drain(..n);
    }

    /// Decides the frames that are left: there are no more.
    pub fn finish(mut self) -> Path {
        let decided = self.states.len();
        if let Some(newest) = self.undecided.len().checked_sub(1) {
            self.decide(newest, self.cheapest_state(), newest + 1);
        }
        Path {
            states: self.states,
            decided,
        }
    }
}

/// By candidate, and in lanes by the candidate of the frame before: the logarithm of the ratio of their frequencies.
type Slopes = [Lanes<f64>; CANDIDATES];
/// Where one of the two does not exist.
const NO_SLOPE: f64 = f64::INFINITY;

#[inline(always)]
fn slopes(before: &[f32; STATES], here: &[f32; STATES]) -> Slopes {
    let exists = |hz: f32| hz > 0.0;
    let mut slopes = [Lanes::splat(NO_SLOPE); CANDIDATES];
    for (slopes, &here) in slopes
        .iter_mut()
        .zip(here)
        .filter(|(_, here)| exists(**here))
    {
        let mut ratios = Lanes::splat(1.0);
        for lane in (0..CANDIDATES.min(LANES)).filter(|&lane| exists(before[lane])) {
            ratios.0[lane] = here / before[lane];
        }
        let logarithms = ratios.ln();
        for lane in (0..CANDIDATES.min(LANES)).filter(|&lane| exists(before[lane])) {
            slopes.0[lane] = logarithms.0[lane];
        }
    }
    slopes
}

fn local_costs(candidates: &[Candidate; CANDIDATES]) -> [f64; STATES] {
    let is_voiced = candidates.iter().any(|c| c.voicing >= THRESHOLD);
    let mut costs = [0.0; STATES];
    for (cost, candidate) in costs.iter_mut().zip(candidates) {
        let voicing = candidate.voicing.clamp(0.01, 1.0);
        let weak = if voicing < THRESHOLD { 4.0 } else { 0.0 };
        *cost = 2.0 * (weak - f64::from(voicing).ln()) + range_cost(f64::from(candidate.f0_hz));
    }
    costs[UNVOICED] = if is_voiced { 8.0 } else { 0.0 };
    costs
}

/// What is unusual costs: voices lie between 100 and 350 Hz.
fn range_cost(f0_hz: f64) -> f64 {
    match f0_hz {
        f if f <= 0.0 => 2.0,
        f if f < 100.0 => 1.0 - f / 100.0,
        f if f < 350.0 => 0.0,
        f if f < 600.0 => (f - 350.0) / 250.0,
        _ => 1.2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(candidates: &[(f32, f32)]) -> [Candidate; CANDIDATES] {
        let mut frame = [Candidate::default(); CANDIDATES];
        for (place, &(f0_hz, voicing)) in frame.iter_mut().zip(candidates) {
            *place = Candidate {
                f0_hz,
                voicing,
                score: voicing,
            };
        }
        frame
    }

    #[test]
    fn a_steady_voice_is_followed_through_a_frame_that_prefers_its_octave() {
        let steady = frame(&[(200.0, 0.9), (100.0, 0.8)]);
        let odd = frame(&[(100.0, 0.9), (200.0, 0.85)]);
        let path = cheapest(&[steady, steady, odd, steady, steady], 40);
        assert_eq!(path.states, [0, 0, 1, 0, 0]);
        // The newest frame is never decided before the end.
        assert!(path.decided <= 4);
    }

    #[test]
    fn frames_without_a_voiced_candidate_are_unvoiced() {
        let voiced = frame(&[(150.0, 0.9)]);
        let noise = frame(&[(300.0, 0.3), (150.0, 0.2)]);
        let mut frames = vec![noise; 6];
        frames.extend([voiced; 6]);
        frames.extend([noise; 6]);
        let path = cheapest(&frames, 40);
        let expected = [[UNVOICED; 6], [0; 6], [UNVOICED; 6]].concat();
        assert_eq!(path.states, expected);
    }

    #[test]
    fn silence_is_decided_but_for_its_last_frame() {
        let path = cheapest(&vec![frame(&[]); 95], 40);
        assert_eq!((path.states, path.decided), (vec![UNVOICED; 95], 94));
        assert_eq!(cheapest(&[], 40), Path::default());
    }

    #[test]
    fn a_full_buffer_is_emptied_frame_by_frame() {
        // Two voices that cost the same, the one by its voicing, the other by its slope: neither path
        // ever wins, and from a full buffer on the decisions stay behind.
        let two = frame(&[(150.0, 0.7243), (160.0, 1.0)]);
        for (most, decided) in [(40, 161), (30, 171)] {
            let path = cheapest(&[two; 200], most);
            assert_eq!((path.states.len(), path.decided), (200, decided));
        }
    }

    #[test]
    fn costs_are_those_of_the_specification() {
        assert_eq!(
            [0.0, 60.0, 200.0, 475.0, 700.0].map(range_cost),
            [2.0, 0.4, 0.0, 0.5, 1.2]
        );
        let costs = local_costs(&frame(&[(200.0, 0.8), (200.0, 0.5)]));
        assert!((costs[0] + 2.0 * f64::from(0.8_f32).ln()).abs() < 1e-12);
        assert!((costs[1] - 8.0 + 2.0 * 0.5_f64.ln()).abs() < 1e-12);
        assert_eq!(costs[UNVOICED], 8.0);
    }
}
