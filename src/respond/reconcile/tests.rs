//! What is to be in the kernel against what is there.

use std::convert::Infallible;

use super::*;
use crate::act::Done;

const NOW: Millis = Millis::from_secs(1_000_000);

/// A kernel that forgets nothing by itself and counts what it is asked.
#[derive(Default)]
struct Recorded {
    elements: BTreeMap<(Effect, IpNet), Option<Duration>>,
    asked: usize,
    flushed: bool,
}

impl Enforcer for Recorded {
    type Error = Infallible;

    fn ensure(&mut self) -> Result<Ensured, Infallible> {
        let emptied = std::mem::take(&mut self.flushed);
        if emptied {
            self.elements.clear();
        }
        Ok(if emptied { Ensured::Mended { emptied } } else { Ensured::Intact })
    }

    fn add(&mut self, elements: &[Element]) -> Result<Done, Infallible> {
        self.asked += elements.len();
        self.elements.extend(elements.iter().map(|e| ((e.effect, e.net), e.ttl)));
        Ok(Done { what: String::new(), undo: String::new() })
    }

    fn holds(&mut self, element: &Element) -> Result<bool, Infallible> {
        Ok(self.elements.contains_key(&(element.effect, element.net)))
    }

    fn remove(&mut self, elements: &[Element]) -> Result<Done, Infallible> {
        elements.iter().for_each(|e| {
            self.elements.remove(&(e.effect, e.net));
        });
        Ok(Done { what: String::new(), undo: String::new() })
    }
}

impl Recorded {
    fn holds(&self) -> Vec<String> {
        self.elements.keys().map(|(effect, net)| format!("{effect:?} {net}")).collect()
    }
}

fn subject(who: &str) -> Subject {
    who.parse().map(Subject::Client).unwrap_or_else(|_| Subject::Prefix(who.parse().unwrap()))
}

fn decision(who: &str, action: Action, until: Option<Millis>) -> Decision {
    Decision {
        subject: subject(who),
        action,
        point: Point::PacketFilter,
        at: NOW,
        until,
        offence: 1,
        why: String::new(),
        rules: Vec::new(),
        alerts: Vec::new(),
    }
}

fn later(seconds: u64) -> Millis {
    NOW + Duration::from_secs(seconds)
}

#[test]
fn what_is_wanted_stands_once_and_unbanned_goes() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    reconciler.want(&decision("203.0.113.7", Action::Ban, Some(later(600))));
    reconciler.want(&decision("203.0.113.0/24", Action::Limit, None));
    assert_eq!(reconciler.run(&mut kernel, NOW).unwrap().added, 2);
    assert_eq!(reconciler.run(&mut kernel, NOW).unwrap(), Report::default());
    assert_eq!(kernel.holds(), ["Drop 203.0.113.7/32", "Limit 203.0.113.0/24"]);
    reconciler.end(&subject("203.0.113.7"));
    assert!(reconciler.run(&mut kernel, NOW).unwrap().removed > 0);
    assert_eq!(kernel.holds(), ["Limit 203.0.113.0/24"]);
}

#[test]
fn decisions_for_elsewhere_change_nothing() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    for point in [Point::Nowhere, Point::WebServer] {
        reconciler.want(&Decision { point, ..decision("203.0.113.7", Action::Ban, None) });
    }
    reconciler.want(&decision("203.0.113.7", Action::Tell, None));
    assert_eq!(reconciler.run(&mut kernel, NOW).unwrap(), Report::default());
}

#[test]
fn everything_comes_back_after_a_flush() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    for n in 0..50 {
        reconciler.want(&decision(&format!("203.0.113.{n}"), Action::Ban, Some(later(600))));
    }
    reconciler.want(&decision("198.51.100.1", Action::Ban, Some(later(60))));
    reconciler.run(&mut kernel, NOW).unwrap();
    kernel.flushed = true;
    let report = reconciler.run(&mut kernel, later(100)).unwrap();
    assert_eq!((report.emptied, report.added), (true, 50), "what has ended does not come back");
    assert!(kernel.elements.values().all(|ttl| *ttl == Some(Duration::from_secs(500))));
}

#[test]
fn a_long_ban_is_asserted_anew_before_its_lease_lapses() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    reconciler.want(&decision("203.0.113.7", Action::Ban, None));
    reconciler.want(&decision("203.0.113.8", Action::Ban, Some(later(30 * 3_600))));
    let mut lapses = NOW;
    for hour in 0..72 {
        let now = later(hour * 3_600);
        let before = kernel.asked;
        reconciler.run(&mut kernel, now).unwrap();
        if kernel.asked > before && kernel.elements.contains_key(&(Effect::Drop, "203.0.113.7/32".parse().unwrap())) {
            lapses = now + kernel.elements[&(Effect::Drop, "203.0.113.7/32".parse().unwrap())].unwrap();
        }
        assert!(lapses > now, "lapsed before hour {hour}");
    }
    assert_eq!(kernel.holds(), ["Drop 203.0.113.7/32"]);
}

#[test]
fn an_extended_ban_is_written_with_its_new_time() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    reconciler.want(&decision("203.0.113.7", Action::Ban, Some(later(600))));
    reconciler.run(&mut kernel, NOW).unwrap();
    reconciler.want(&decision("203.0.113.7", Action::Ban, Some(later(1_200))));
    reconciler.run(&mut kernel, NOW).unwrap();
    reconciler.run(&mut kernel, later(700)).unwrap();
    assert_eq!(kernel.elements.values().collect::<Vec<_>>(), [&Some(Duration::from_secs(1_200))]);
    reconciler.run(&mut kernel, later(1_200)).unwrap();
    assert!(kernel.elements.is_empty() && reconciler.is_empty());
}

