//! Many targets, a bounded number at once, told as they are done.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::probe::look;
use crate::probe::report::Report;
use crate::probe::target::Target;
use crate::probe::tls::trust::Judge;
use crate::probe::wire::Limits;

/// Hands every report to `tell`, in the order in which they are done; stops early where `tell` says false.
pub fn each(targets: &[Target], at_once: usize, limits: &Limits, trust: &Judge, tell: &mut dyn FnMut(Report) -> bool) {
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_once.clamp(1, targets.len().max(1)) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if sender.send(look(target, limits, trust)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut receiver = Some(receiver);
        while let Some(report) = receiver.as_ref().and_then(|receiver| receiver.recv().ok()) {
            if !tell(report) {
                receiver = None;
            }
        }
    });
}
