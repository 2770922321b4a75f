//! Threads that prepare batches. Whoever waits for one helps with the others, so that no processor idles.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, Scope};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};

use super::batch::{Batch, Look};
use super::reader::Plan;
use super::rotated::ReadError;

/// Batches under way for each thread, of all files together.
const FOR_EACH: usize = 6;

/// A batch to prepare, and where it is waited for.
struct Job<F> {
    batch: Batch<F>,
    plan: Option<Arc<Plan>>,
    reply: Sender<Batch<F>>,
}

/// The way to the threads, and the one back: whoever waits takes from it too.
type Jobs<F> = (Sender<Job<F>>, Receiver<Job<F>>);

impl<F: Default> Job<F> {
    fn run<L: Look<Found = F>>(mut self, cap: usize, eyes: &mut L) {
        self.batch.prepare(self.plan.as_ref(), cap, eyes);
        // Nobody waits where the run was given up.
        let _ = self.reply.send(self.batch);
    }
}

/// The threads, and the caller's own eyes. They end when it is gone.
pub(super) struct Workers<L: Look> {
    /// None without any thread.
    jobs: Option<Jobs<L::Found>>,
    threads: usize,
    cap: usize,
    eyes: L,
}

impl<L: Look> Workers<L> {
    /// `threads`: of all the work, the caller's own being one of them.
    pub fn start<'s, 'e>(
        scope: &'s Scope<'s, 'e>,
        threads: NonZeroUsize,
        cap: usize,
        eyes: &mut dyn FnMut() -> L,
    ) -> Self
    where
        L: 's,
        L::Found: 's,
    {
        let (jobs, queue) = unbounded::<Job<L::Found>>();
        let mut threads_started = 0;
        for _ in 1..threads.get() {
            let (queue, mut own) = (queue.clone(), eyes());
            let work = move || queue.into_iter().for_each(|job| job.run(cap, &mut own));
            let started = thread::Builder::new().name("looks ahead".to_owned()).spawn_scoped(scope, work);
            threads_started += usize::from(started.is_ok());
        }
        Self { jobs: (threads_started > 0).then_some((jobs, queue)), threads: threads_started, cap, eyes: eyes() }
    }

    /// Batches to have under way for one of so many files; 0 where nobody would prepare them.
    pub fn ahead(&self, files: usize) -> usize {
        (self.threads * FOR_EACH).div_ceil(files.max(1))
    }

    /// Prepares a batch here and now.
    pub fn prepare(&mut self, batch: &mut Batch<L::Found>, plan: Option<&Arc<Plan>>) {
        batch.prepare(plan, self.cap, &mut self.eyes);
    }

    /// Waits for a batch, and helps meanwhile; none where the thread that had it is gone.
    fn wait(&mut self, batch: &Receiver<Batch<L::Found>>) -> Option<Batch<L::Found>> {
        loop {
            match batch.try_recv() {
                Ok(batch) => return Some(batch),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let other = self.jobs.as_ref().and_then(|(_, queue)| queue.try_recv().ok());
            match other {
                Some(job) => job.run(self.cap, &mut self.eyes),
                None => return batch.recv().ok(),
            }
        }
    }
}

/// The batches of one file, in their order.
pub(super) struct Ordered<F> {
    coming: VecDeque<Coming<F>>,
    spare: Vec<Batch<F>>,
    /// Nothing more will be ordered.
    pub ended: bool,
    /// What came after the last batch.
    pub damage: Option<ReadError>,
}

#[allow(clippy::large_enum_variant, reason = "a handful of them")]
enum Coming<F> {
    Here(Batch<F>),
    UnderWay(Receiver<Batch<F>>),
}

impl<F> Default for Ordered<F> {
    fn default() -> Self {
        Self { coming: VecDeque::new(), spare: Vec::new(), ended: false, damage: None }
    }
}

impl<F: Default + Send> Ordered<F> {
    pub fn under_way(&self) -> usize {
        self.coming.len()
    }

    /// A batch with the room of one that was taken.
    pub fn spare(&mut self) -> Batch<F> {
        self.spare.pop().unwrap_or_default()
    }

    pub fn give_back(&mut self, batch: Batch<F>) {
        self.spare.push(batch);
    }

    pub fn order<L: Look<Found = F>>(
        &mut self,
        workers: &mut Workers<L>,
        mut batch: Batch<F>,
        plan: Option<&Arc<Plan>>,
    ) {
        let Some((jobs, _)) = &workers.jobs else {
            workers.prepare(&mut batch, plan);
            return self.coming.push_back(Coming::Here(batch));
        };
        let (reply, under_way) = bounded(1);
        self.coming.push_back(Coming::UnderWay(under_way));
        // Never without a receiver: the workers' own is kept beside it.
        let _ = jobs.send(Job { batch, plan: plan.cloned(), reply });
    }

    pub fn next<L: Look<Found = F>>(&mut self, workers: &mut Workers<L>) -> Option<Batch<F>> {
        match self.coming.pop_front()? {
            Coming::Here(batch) => Some(batch),
            Coming::UnderWay(batch) => workers.wait(&batch),
        }
    }
}
