//! What detection remembers: of clients, prefixes, users, targets and sites, and the lines that counted. All bounded.

pub mod client;
pub mod evidence;
pub mod good;
pub mod habit;
pub mod known;
pub mod persist;
pub mod prefix;
pub mod seed;
pub mod shapes;
pub mod site;
pub mod table;
pub mod target;
pub mod user;

use std::net::IpAddr;

use ipnet::IpNet;

pub use client::Client;
pub use evidence::{Chain, Line, Ring, kind};
pub use persist::SnapshotError;
pub use seed::Seed;
pub use table::Slot;

use crate::detect::memory::client::{GOOD_ANSWERS, flag, hour};
use crate::detect::memory::good::GoodClients;
use crate::detect::memory::habit::Habit;
use crate::detect::memory::known::KnownPaths;
use crate::detect::memory::persist::{Persist, Reader};
use crate::detect::memory::prefix::{Prefix, net_of};
use crate::detect::memory::site::Site;
use crate::detect::memory::table::Table;
use crate::detect::memory::target::Target;
use crate::detect::memory::user::User;
use crate::detect::settings::Settings;
use crate::model::{Millis, Standing};

/// How much memory detection holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MemoryUse {
    pub bytes: usize,
    pub clients: usize,
    /// Clients forgotten because there were too many.
    pub evicted: u64,
}

/// Everything remembered.
pub struct Memory {
    pub seed: Seed,
    pub clients: Table<Client>,
    pub prefixes: Table<Prefix>,
    pub users: Table<User>,
    pub targets: Table<Target>,
    pub sites: Table<Site>,
    pub known: KnownPaths,
    pub habits: Table<Habit>,
    pub evidence: Ring,
    good: GoodClients,
}

impl Memory {
    pub fn new(seed: u64, settings: &Settings) -> Self {
        Self {
            seed: Seed::new(seed),
            clients: Table::new(settings.max_clients),
            prefixes: Table::new(settings.max_prefixes),
            users: Table::new(settings.max_users),
            targets: Table::new(settings.max_targets),
            sites: Table::new(settings.max_sites),
            known: KnownPaths::new(settings.known_paths),
            habits: Table::new(settings.max_targets),
            evidence: Ring::new(settings.evidence_bytes),
            good: GoodClients::default(),
        }
    }

    /// Asks the processor for the ways to what is known of a client and a path, both by their hashes;
    /// [`Memory::fetch`] follows.
    pub fn announce(&self, client: u64, path: u64) {
        self.clients.announce(client);
        self.known.fetch(path);
    }

    /// Asks for the record of a client, some work after it was announced.
    pub fn fetch(&self, client: u64) {
        self.clients.fetch(client);
    }

    /// The record of a client, brought to `now`; `hash` is that of its address.
    pub fn client(&mut self, ip: IpAddr, hash: u64, now: u32, settings: &Settings) -> Slot {
        let placed = self.clients.place_hashed(&self.seed, hash, client::key(ip), || Client::new(ip, now));
        if let Some(gone) = &placed.evicted {
            self.leave(gone);
        }
        if placed.fresh {
            let prefix = self.prefix(ip, now);
            let clients = &mut self.prefixes.at_mut(prefix).clients;
            *clients = clients.saturating_add(1);
        }
        self.clients.at_mut(placed.slot).advance(now, settings);
        placed.slot
    }

    pub fn prefix(&mut self, ip: IpAddr, now: u32) -> Slot {
        let net = net_of(ip);
        self.prefixes.place(&self.seed, [net, 0], || Prefix::new(net, now)).slot
    }

    pub fn user(&mut self, service: &str, user: &[u8], now: u32) -> Slot {
        let hash = self.seed.pair(service.as_bytes(), user);
        self.users.place(&self.seed, [hash, 0], || User::new(hash, now)).slot
    }

    pub fn target(&mut self, path: u64, now: u32) -> Slot {
        self.targets.place(&self.seed, [path, 0], || Target::new(path, now)).slot
    }

    pub fn site(&mut self, name: &[u8], now: u32) -> Slot {
        let hash = self.seed.bytes(name);
        let slot = self.sites.place(&self.seed, [hash, 0], || Site::new(hash, now)).slot;
        self.sites.at_mut(slot).last = now;
        slot
    }

    /// Counts a good answer, and the client as a good one where it had enough of them.
    pub fn count_good(&mut self, slot: Slot, now: u32) {
        let client = self.clients.at_mut(slot);
        client.good = client.good.saturating_add(1);
        if client.good < GOOD_ANSWERS || client.has(flag::HOSTILE) {
            return;
        }
        let fresh = !client.has(flag::GOOD);
        if fresh || client.good_hour != hour(now) {
            client.flags |= flag::GOOD;
            client.good_hour = hour(now);
            self.good.count(hour(now));
        }
        if fresh {
            let prefix = self.prefix(self.clients.at(slot).address(), now);
            let good = &mut self.prefixes.at_mut(prefix).good;
            *good = good.saturating_add(1);
        }
    }

    /// Remembers that an alert called this client hostile.
    pub fn accuse(&mut self, slot: Slot, now: u32) {
        let client = self.clients.at_mut(slot);
        client.hostile = now.max(1);
        client.flags &= !flag::SUCCESS_TOLD;
        if client.has(flag::HOSTILE) {
            return;
        }
        let was_good = client.has(flag::GOOD);
        let counted = was_good && client.good_hour == hour(now);
        client.flags = client.flags & !flag::GOOD | flag::HOSTILE;
        if counted {
            self.good.take_back(hour(now));
        }
        let prefix = self.prefix(self.clients.at(slot).address(), now);
        let prefix = self.prefixes.at_mut(prefix);
        prefix.hostile = prefix.hostile.saturating_add(1);
        prefix.good = prefix.good.saturating_sub(u16::from(was_good));
    }

