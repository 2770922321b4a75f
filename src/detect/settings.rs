//! Every threshold of detection, with its default and what it means.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::detect::fail2ban::JailRules;
use crate::model::bounds;

/// A leaky bucket: it overflows with the next drop after `capacity`, and loses one drop every `leak` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    #[serde(deserialize_with = "bounds::weight")]
    pub capacity: f32,
    #[serde(deserialize_with = "bounds::some")]
    pub leak: u32,
}

impl Bucket {
    const fn new(capacity: f32, leak: u32) -> Self {
        Self { capacity, leak }
    }

    /// Seconds that a full bucket needs to run dry: as far as it looks back.
    pub fn window(self) -> u64 {
        (f64::from(self.capacity.max(0.0)) * f64::from(self.leak)) as u64
    }
}

/// The thresholds; what a file leaves out keeps its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Clients remembered at most; beyond, the least worth keeping are forgotten. 112 bytes each.
    #[serde(deserialize_with = "bounds::room")]
    pub max_clients: usize,
    /// Prefixes (/24, /64) remembered at most. 48 bytes each.
    #[serde(deserialize_with = "bounds::room")]
    pub max_prefixes: usize,
    /// Sites, user names and login paths remembered at most, each.
    #[serde(deserialize_with = "bounds::room")]
    pub max_sites: usize,
    #[serde(deserialize_with = "bounds::room")]
    pub max_users: usize,
    #[serde(deserialize_with = "bounds::room")]
    pub max_targets: usize,
    /// Paths remembered as answered 2xx, over all sites. 4 bytes each.
    #[serde(deserialize_with = "bounds::room")]
    pub known_paths: usize,
    /// Bytes of raw lines kept as evidence, at most.
    #[serde(deserialize_with = "bounds::room")]
    pub evidence_bytes: usize,

    /// Distinct missing paths of a client: fast, and slow.
    pub probing: Bucket,
    pub probing_slow: Bucket,
    /// Distinct missing paths of a client in a day, under 60; one that a page of the site led to counts a quarter.
    #[serde(deserialize_with = "bounds::weight")]
    pub probing_day: f32,
    /// A missing path that a page of the same site referred to counts this much.
    #[serde(deserialize_with = "bounds::weight")]
    pub referred_weight: f32,
    /// So many misses that pages of the site led to are believed at once; further ones while most answers are good.
    #[serde(deserialize_with = "bounds::weight")]
    pub referred_misses: f32,
    /// A missing path weighs the less the better the client's other answers are, down to this.
    #[serde(deserialize_with = "bounds::weight")]
    pub trusted_weight: f32,
    /// A client with so many good answers a missing path is trusted.
    #[serde(deserialize_with = "bounds::weight")]
    pub trusted_share: f32,
    /// The slow and the daily count speak only while good answers are fewer than this many times the missing paths.
    #[serde(deserialize_with = "bounds::weight")]
    pub good_to_missing: f32,

    /// Refused requests for secrets, web shells and what scanners ask for.
    pub sensitive: Bucket,

    /// Failed logins of a client: fast, and slow.
    /// Slowly, a failure at sshd counts so often: no page of a site leads people there.
    pub failures: Bucket,
    pub failures_slow: Bucket,
    #[serde(deserialize_with = "bounds::weight")]
    pub sshd_slow_factor: f32,
    /// A client that has logged in before may fail this many times as often.
    #[serde(deserialize_with = "bounds::weight")]
    pub known_factor: f32,
    /// And so often in a day before it is banned and not limited.
    pub failures_day_known: u16,
    /// Failed logins of a client in a day, while successes are fewer than a third of them.
    pub failures_day: u16,
    /// Failed logins of a client in a day, while successes ever are fewer than they.
    pub failures_day_flat: u16,
    /// A success takes this many failures back.
    #[serde(deserialize_with = "bounds::weight")]
    pub success_credit: f32,
    /// A 401 that names no user counts this much, and nothing where other answers are good: a session that ran out.
    #[serde(deserialize_with = "bounds::weight")]
    pub nameless_weight: f32,
    /// A POST to xmlrpc.php counts this much: some of them are wanted. From what calls itself WordPress's own app: that.
    #[serde(deserialize_with = "bounds::weight")]
    pub xmlrpc_weight: f32,
    #[serde(deserialize_with = "bounds::weight")]
    pub xmlrpc_app_weight: f32,
    /// Failed logins with one user name, and the clients they must come from.
    pub user_failures: Bucket,
    pub user_clients: u32,
    /// Failed logins from a /24 or /64, and the clients they must come from.
    pub prefix_failures: Bucket,
    pub prefix_clients: u32,

    /// What fresh addresses of one /64 do at once, in points, and the addresses it must come from.
    pub prefix_suspicion: Bucket,
    pub prefix_strangers: u16,

    /// Credential stuffing: seconds of a bin, strangers that must fail in it, and how many times the usual.
    #[serde(deserialize_with = "bounds::some")]
    pub stuffing_bin: u32,
    #[serde(deserialize_with = "bounds::weight")]
    pub stuffing_strangers: f32,
    #[serde(deserialize_with = "bounds::weight")]
    pub stuffing_factor: f32,

    /// Content score of a client: alert at, where one target alone scored, points of one line at most, half-life in s.
    #[serde(deserialize_with = "bounds::weight")]
    pub score: f32,
    #[serde(deserialize_with = "bounds::weight")]
    pub score_one_target: f32,
    #[serde(deserialize_with = "bounds::weight")]
    pub score_line: f32,
    #[serde(deserialize_with = "bounds::some")]
    pub score_half_life: u32,
    /// So many suspicious requests in a day from a client that asks for hardly anything else.
    #[serde(deserialize_with = "bounds::some")]
    pub score_day: u32,
    /// A line of so many points is an alert by itself where lines are judged alone (`rules match`).
    #[serde(deserialize_with = "bounds::weight")]
    pub score_alert: f32,
    /// What a failed login weighs there: one is nobody's attack.
    #[serde(deserialize_with = "bounds::weight")]
    pub score_failure: f32,
    /// Points of a hit are its rule's score, times this where the rule is of medium or of low confidence.
    #[serde(deserialize_with = "bounds::weight")]
    pub score_medium_confidence: f32,
    #[serde(deserialize_with = "bounds::weight")]
    pub score_low_confidence: f32,
    /// The same for what a page of the site led a client to that was answered well so often before.
    #[serde(deserialize_with = "bounds::weight")]
    pub score_at_home: f32,
    pub at_home: u32,
    /// The same for what was answered well: the site takes such texts. What came of an attack that worked is told apart.
    #[serde(deserialize_with = "bounds::weight")]
    pub score_answered: f32,
    /// The same for a rule that good clients of so many networks meet with the same parameters at the same path.
    #[serde(deserialize_with = "bounds::weight")]
    pub score_usual: f32,
    #[serde(deserialize_with = "bounds::some")]
    pub habit_networks: u32,

    /// Volume: pages a second held for ten seconds, and standard deviations above the site's usual client.
    #[serde(deserialize_with = "bounds::weight")]
    pub volume_rate: f32,
    #[serde(deserialize_with = "bounds::weight")]
    pub volume_spreads: f32,
    /// A client of many people (user agents, logins) may do this many times as much, at most.
    #[serde(deserialize_with = "bounds::weight")]
    pub volume_people: f32,

    /// Seconds in which a success after an attack is told as an incident.
    #[serde(deserialize_with = "bounds::some")]
    pub success_window: u32,

    /// User agents that say they are a crawler, and where that crawler really comes from. Wide on purpose.
    pub crawlers: Vec<Crawler>,

    /// Jails imported from fail2ban.
    #[serde(rename = "jail", skip_serializing_if = "Vec::is_empty")]
    pub jails: Vec<JailRules>,
}