#[test]
fn a_limit_turned_into_a_ban_leaves_no_limit_behind() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    reconciler.want(&decision("203.0.113.7", Action::Limit, None));
    reconciler.run(&mut kernel, NOW).unwrap();
    reconciler.want(&decision("203.0.113.7", Action::Ban, None));
    reconciler.run(&mut kernel, NOW).unwrap();
    assert_eq!(kernel.holds(), ["Drop 203.0.113.7/32"]);
}

#[test]
fn two_limits_in_one_64_share_an_element_until_both_end() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    reconciler.want(&decision("2001:db8::1", Action::Limit, Some(later(600))));
    reconciler.want(&decision("2001:db8::2", Action::Limit, Some(later(900))));
    reconciler.run(&mut kernel, NOW).unwrap();
    assert_eq!(kernel.elements.values().collect::<Vec<_>>(), [&Some(Duration::from_secs(900))]);
    reconciler.end(&subject("2001:db8::2"));
    reconciler.run(&mut kernel, NOW).unwrap();
    assert_eq!(kernel.holds(), ["Limit 2001:db8::/64"]);
    reconciler.end(&subject("2001:db8::1"));
    reconciler.run(&mut kernel, NOW).unwrap();
    assert!(kernel.elements.is_empty());
}

#[test]
fn what_was_pardoned_while_nobody_ran_is_removed_at_start() {
    let mut kernel = Recorded::default();
    let address = "198.51.100.9".parse::<std::net::IpAddr>().unwrap();
    kernel.add(&[Element::drop(address, Some(Duration::from_secs(500)))]).unwrap();
    let mut reconciler = Reconciler::default();
    reconciler.end(&subject("198.51.100.9"));
    reconciler.run(&mut kernel, NOW).unwrap();
    assert!(kernel.elements.is_empty());
}

#[test]
fn a_failed_run_is_made_good_by_the_next() {
    struct Broken;
    impl Enforcer for Broken {
        type Error = std::fmt::Error;
        fn ensure(&mut self) -> Result<Ensured, Self::Error> {
            Ok(Ensured::Intact)
        }
        fn add(&mut self, _: &[Element]) -> Result<Done, Self::Error> {
            Err(std::fmt::Error)
        }
        fn holds(&mut self, _: &Element) -> Result<bool, Self::Error> {
            Err(std::fmt::Error)
        }
        fn remove(&mut self, _: &[Element]) -> Result<Done, Self::Error> {
            Err(std::fmt::Error)
        }
    }
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    reconciler.want(&decision("203.0.113.7", Action::Ban, None));
    assert!(reconciler.run(&mut Broken, NOW).is_err());
    reconciler.run(&mut kernel, NOW).unwrap();
    assert_eq!(kernel.holds(), ["Drop 203.0.113.7/32"]);
    reconciler.end(&subject("203.0.113.7"));
    assert!(reconciler.run(&mut Broken, NOW).is_err());
    reconciler.run(&mut kernel, NOW).unwrap();
    assert!(kernel.elements.is_empty());
}

#[test]
fn a_restart_asserts_in_slices_and_a_new_ban_goes_first() {
    let (mut kernel, mut reconciler) = (Recorded::default(), Reconciler::default());
    for n in 0..30_000_u32 {
        let client = std::net::Ipv4Addr::from(0x0b00_0000 + n).to_string();
        reconciler.resume(&decision(&client, Action::Ban, Some(later(600))));
    }
    reconciler.want(&decision("203.0.113.7", Action::Ban, Some(later(600))));
    let first = reconciler.run(&mut kernel, NOW).unwrap();
    assert!(first.unfinished && first.added < 30_000);
    assert!(kernel.elements.contains_key(&(Effect::Drop, "203.0.113.7/32".parse().unwrap())));
    assert!(!reconciler.run(&mut kernel, NOW).unwrap().unfinished);
    assert_eq!(kernel.elements.len(), 30_001);
    kernel.flushed = true;
    assert!(!reconciler.run(&mut kernel, NOW).unwrap().unfinished, "what was lost comes back at once");
    assert_eq!(kernel.elements.len(), 30_001);
}

#[test]
fn what_an_earlier_run_asserted_is_not_written_again() {
    let (mut kernel, mut first) = (Recorded::default(), Reconciler::default());
    let all: Vec<Decision> = (0..1_000_u32)
        .map(|n| decision(&std::net::Ipv4Addr::from(0x0b00_0000 + n).to_string(), Action::Ban, Some(later(600))))
        .collect();
    all.iter().for_each(|decision| first.want(decision));
    first.run(&mut kernel, NOW).unwrap();
    let mut second = Reconciler::default();
    all.iter().for_each(|decision| second.resume(decision));
    assert_eq!(second.run(&mut kernel, NOW).unwrap().added, 0);
    assert_eq!(second.len(), 1_000);
    kernel.elements.clear();
    let mut third = Reconciler::default();
    all.iter().for_each(|decision| third.resume(decision));
    assert_eq!(third.run(&mut kernel, NOW).unwrap().added, 1_000, "one that is missing speaks for all");
}
