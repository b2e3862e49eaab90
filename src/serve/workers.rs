//! The workers: a few recordings are computed at a time, a few wait, and further requests are refused at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::audio::Rate;
use crate::catalogue::FeatureSet;
use crate::features::Extractor;
use crate::predict::Predictor;
use crate::serve::answer::Refusal;

/// What becomes of a recording for which no worker is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It takes a place in the queue; where that is full it is refused at once.
    InQueue,
    /// It waits beside the queue, of which it takes no place.
    Behind,
}

/// What a worker plans once and uses again.
pub struct Worker {
    /// Of the model's features.
    pub features: Extractor,
    /// Of contours.
    pub contours: Extractor,
}

/// Workers, and the queue before them.
pub struct Workers {
    number: usize,
    waiting: AtomicUsize,
    /// At work or in the queue.
    places: Arc<Semaphore>,
    /// At work.
    turns: Arc<Semaphore>,
    /// Those that have nothing to do. Planned when first wanted.
    idle: Arc<Mutex<Vec<Worker>>>,
    plan: Plan,
}

#[derive(Clone)]
struct Plan {
    sets: Vec<FeatureSet>,
    /// Not at the recordings' own rates: an extractor keeps a plan for each rate it meets, and clients could
    /// send any.
    reused: bool,
}

impl Plan {
    fn worker(&self) -> Worker {
        Worker {
            features: Extractor::new(&self.sets),
            contours: Extractor::new(&[FeatureSet::RICH]),
        }
    }
}

impl Workers {
    /// `n` of them, for the features that `predictor` wants; as many as `queue` recordings may wait for one.
    pub fn new(n: usize, queue: usize, predictor: &Predictor) -> Workers {
        let n = n.max(1);
        let settings = predictor.settings();
        Workers {
            number: n,
            waiting: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(n + queue)),
            turns: Arc::new(Semaphore::new(n)),
            idle: Arc::default(),
            plan: Plan {
                sets: settings.sets.clone(),
                reused: settings.rate != Rate::Native,
            },
        }
    }

    /// How many there are.
    pub fn number(&self) -> usize {
        self.number
    }

    /// How many recordings are computed, and how many wait.
    pub fn load(&self) -> (usize, usize) {
        let at_work = self.number - self.turns.available_permits();
        (at_work, self.waiting.load(Ordering::Relaxed))
    }

    /// Refuses where no place is left: asked before a body is read.
    pub fn has_place(&self) -> Result<(), Refusal> {
        match self.places.available_permits() {
            0 => Err(Refusal::busy()),
            _ => Ok(()),
        }
    }

    /// Computes, or refuses at once where that is how it [waits](Wait). In the order in which they came; who goes away while waiting is forgotten,
    /// while who is being computed keeps the worker to the end.
    pub async fn compute<T: Send + 'static>(
        &self,
        wait: Wait,
        work: impl FnOnce(&mut Worker) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = match wait {
            Wait::InQueue => Some(
                self.places
                    .clone()
                    .try_acquire_owned()
                    .map_err(|_| Refusal::busy())?,
            ),
            Wait::Behind => None,
        };
        let waiting = Waiting::begin(&self.waiting);
        let turn = self.turns.clone().acquire_owned().await;
        drop(waiting);
        let (idle, plan) = (self.idle.clone(), self.plan.clone());
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            let known = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut worker = known.unwrap_or_else(|| plan.worker());
            // One that panics is not used again.
            let done = work(&mut worker);
            if plan.reused {
                idle.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(worker);
            }
            done
        });
        done.await
            .unwrap_or_else(|ended| match ended.try_into_panic() {
                Ok(panic) => Err(Refusal::internal(panic.as_ref())),
                Err(_) => Err(Refusal::busy()),
            })
    }
}

/// Results that may wait to be taken.
const RESULTS_WAITING: usize = 16;

/// What `one` makes of each of many, in the order in which they are done. As many are begun at a time as `number`, so that
/// what single requests ask for is computed between them. Where nobody takes the results any more, it ends.
pub fn each<I, T, F>(
    number: usize,
    many: Vec<I>,
    one: impl Fn(usize, I) -> F + Send + 'static,
) -> mpsc::Receiver<T>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (sender, results) = mpsc::channel(RESULTS_WAITING);
    tokio::spawn(async move {
        let mut at_work = JoinSet::new();
        for (index, item) in many.into_iter().enumerate() {
            if at_work.len() == number && !pass_on(&mut at_work, &sender).await {
                return;
            }
            at_work.spawn(one(index, item));
        }
        while pass_on(&mut at_work, &sender).await {}
    });
    results
}

/// Passes on the next result; `false` where there is none, or nobody to take it.
async fn pass_on<T: 'static>(at_work: &mut JoinSet<T>, sender: &mpsc::Sender<T>) -> bool {
    match at_work.join_next().await {
        Some(Ok(result)) => sender.send(result).await.is_ok(),
        Some(Err(_)) | None => false,
    }
}

/// One that waits, counted until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn begin(count: &AtomicUsize) -> Waiting<'_> {
        count.fetch_add(1, Ordering::Relaxed);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
