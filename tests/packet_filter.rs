//! The packet filter against the kernel: every claim by real TCP connections in a private network namespace.
#![allow(clippy::disallowed_methods, reason = "a test looks at the machine itself")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod netns;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use netns::{Neighbour, connects, inside, listen, nft, run};
use peelhouse::act::packet_filter::{Effect, Element, Ensured, PacketFilter, Ports, Settings, Trickle};

const CLIENT4: &str = "203.0.113.7";
const OTHER4: &str = "203.0.113.8";
const CLIENT6: &str = "2001:db8:0:1::7";
const SAME64: &str = "2001:db8:0:1::8";
const OTHER64: &str = "2001:db8:0:2::7";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

/// A server on loopback for both versions, and clients with addresses of their own.
fn stage() -> (SocketAddr, SocketAddr) {
    for address in [CLIENT4, OTHER4] {
        run(&format!("ip addr add {address}/32 dev lo"));
    }
    for address in [CLIENT6, SAME64, OTHER64] {
        run(&format!("ip addr add {address}/128 dev lo nodad"));
    }
    (listen("127.0.0.1:0".parse().unwrap()), listen("[::1]:0".parse().unwrap()))
}

fn filter() -> PacketFilter {
    let mut filter = PacketFilter::open(Settings::default()).unwrap();
    assert_eq!(filter.ensure().unwrap(), Ensured::Mended { emptied: true });
    filter
}

fn long() -> Option<Duration> {
    Some(Duration::from_secs(600))
}

#[test]
fn a_banned_address_is_dropped_until_its_time_is_over() {
    inside("a_banned_address_is_dropped_until_its_time_is_over", || {
        let (four, six) = stage();
        let mut filter = filter();
        assert!(connects(ip(CLIENT4), four) && connects(ip(CLIENT6), six));
        let ttl = Some(Duration::from_millis(1200));
        filter.add(&[Element::drop(ip(CLIENT4), ttl), Element::drop(ip(CLIENT6), ttl)]).unwrap();
        assert!(!connects(ip(CLIENT4), four) && !connects(ip(CLIENT6), six));
        assert!(connects(ip(OTHER4), four) && connects(ip(SAME64), six));
        std::thread::sleep(Duration::from_millis(1400));
        assert!(connects(ip(CLIENT4), four) && connects(ip(CLIENT6), six));
    });
}

#[test]
fn a_64_and_a_prefix_are_dropped_whole_and_no_further() {
    inside("a_64_and_a_prefix_are_dropped_whole_and_no_further", || {
        let (four, six) = stage();
        let mut filter = filter();
        filter
            .add(&[Element::drop(net("2001:db8:0:1::/64"), long()), Element::drop(net("203.0.113.0/29"), long())])
            .unwrap();
        assert!(!connects(ip(CLIENT6), six) && !connects(ip(SAME64), six));
        assert!(connects(ip(OTHER64), six));
        assert!(!connects(ip(CLIENT4), four));
        assert!(connects(ip(OTHER4), four), "203.0.113.8 is the first behind the /29");
        filter
            .add(&[Element::drop(net("203.0.113.0/24"), long()), Element::drop(net("2001:db8::/48"), long())])
            .unwrap();
        assert!(!connects(ip(OTHER4), four) && !connects(ip(OTHER64), six));
        filter.remove(&[Element::drop(net("203.0.113.0/24"), None)]).unwrap();
        assert!(connects(ip(OTHER4), four));
        assert!(!connects(ip(CLIENT4), four), "the /29 inside the /24 stands again");
    });
}

#[test]
fn a_prefix_around_the_mark_we_leave_in_every_set_is_fine() {
    inside("a_prefix_around_the_mark_we_leave_in_every_set_is_fine", || {
        let (_, six) = stage();
        let mut filter = filter();
        filter.add(&[Element::drop(net("240.0.0.0/4"), long()), Element::drop(net("::/0"), long())]).unwrap();
        assert!(!connects(ip(CLIENT6), six));
        nft("add table inet somebody");
        assert_eq!(filter.ensure().unwrap(), Ensured::Intact);
        let mut again = PacketFilter::open(Settings::default()).unwrap();
        assert_eq!(again.ensure().unwrap(), Ensured::Mended { emptied: false });
        assert!(!connects(ip(CLIENT6), six));
        filter.ensure().unwrap();
        filter.allow(&[net("0.0.0.0/0"), net("::/0")]).unwrap();
        assert!(connects(ip(CLIENT6), six));
        nft("delete table inet somebody");
        assert_eq!(filter.ensure().unwrap(), Ensured::Intact);
    });
}

