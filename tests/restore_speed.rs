//! How fast bans come back: `cargo test --release --test restore_speed -- --ignored --nocapture`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout, reason = "a measurement is printed")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use peelhouse::act::namespace::private;
use peelhouse::act::packet_filter::{PacketFilter, Settings};
use peelhouse::model::{Action, Decision, Millis, Point, Subject};
use peelhouse::respond::Reconciler;

const NOW: Millis = Millis::from_secs(1_800_000_000);

fn ban(n: u32) -> Decision {
    Decision {
        subject: Subject::Client(IpAddr::V4(Ipv4Addr::from(n.wrapping_mul(2_654_435_761)))),
        action: Action::Ban,
        point: Point::PacketFilter,
        at: NOW,
        until: Some(NOW + Duration::from_hours(10)),
        offence: 1,
        why: String::new(),
        rules: Vec::new(),
        alerts: Vec::new(),
    }
}

#[test]
#[ignore = "a measurement, told and not asserted"]
fn restoring_and_restarting() {
    private(|| {
        for bans in [100_000_u32, 1_000_000] {
            let mut filter = PacketFilter::open(Settings::default()).unwrap();
            filter.delete_table().unwrap();
            let mut first = Reconciler::default();
            (1..=bans).for_each(|n| first.resume(&ban(n)));
            let restore = timed(|| assert_eq!(first.run(&mut filter, NOW).unwrap().added, bans as usize));
            first.want(&ban(bans + 1));
            let one = timed(|| assert_eq!(first.run(&mut filter, NOW).unwrap().added, 1));
            let mut filter = PacketFilter::open(Settings::default()).unwrap();
            let mut second = Reconciler::default();
            (1..=bans).for_each(|n| second.resume(&ban(n)));
            let restart = timed(|| assert_eq!(second.run(&mut filter, NOW).unwrap().added, 0));
            let memory = std::fs::read_to_string("/proc/self/status").unwrap();
            let memory = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned();
            println!("{bans} bans: restored {restore:?}, one more {one:?}, restart {restart:?}, {memory}");
        }
    })
    .unwrap();
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
