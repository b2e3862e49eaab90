//! The workers: a few recordings are computed at a time, a few wait, and further requests are refused at once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::audio::Rate;
use crate::catalogue::FeatureSet;
use crate::features::Extractor;
use crate::predict::Predictor;
use crate::serve::answer::Refusal;

/// Recordings that may wait for a worker.
const QUEUE: usize = 16;

/// What a worker plans once and uses again.
pub struct Worker {
    /// Of the model's features.
    pub features: Extractor,
    /// Of contours.
    pub contours: Extractor,
}

/// Workers, and the queue before them.
pub struct Workers {
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
    /// `n` of them, for the features that `predictor` wants.
    pub fn new(n: usize, predictor: &Predictor) -> Workers {
        let n = n.max(1);
        let settings = predictor.settings();
        Workers {
            places: Arc::new(Semaphore::new(n + QUEUE)),
            turns: Arc::new(Semaphore::new(n)),
            idle: Arc::default(),
            plan: Plan {
                sets: settings.sets.clone(),
                reused: settings.rate != Rate::Native,
            },
        }
    }

    /// Refuses where no place is left: asked before a body is read.
    pub fn has_place(&self) -> Result<(), Refusal> {
        match self.places.available_permits() {
            0 => Err(Refusal::busy()),
            _ => Ok(()),
        }
    }

    /// Computes, or refuses at once. In the order in which they came; who goes away while waiting is forgotten,
    /// while who is being computed keeps the worker to the end.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| Refusal::busy())?;
        let turn = self.turns.clone().acquire_owned().await;
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