#[test]
fn an_established_connection_is_cut_too() {
    inside("an_established_connection_is_cut_too", || {
        use std::io::{Read as _, Write as _};
        run("ip addr add 203.0.113.7/32 dev lo");
        let mut filter = filter();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let client =
            rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
        rustix::net::bind(&client, &SocketAddr::new(ip(CLIENT4), 0)).unwrap();
        rustix::net::connect(&client, &to).unwrap();
        let mut client = std::net::TcpStream::from(client);
        let (mut server, _) = listener.accept().unwrap();
        server.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut buffer = [0; 5];
        client.write_all(b"first").unwrap();
        server.read_exact(&mut buffer).unwrap();
        filter.add(&[Element::drop(ip(CLIENT4), long())]).unwrap();
        client.write_all(b"again").unwrap();
        assert!(server.read_exact(&mut buffer).is_err(), "bytes of a banned client arrived");
    });
}

#[test]
fn a_limited_client_keeps_a_trickle() {
    inside("a_limited_client_keeps_a_trickle", || {
        let (four, six) = stage();
        let limit = Trickle { connections_per_second: 1, connections_burst: 3, ..Trickle::default() };
        let mut filter = PacketFilter::open(Settings { limit, ..Settings::default() }).unwrap();
        filter.ensure().unwrap();
        filter.add(&[Element::limit(ip(CLIENT4), long()), Element::limit(ip(CLIENT6), long())]).unwrap();
        for (client, server) in [(CLIENT4, four), (CLIENT6, six)] {
            let opened = (0..8).filter(|_| connects(ip(client), server)).count();
            assert!((2..8).contains(&opened), "{client} opened {opened} of 8");
        }
        assert!((0..8).all(|_| connects(ip(OTHER4), four)));
        assert!(filter.counters().unwrap()["limit4"].packets > 0);
        assert_eq!(filter.counters().unwrap()["drop4"].packets, 0);
    });
}

#[test]
fn an_allowed_net_always_wins() {
    inside("an_allowed_net_always_wins", || {
        let (four, six) = stage();
        let mut filter = filter();
        filter.allow(&[net("203.0.113.7/32"), net("2001:db8:0:1::/64")]).unwrap();
        filter.add(&[Element::drop(net("203.0.113.0/24"), long()), Element::drop(ip(CLIENT6), long())]).unwrap();
        assert!(connects(ip(CLIENT4), four) && connects(ip(CLIENT6), six));
        assert!(!connects(ip(OTHER4), four));
        filter.allow(&[]).unwrap();
        assert!(!connects(ip(CLIENT4), four));
    });
}

#[test]
fn only_the_chosen_ports_are_closed() {
    inside("only_the_chosen_ports_are_closed", || {
        let (four, _) = stage();
        let other = listen("127.0.0.1:0".parse().unwrap());
        let settings = Settings { ports: Ports::Only(vec![four.port()]), ..Settings::default() };
        let mut filter = PacketFilter::open(settings).unwrap();
        filter.ensure().unwrap();
        filter.add(&[Element::drop(ip(CLIENT4), long())]).unwrap();
        assert!(!connects(ip(CLIENT4), four));
        assert!(connects(ip(CLIENT4), other));
    });
}

#[test]
fn adding_again_renews_the_time_and_removing_twice_is_fine() {
    inside("adding_again_renews_the_time_and_removing_twice_is_fine", || {
        let mut filter = filter();
        let short = Element::drop(ip(CLIENT4), Some(Duration::from_secs(5)));
        let renewed = Element::drop(ip(CLIENT4), Some(Duration::from_secs(500)));
        filter.add(&[short, Element::drop(ip(OTHER4), long())]).unwrap();
        filter.add(&[renewed, short, renewed]).unwrap();
        let left = filter.get(&short).unwrap().unwrap().left.unwrap();
        assert!(left > Duration::from_secs(400), "{left:?}");
        filter.remove(&[short, short]).unwrap();
        filter.remove(&[short]).unwrap();
        assert_eq!(filter.get(&short).unwrap(), None);
        let held: Vec<IpNet> = filter.list(Effect::Drop).unwrap().into_iter().map(|held| held.net).collect();
        assert_eq!(held, [IpNet::from(ip(OTHER4))]);
    });
}

#[test]
fn what_others_break_is_noticed_and_mended() {
    inside("what_others_break_is_noticed_and_mended", || {
        let (four, _) = stage();
        let mut filter = filter();
        let elements = [Element::drop(ip(CLIENT4), long()), Element::drop(net("198.51.100.0/24"), long())];
        filter.add(&elements).unwrap();
        assert_eq!(filter.ensure().unwrap(), Ensured::Intact);
        nft("add table inet somebody");
        assert_eq!(filter.ensure().unwrap(), Ensured::Intact, "another table is not our matter");
        for (harm, emptied) in [
            ("flush ruleset", true),
            ("delete table inet peelhouse", true),
            ("flush set inet peelhouse drop4", true),
            ("flush set inet peelhouse dropprefix4", true),
            ("flush chain inet peelhouse stop", false),
            ("flush table inet peelhouse", false),
            ("insert rule inet peelhouse stop accept", false),
        ] {
            nft(harm);
            assert_eq!(filter.ensure().unwrap(), Ensured::Mended { emptied }, "{harm}");
            if emptied {
                filter.add(&elements).unwrap();
            }
            assert!(!connects(ip(CLIENT4), four), "{harm}");
            assert_eq!(filter.ensure().unwrap(), Ensured::Intact, "{harm}");
        }
    });
}

