//! Proxies as RemoteIpValve declares them: a regular expression over addresses, read back as networks.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use regex::Regex;

/// `internalProxies` where it is not declared (Tomcat 10.1; older versions lack the last three).
pub(super) const INTERNAL: &str = "10.0.0.0/8|192.168.0.0/16|169.254.0.0/16|127.0.0.0/8|100.64.0.0/10|172.16.0.0/12|\
                                   ::1|fe80::/10|fc00::/7";
/// More networks than that are not written as one expression.
const MOST_NETS: usize = 4096;

/// The networks of an expression, and those alternatives in it that are no plain pattern of addresses.
pub(super) fn networks(expression: &str) -> (Vec<IpNet>, Vec<String>) {
    let mut nets = Vec::new();
    let mut unclear = Vec::new();
    for part in alternatives(expression) {
        match alternative(part) {
            Some(found) => nets.extend(found),
            None => unclear.push(part.to_owned()),
        }
    }
    (IpNet::aggregate(&nets), unclear)
}

/// Splits at each `|` outside parentheses.
fn alternatives(expression: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let outside = |letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == '|' && depth == 0
    };
    expression.split(outside).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn alternative(part: &str) -> Option<Vec<IpNet>> {
    let part = part.trim_start_matches('^').trim_end_matches('$');
    match part {
        "fe[89ab]\\p{XDigit}:.*" => return Some(vec!["fe80::/10".parse().ok()?]),
        "f[cd]\\p{XDigit}{2}+:.*" => return Some(vec!["fc00::/7".parse().ok()?]),
        _ => {}
    }
    let plain = part.replace("\\.", ".");
    if let Some(net) = plain.parse().ok().or_else(|| plain.parse::<IpAddr>().ok().map(IpNet::from)) {
        return Some(vec![net]);
    }
    octet_patterns(part)
}

/// `172\.1[6-9]\.\d{1,3}\.\d{1,3}`: one pattern an octet, tried on all its 256 values.
fn octet_patterns(part: &str) -> Option<Vec<IpNet>> {
    let mut prefixes: Vec<u32> = vec![0];
    let mut length: u8 = 0;
    let octets: Vec<&str> = part.split("\\.").collect();
    let open_ended = octets.len() < 4 && octets.last() == Some(&".*");
    if octets.len() != 4 && !open_ended {
        return None;
    }
    for (index, octet) in octets.iter().enumerate() {
        let values = values(octet)?;
        if values.len() == 256 {
            let rest = octets.get(index..)?;
            let all_free = rest.iter().all(|octet| self::values(octet).is_some_and(|values| values.len() == 256));
            return all_free.then(|| nets(&prefixes, length)).flatten();
        }
        let shift = 24_u32.checked_sub(u32::from(length))?;
        prefixes =
            prefixes.iter().flat_map(|prefix| values.iter().map(move |value| prefix | (value << shift))).collect();
        length += 8;
        if prefixes.is_empty() || prefixes.len() > MOST_NETS {
            return None;
        }
    }
    nets(&prefixes, length)
}

fn values(pattern: &str) -> Option<Vec<u32>> {
    let whole = Regex::new(&format!("^(?:{pattern})$")).ok()?;
    Some((0..=255_u32).filter(|value| whole.is_match(&value.to_string())).collect())
}

fn nets(prefixes: &[u32], length: u8) -> Option<Vec<IpNet>> {
    if length == 0 {
        return None;
    }
    prefixes.iter().map(|bits| Ipv4Net::new(Ipv4Addr::from(*bits), length).ok().map(IpNet::V4)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_tomcat_reads_as_its_networks() {
        let written = r"10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|169\.254\.\d{1,3}\.\d{1,3}|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|100\.6[4-9]{1}\.\d{1,3}\.\d{1,3}|100\.[7-9]{1}\d{1}\.\d{1,3}\.\d{1,3}|100\.1[0-1]{1}\d{1}\.\d{1,3}\.\d{1,3}|100\.12[0-7]{1}\.\d{1,3}\.\d{1,3}|172\.1[6-9]{1}\.\d{1,3}\.\d{1,3}|172\.2[0-9]{1}\.\d{1,3}\.\d{1,3}|172\.3[0-1]{1}\.\d{1,3}\.\d{1,3}|0:0:0:0:0:0:0:1|::1|fe[89ab]\p{XDigit}:.*|f[cd]\p{XDigit}{2}+:.*";
        assert_eq!(networks(written), networks(INTERNAL));
        assert_eq!(networks(INTERNAL).1, Vec::<String>::new());
    }

    #[test]
    fn addresses_and_patterns_are_networks_and_the_rest_is_said() {
        let (nets, unclear) = networks(r"192\.0\.2\.7|2001:db8::1|198\.51\.100\..*|10\.(1|2)\.\d+\.\d+|proxy.*|.*");
        let nets: Vec<String> = nets.iter().map(ToString::to_string).collect();
        assert_eq!(nets, ["10.1.0.0/16", "10.2.0.0/16", "192.0.2.7/32", "198.51.100.0/24", "2001:db8::1/128"]);
        assert_eq!(unclear, ["proxy.*", ".*"]);
    }
}