    /// Nothing counts any more against the clients of a net, or against it as a whole.
    pub fn pardon(&mut self, net: IpNet) {
        let (seed, prefixes) = (&self.seed, &mut self.prefixes);
        let mut absolve = |client: &mut Client| {
            let around = prefixes.find(seed, [net_of(client.address()), 0]).filter(|_| client.has(flag::HOSTILE));
            if let Some(slot) = around {
                let prefix = prefixes.at_mut(slot);
                prefix.hostile = prefix.hostile.saturating_sub(1);
            }
            client.pardon();
        };
        if net.prefix_len() == net.max_prefix_len() {
            let found = self.clients.find(seed, client::key(net.addr()));
            return found.into_iter().for_each(|slot| absolve(self.clients.at_mut(slot)));
        }
        self.clients.iter_mut().filter(|client| net.contains(&client.address())).for_each(absolve);
        self.prefixes.iter_mut().filter(|prefix| net.contains(&prefix.net())).for_each(Prefix::pardon);
    }

    /// Takes a forgotten client out of its prefix's counts.
    fn leave(&mut self, gone: &Client) {
        let Some(slot) = self.prefixes.find(&self.seed, [net_of(gone.address()), 0]) else { return };
        let prefix = self.prefixes.at_mut(slot);
        prefix.clients = prefix.clients.saturating_sub(1);
        prefix.hostile = prefix.hostile.saturating_sub(u16::from(gone.has(flag::HOSTILE)));
        prefix.good = prefix.good.saturating_sub(u16::from(gone.has(flag::GOOD)));
    }

    /// Clients with a legitimate use in this hour or the last, whichever saw more.
    pub fn good_clients(&self) -> u64 {
        self.good.lately()
    }

    pub fn standing_of_client(&self, slot: Slot) -> Standing {
        let client = self.clients.at(slot);
        Standing {
            requests: client.requests,
            good: client.good,
            logins: u32::from(client.logins),
            clients: 1,
            hostile: u32::from(client.has(flag::HOSTILE)),
            good_clients: u32::from(client.has(flag::GOOD)),
            first_seen: Millis::from_secs(i64::from(client.first)),
        }
    }

    /// Of a client, by its address.
    pub fn standing_of(&self, ip: IpAddr) -> Standing {
        let found = self.clients.find(&self.seed, client::key(ip));
        found.map(|slot| self.standing_of_client(slot)).unwrap_or_default()
    }

    /// Of a prefix: exact from /24 and /64 upwards, for narrower ones that of the /24 or /64 around them.
    pub fn standing_of_net(&self, net: IpNet) -> Standing {
        if net.prefix_len() == net.max_prefix_len() {
            return self.standing_of(net.addr());
        }
        let mut standing = Standing::default();
        let around = [net_of(net.addr()), 0];
        let inner = if matches!(net, IpNet::V4(_)) { 24 } else { 64 };
        if net.prefix_len() >= inner {
            let found = self.prefixes.find(&self.seed, around).map(|slot| self.prefixes.at(slot));
            found.iter().for_each(|prefix| add(&mut standing, prefix));
            return standing;
        }
        self.prefixes.iter().filter(|prefix| net.contains(&prefix.net())).for_each(|prefix| add(&mut standing, prefix));
        standing
    }

    pub fn usage(&self) -> MemoryUse {
        let tables = self.clients.bytes() + self.prefixes.bytes() + self.users.bytes() + self.targets.bytes();
        MemoryUse {
            bytes: tables + self.sites.bytes() + self.habits.bytes() + self.known.bytes() + self.evidence.bytes(),
            clients: self.clients.len(),
            evicted: self.clients.evicted(),
        }
    }

    pub fn put(&self, out: &mut Vec<u8>) {
        self.seed.number().put(out);
        self.clients.put(out);
        self.prefixes.put(out);
        self.users.put(out);
        self.targets.put(out);
        self.sites.put(out);
        self.known.put(out);
        self.habits.put(out);
        self.evidence.put(out);
        self.good.put(out);
    }

    /// # Errors
    /// [`SnapshotError::Damaged`]
    pub fn get(from: &mut Reader<'_>, settings: &Settings) -> Result<Self, SnapshotError> {
        let seed = Seed::new(u64::get(from)?);
        Ok(Self {
            clients: Table::get(from, &seed, settings.max_clients)?,
            prefixes: Table::get(from, &seed, settings.max_prefixes)?,
            users: Table::get(from, &seed, settings.max_users)?,
            targets: Table::get(from, &seed, settings.max_targets)?,
            sites: Table::get(from, &seed, settings.max_sites)?,
            known: KnownPaths::get(from)?,
            habits: Table::get(from, &seed, settings.max_targets)?,
            evidence: Ring::get(from, settings.evidence_bytes)?,
            good: GoodClients::get(from)?,
            seed,
        })
    }
}

fn add(standing: &mut Standing, prefix: &Prefix) {
    standing.clients += u32::from(prefix.clients);
    standing.hostile += u32::from(prefix.hostile);
    standing.good_clients += u32::from(prefix.good);
}