#[test]
fn a_restart_keeps_what_stands_and_leaves_no_gap() {
    inside("a_restart_keeps_what_stands_and_leaves_no_gap", || {
        let (four, _) = stage();
        let mut first = filter();
        let prefixes = ["198.51.100.0/24", "198.51.101.0/24", "240.0.0.0/5", "2001:db8:100::/56", "8000::/1"];
        first.add(&prefixes.map(|prefix| Element::drop(net(prefix), long()))).unwrap();
        first.add(&[Element::drop(ip(CLIENT4), long()), Element::drop(net("2001:db8:5::/64"), None)]).unwrap();
        drop(first);
        assert!(!connects(ip(CLIENT4), four));
        let mut second = PacketFilter::open(Settings::default()).unwrap();
        assert_eq!(second.ensure().unwrap(), Ensured::Mended { emptied: false });
        assert!(!connects(ip(CLIENT4), four));
        let mut listed: Vec<IpNet> = second.list(Effect::Drop).unwrap().into_iter().map(|held| held.net).collect();
        listed.sort_unstable();
        let mut stood = prefixes.map(net).to_vec();
        stood.extend([net("203.0.113.7/32"), net("2001:db8:5::/64")]);
        stood.sort_unstable();
        assert_eq!(listed, stood);
        second.remove(&[Element::drop(net("240.0.0.0/5"), None)]).unwrap();
        assert_eq!(second.list(Effect::Drop).unwrap().len(), 4, "the other IPv4 prefixes were not added again");
        second.delete_table().unwrap();
        assert!(connects(ip(CLIENT4), four));
    });
}

#[test]
fn a_table_of_another_make_is_replaced() {
    inside("a_table_of_another_make_is_replaced", || {
        nft("add table inet peelhouse");
        nft("add set inet peelhouse drop4 { type inet_service; }");
        let (four, _) = stage();
        let mut filter = filter();
        filter.add(&[Element::drop(ip(CLIENT4), long())]).unwrap();
        assert!(!connects(ip(CLIENT4), four));
    });
}

#[test]
fn forwarded_traffic_is_dropped_too() {
    inside("forwarded_traffic_is_dropped_too", || {
        let (client, server) = (Neighbour::new(), Neighbour::new());
        for (name, theirs, neighbour) in [("toclient", "192.0.2", &client), ("toserver", "198.51.100", &server)] {
            run(&format!("ip link add {name} type veth peer name eth0 netns {}", neighbour.pid()));
            run(&format!("ip addr add {theirs}.1/24 dev {name}"));
            run(&format!("ip link set {name} up"));
            neighbour.run(&format!("ip addr add {theirs}.2/24 dev eth0"));
            neighbour.run("ip link set eth0 up");
            neighbour.run(&format!("ip route add default via {theirs}.1"));
        }
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        let to = server.within(|| listen("198.51.100.2:0".parse().unwrap()));
        let reaches = || client.within(move || connects(ip("192.0.2.2"), to));
        assert!(reaches(), "the way itself is open");
        let mut filter = filter();
        assert!(reaches(), "an empty table stops nothing");
        filter.add(&[Element::drop(ip("192.0.2.2"), long())]).unwrap();
        assert!(!reaches());
        assert!(filter.counters().unwrap()["drop4"].packets > 0);
        filter.remove(&[Element::drop(ip("192.0.2.2"), None)]).unwrap();
        assert!(reaches());
    });
}

#[test]
fn many_elements_come_back_whole() {
    inside("many_elements_come_back_whole", || {
        let mut filter = filter();
        let many: Vec<Element> = (0..45_000_u32)
            .map(|n| match n % 3 {
                0 => Element::drop(ip(&format!("10.0.{}.{}", n >> 8, n & 255)), long()),
                1 => Element::drop(net(&format!("2001:db8:{:x}::/64", n)), long()),
                _ => Element::drop(ip(&format!("2001:db8::{:x}", n)), long()),
            })
            .collect();
        filter.add(&many).unwrap();
        assert_eq!(filter.list(Effect::Drop).unwrap().len(), many.len());
        filter.add(&many).unwrap();
        filter.remove(&many).unwrap();
        assert_eq!(filter.list(Effect::Drop).unwrap().len(), 0);
        assert_eq!(filter.ensure().unwrap(), Ensured::Intact);
    });
}