/// A crawler's word for itself, and its networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crawler {
    /// As in the user agent, in any case.
    pub token: String,
    pub nets: Vec<IpNet>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jails: Vec::new(),
            max_clients: 1_000_000,
            max_prefixes: 262_144,
            max_sites: 1024,
            max_users: 4096,
            max_targets: 1024,
            known_paths: 262_144,
            evidence_bytes: 16 << 20,
            probing: Bucket::new(10.0, 10),
            probing_slow: Bucket::new(14.0, 600),
            probing_day: 20.0,
            referred_weight: 0.1,
            referred_misses: 8.0,
            trusted_weight: 0.25,
            trusted_share: 3.0,
            good_to_missing: 2.0,
            sensitive: Bucket::new(4.0, 5),
            failures: Bucket::new(5.0, 10),
            failures_slow: Bucket::new(10.0, 60),
            sshd_slow_factor: 2.0,
            known_factor: 3.0,
            failures_day_known: 100,
            failures_day: 30,
            failures_day_flat: 300,
            success_credit: 2.0,
            nameless_weight: 0.05,
            xmlrpc_weight: 0.5,
            xmlrpc_app_weight: 0.1,
            user_failures: Bucket::new(10.0, 60),
            user_clients: 3,
            prefix_failures: Bucket::new(20.0, 30),
            prefix_clients: 4,
            prefix_suspicion: Bucket::new(12.0, 60),
            prefix_strangers: 6,
            stuffing_bin: 600,
            stuffing_strangers: 20.0,
            stuffing_factor: 4.0,
            score: 10.0,
            score_one_target: 30.0,
            score_line: 8.0,
            score_alert: 3.0,
            score_failure: 1.0,
            score_half_life: 300,
            score_day: 8,
            score_medium_confidence: 0.75,
            score_low_confidence: 0.5,
            score_at_home: 0.4,
            at_home: 20,
            score_answered: 0.25,
            score_usual: 0.25,
            habit_networks: 5,
            volume_rate: 40.0,
            volume_spreads: 8.0,
            volume_people: 8.0,
            success_window: 3600,
            crawlers: crawlers(),
        }
    }
}

