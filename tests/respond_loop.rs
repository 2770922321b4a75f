//! From an alert to a ban in the kernel, through everything between, in a private network namespace.
#![allow(clippy::disallowed_methods, reason = "a test looks at the machine itself")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod netns;

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use netns::{connects, inside, listen, nft, run};
use peelhouse::act::packet_filter::{Element, PacketFilter, Settings, measure};
use peelhouse::model::{Action, Alert, AlertId, Class, Confidence, Decision, Millis, Severity, Standing, Subject, Via};
use peelhouse::respond::ground::always_allowed;
use peelhouse::respond::proof::{Cause, Hold, Look, Sighting};
use peelhouse::respond::{Ground, Mode, Policy, Proof, Reconciler, Respond, World};

const CLIENT: &str = "203.0.113.7";
const NOW: Millis = Millis::from_secs(1_800_000_000);

fn alert(via: Via) -> Alert {
    Alert {
        id: AlertId(7),
        detector: "probing".into(),
        rules: Vec::new(),
        class: Class::Probing,
        subject: Subject::Client(CLIENT.parse().unwrap()),
        site: "www".into(),
        via,
        severity: Severity::High,
        confidence: Confidence::High,
        first: NOW,
        last: NOW,
        lines: 11,
        sentence: "11 missing paths in 100 s".into(),
        counts: Vec::new(),
        standing: Standing::default(),
        evidence: Vec::new(),
    }
}

fn world() -> World<'static> {
    World { now: NOW, admin_sessions: &[], admin_logins: &[], good_clients: 0, server_map: false }
}

fn decide(mode: Mode, via: Via) -> (Respond, Decision) {
    let mut respond = Respond::new(Policy { mode, ..Policy::default() }, Ground::default());
    let decision = respond.decide(&alert(via), &world()).unwrap();
    (respond, decision)
}

#[test]
fn a_decided_ban_lands_survives_a_flush_and_ends_when_pardoned() {
    inside("a_decided_ban_lands_survives_a_flush_and_ends_when_pardoned", || {
        run("ip addr add 203.0.113.7/32 dev lo");
        let server = listen("127.0.0.1:0".parse().unwrap());
        let client: IpAddr = CLIENT.parse().unwrap();
        let mut filter = PacketFilter::open(Settings::default()).unwrap();
        let (mut respond, decision) = decide(Mode::Enforce, Via::Direct);
        let mut reconciler = Reconciler::default();
        reconciler.want(&decision);
        filter.allow(&always_allowed(NOW, respond.ground(), respond.policy())).unwrap();
        assert!(connects(client, server));
        assert_eq!(reconciler.run(&mut filter, NOW).unwrap().added, 1);
        assert_eq!(filter.tried(client.into()).unwrap(), None, "not tried since");
        assert!(!connects(client, server));
        let prefix = "203.0.113.0/24".parse().unwrap();
        for net in [IpNet::from(client), prefix] {
            assert!(filter.tried(net).unwrap().is_some_and(|ago| ago < Duration::from_secs(60)), "{net} came again");
        }
        assert_eq!(filter.tried("203.0.113.8/32".parse().unwrap()).unwrap(), None);
        nft("flush ruleset");
        assert!(connects(client, server));
        let report = reconciler.run(&mut filter, NOW + Duration::from_secs(1)).unwrap();
        assert!(report.emptied && report.added == 1);
        assert!(!connects(client, server));
        nft("delete element inet peelhouse drop4 { 203.0.113.7 }");
        assert_eq!(filter.get(&Element::drop(client, None)).unwrap(), None, "a look tells the cause");
        respond.pardon(&decision.subject, NOW);
        reconciler.end(&decision.subject);
        reconciler.run(&mut filter, NOW + Duration::from_secs(2)).unwrap();
        assert!(connects(client, server));
    });
}

#[test]
fn observe_mode_and_proxied_clients_leave_the_kernel_alone_and_proof_says_why() {
    inside("observe_mode_and_proxied_clients_leave_the_kernel_alone_and_proof_says_why", || {
        run("ip addr add 203.0.113.7/32 dev lo");
        let server = listen("127.0.0.1:0".parse().unwrap());
        let client = CLIENT.parse().unwrap();
        let mut filter = PacketFilter::open(Settings::default()).unwrap();
        let mut reconciler = Reconciler::default();
        let (_, observed) = decide(Mode::Observe, Via::Direct);
        let (_, proxied) = decide(Mode::Enforce, Via::Proxy("192.0.2.1".parse().unwrap()));
        assert_eq!((observed.action, proxied.action), (Action::Ban, Action::Tell));
        reconciler.want(&observed);
        reconciler.want(&proxied);
        assert_eq!(reconciler.run(&mut filter, NOW).unwrap().added, 0);
        assert!(connects(client, server));
        let mut proof = Proof::default();
        proof.watch(&observed, NOW);
        let after = NOW + Duration::from_secs(9);
        let seen = proof
            .seen(&Sighting { client, via: Via::Direct, site: "www", refused: false, began: Some(after), at: after })
            .unwrap();
        let look = Look { table_stands: true, element_held: false, port_excluded: false };
        assert_eq!(proof.explain(&seen, look).unwrap().cause, Cause::Observed);
        assert_eq!(proof.holds(&seen, false, after), Some(Hold::Ineffective));
    });
}

#[test]
fn measuring_fills_a_table_of_its_own() {
    inside("measuring_fills_a_table_of_its_own", || {
        let measured = measure(2_000).unwrap();
        assert_eq!(measured.elements, 2_000);
        assert!(measured.ban_p50 > 0.0 && measured.ban_p50 <= measured.ban_max);
        assert_eq!(nft("list tables"), "", "nothing is left in the namespace of the caller");
    });
}
