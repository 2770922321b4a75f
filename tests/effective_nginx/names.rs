//! Which server block answers: names of all kinds on shared addresses, over the wire and in the engine.

use std::fmt::Write;
use std::net::{IpAddr, TcpStream};

use peelhouse::effective::nginx::{Nginx, Request, Served};
use peelhouse::host::Host;

use crate::generate::Dice;
use crate::lab::{Client, nginx_is_here, start};

const SERVERS: u64 = 60;
const HOSTS: u64 = 150;
const ROUNDS: u64 = 24;

#[test]
fn names_and_addresses_choose_as_told() {
    if !nginx_is_here() {
        return;
    }
    for round in 0..ROUNDS {
        let lab = start(|_, port| servers(round, port));
        let (config, build, files) = (lab.read(), lab.build(), Host::live());
        let nginx = Nginx::new(&config, &build, &files);
        let mut dice = Dice::new(round + 77);
        let mut clients = [Client::default(), Client::default()];
        for _ in 0..HOSTS {
            let host = host(&mut dice);
            for (client, address) in clients.iter_mut().zip(["127.0.0.1", "127.0.0.9"]) {
                let address: IpAddr = address.parse().unwrap();
                let request = Request { address, ..lab.request(&host, "GET", "/") };
                let answer = nginx.ask(&request);
                let said = match answer.only().map(|outcome| &outcome.served) {
                    Some(Served::Text(Some(text))) => text.clone(),
                    other => format!("{other:?}"),
                };
                let reply = client.ask_at((address, lab.port), &host, "GET", "/").unwrap();
                assert_eq!((reply.status, reply.body.as_str()), (200, said.as_str()), "round {round} {address} {host}");
            }
        }
        assert!(TcpStream::connect(("127.0.0.9", lab.port)).is_ok());
    }
}

fn servers(round: u64, port: u16) -> String {
    let mut dice = Dice::new(round + 1);
    let mut text = String::new();
    for index in 0..SERVERS {
        // The wildcard and an address of its own, the latter for some blocks only.
        let mut listens = format!("listen {port}; ");
        if dice.one_in(3) {
            write!(listens, "listen 127.0.0.9:{port}").unwrap();
            listens.push_str(if index == 30 { " default_server;" } else { ";" });
        }
        let names: Vec<String> = (0..dice.below(4)).map(|_| name(&mut dice)).collect();
        let names = if names.is_empty() { String::new() } else { format!("server_name {};", names.join(" ")) };
        writeln!(text, "server {{ {listens} {names} return 200 \"{index} $server_name\"; }}").unwrap();
    }
    text
}

fn labels(dice: &mut Dice, most: u64) -> String {
    let count = 1 + dice.below(most);
    (0..count).map(|_| dice.pick(&["a", "b", "c", "www"])).collect::<Vec<_>>().join(".")
}

fn name(dice: &mut Dice) -> String {
    let name = labels(dice, 3);
    match dice.below(10) {
        0 | 1 => format!("*.{name}"),
        2 => format!(".{name}"),
        3 | 4 => format!("{name}.*"),
        5 => format!("~^{}\\.", dice.pick(&["a", "www", "(?<sub>b)", "c|b"])),
        6 => format!("\"~{}$\"", dice.pick(&["\\.a", "B{1,2}", "(a|c)\\.b"])),
        7 => name.to_uppercase(),
        _ => name,
    }
}

fn host(dice: &mut Dice) -> String {
    let name = labels(dice, 4);
    match dice.below(8) {
        0 => format!("{name}."),
        1 => format!("{name}:80"),
        2 => name.to_uppercase(),
        _ => name,
    }
}
