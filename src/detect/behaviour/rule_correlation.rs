//! Several rule hits that mean something together, as a correlation rule says.

use crate::detect::detector::Detector;
use crate::detect::memory::{Memory, kind};
use crate::detect::raise::{Reason, count, raise, told_of_client, took};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence};

pub static DETECTOR: Detector = Detector {
    id: "rule-correlation",
    says: "the correlation rule's title: N hits in T",
    wants: sign::HIT,
    accuses: true,
    look,
};

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, _: &Settings) -> Option<Alert> {
    seen.keep_hits(kind::CORRELATION, memory);
    let together = seen.together.iter().max_by_key(|together| together.level)?;
    let mut told = told_of_client(seen, memory, kind::CORRELATION, together.window);
    told.rules.insert(0, together.id.to_owned());
    let class = seen.hits.first().map_or(Class::Scanner, |hit| hit.class);
    let mut reason = Reason::of_client(seen, memory, class, together.level);
    reason.confidence = Confidence::Medium;
    let measured = (together.measured * 10.0).round() / 10.0;
    reason.sentence = format!("{}: {measured} {} in {}", together.title, together.unit, took(seen, &told));
    reason.counts = vec![count("correlated hits", measured as f32, (measured - 1.0).max(0.0) as f32, together.window)];
    Some(raise(&DETECTOR, seen, told, reason))
}