/// The networks that the operators' address ranges lie in (their published crawler lists and registry entries).
fn crawlers() -> Vec<Crawler> {
    let known: [(&str, &[&str]); 2] = [
        (
            "googlebot",
            &[
                "66.249.64.0/19",
                "64.233.160.0/19",
                "72.14.192.0/18",
                "74.125.0.0/16",
                "192.178.0.0/15",
                "34.0.0.0/9",
                "35.184.0.0/13",
                "2001:4860::/32",
            ],
        ),
        (
            "bingbot",
            &[
                "13.64.0.0/11",
                "20.0.0.0/8",
                "40.74.0.0/15",
                "40.76.0.0/14",
                "51.105.0.0/16",
                "52.128.0.0/10",
                "65.52.0.0/14",
                "157.54.0.0/15",
                "157.56.0.0/14",
                "191.232.0.0/13",
                "199.30.16.0/20",
                "207.46.0.0/16",
                "2620:1ec::/36",
            ],
        ),
    ];
    known
        .into_iter()
        .map(|(token, nets)| Crawler {
            token: token.to_owned(),
            nets: nets.iter().filter_map(|net| net.parse().ok()).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_name_one_threshold_and_no_unknown_one() {
        let some: Settings = toml::from_str("volume_rate = 50.0\nprobing = { capacity = 5.0, leak = 20 }").unwrap();
        assert_eq!((some.volume_rate, some.probing.window()), (50.0, 100));
        assert_eq!(some.max_clients, Settings::default().max_clients);
        assert!(toml::from_str::<Settings>("volum_rate = 1.0").unwrap_err().to_string().contains("volum_rate"));
    }

    #[test]
    fn every_crawler_net_is_understood() {
        let nets: Vec<usize> = Settings::default().crawlers.iter().map(|each| each.nets.len()).collect();
        assert_eq!(nets, [8, 13]);
    }
}
