//! How rare a literal is in ordinary requests, and which literals of a rule witness it: without one, no match.

use std::sync::LazyLock;

use crate::detect::rules::expr::{Check, Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::matcher::Matcher;

/// A literal that stands in a field whenever the rule matches by it; lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Witness {
    pub field: Field,
    pub text: Vec<u8>,
}

/// The cheapest set of witnesses of a rule; None where it can match without any.
pub(super) fn of(expr: &Expr) -> Option<Vec<Witness>> {
    match expr {
        Expr::Test(test) => of_test(test),
        Expr::Shared(expr) => of(expr),
        Expr::Not(_) => None,
        Expr::All(parts) => {
            let priced = parts.iter().filter_map(of).map(|set| (price(&set), set));
            priced.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, set)| set)
        }
        Expr::Any(parts) => parts.iter().map(of).collect::<Option<Vec<_>>>().map(|sets| sets.concat()),
    }
}

fn of_test(test: &Test) -> Option<Vec<Witness>> {
    match test {
        Test::Never => Some(Vec::new()),
        Test::Text { field, values } if can_witness(*field) => of_values(*field, values),
        // Of a record all texts are searched alike.
        Test::Anywhere(values) | Test::Check { check: Check::Text(values), .. } => of_values(Field::Line, values),
        _ => None,
    }
}

fn of_values(field: Field, values: &[Matcher]) -> Option<Vec<Witness>> {
    let mut all = Vec::new();
    for value in values {
        all.extend(value.required()?.into_iter().map(|text| Witness { field, text }));
    }
    Some(all)
}

/// True where no test of User-Agent or Referer can hold unless a witness of the rule stands there.
pub(super) fn tells_of_agents(expr: &Expr) -> bool {
    agent_tests(expr) == witnessed(expr)
}

/// Whether User-Agent or Referer have a say in it.
pub(super) fn asks_agents(expr: &Expr) -> bool {
    agent_tests(expr) > 0
}

fn agent_tests(expr: &Expr) -> usize {
    match expr {
        Expr::Test(test) => usize::from(is_of_agent(test)),
        Expr::Shared(part) => agent_tests(part),
        Expr::Not(part) => agent_tests(part),
        Expr::All(parts) | Expr::Any(parts) => parts.iter().map(agent_tests).sum(),
    }
}

/// Those of them whose literals [`of`] chooses.
fn witnessed(expr: &Expr) -> usize {
    match expr {
        Expr::Test(test) => usize::from(is_of_agent(test) && of_test(test).is_some()),
        Expr::Shared(part) => witnessed(part),
        Expr::Not(_) => 0,
        Expr::All(parts) => {
            let priced = parts.iter().filter_map(|part| Some((part, price(&of(part)?))));
            priced.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(part, _)| witnessed(part))
        }
        Expr::Any(_) if of(expr).is_none() => 0,
        Expr::Any(parts) => parts.iter().map(witnessed).sum(),
    }
}

fn is_of_agent(test: &Test) -> bool {
    matches!(test, Test::Text { field: Field::Agent | Field::Referer, .. })
}

/// Numbers and names of services are not searched for literals.
fn can_witness(field: Field) -> bool {
    !matches!(field, Field::Status | Field::Bytes | Field::Client | Field::Level | Field::Service)
}

/// The share of ordinary lines that have one of them, roughly.
pub(super) fn price(set: &[Witness]) -> f64 {
    set.iter().map(|witness| cost(&witness.text)).sum()
}

/// Words every site is full of; what is part of one is common, however rare its letters.
const COMMON: &[&str] = &[
    "https://www.",
    "http://",
    ".html",
    ".php?id=",
    "index.php",
    "/wp-content/plugins/",
    "/wp-content/themes/",
    "/wp-includes/js/jquery.min.js",
    "/wp-json/",
    "/wp-admin/admin-ajax.php",
    "/assets/css/style.css",
    "/static/images/",
    "/api/v1/",
    "/login",
    "/admin",
    "/user",
    "search?q=",
    "favicon.ico",
    "robots.txt",
    "mozilla/5.0 (windows nt 10.0; win64; x64)",
    "applewebkit/537.36 (khtml, like gecko) chrome/",
    "safari/537.36",
    "firefox/",
    "gecko/20100101",
    "(macintosh; intel mac os x 10_15_7)",
    "(x11; linux x86_64",
    "(compatible; googlebot/2.1; +http://www.google.com/bot.html)",
    "get",
    "post",
    "head",
    "http/1.1",
    "http/2.0",
    "http/1.0",
    "download",
    "upload",
    "select",
    "order",
    "script",
    "and",
    "or",
    "account",
    "article-",
    "blog/",
    "category/",
    "catalog/",
    "contact",
    "content",
    "help",
    "image",
    "news/",
    "news-",
    "online",
    "page=",
    "photo",
    "portal",
    "price",
    "product",
    "section",
    "service",
    "session",
    "size=",
    "sort=",
    "title-",
    "with-the-",
    "/about",
    "/account",
    "/media/",
    "/search",
    "/section",
    "/service",
    "/shop",
    "000",
    "?id=&id=?page=&page=?lang=&lang=?type=&type=?name=&name=?target=&target=?token=&token=?file=&file=?path=&path=",
    "?url=&url=?view=&view=?action=&action=?redirect=&redirect=?callback=&callback=?format=&format=?date=&date=",
    "?from=&from=?limit=&limit=?offset=&offset=?filter=&filter=?query=&query=?key=&key=?ref=&ref=?ver=&ver=?data=&data=",
    "?text=&text=?title=&title=?cat=&cat=?tag=&tag=?email=&email=?code=&code=?state=&state=?start=&start=?end=&end=",
    "?mode=&mode=?p=&p=?s=&s=?t=&t=?v=&v=?a=&a=?utm_source=&utm_source=utm_campaign=?return=&return=?next=&next=",
    "s/article",
];

/// All of them, apart from one another, and where their ends begin, sorted: what is part of one begins some end.
static COMMON_ENDS: LazyLock<(String, Vec<u16>)> = LazyLock::new(|| {
    let text = COMMON.join("\n");
    let mut ends: Vec<u16> = (0..=u16::MAX).take(text.len()).collect();
    ends.sort_unstable_by_key(|at| &text.as_bytes()[usize::from(*at)..]);
    (text, ends)
});

fn is_common(part: &[u8]) -> bool {
    let (text, ends) = &*COMMON_ENDS;
    let end = |at: u16| text.as_bytes().get(usize::from(at)..).unwrap_or_default();
    let first = ends.partition_point(|at| end(*at) < part);
    ends.get(first).is_some_and(|at| end(*at).starts_with(part))
}

/// The chance that an ordinary line has `text` in a field, roughly. `text`: lower case.
pub(super) fn cost(text: &[u8]) -> f64 {
    if text.len() > 2 && is_common(text) {
        return 0.2;
    }
    let product: f64 = text.iter().map(|byte| frequency(*byte)).product();
    // Letters follow one another in words, words one another in titles: less rare together than apart.
    let words = text.iter().filter(|byte| byte.is_ascii_lowercase() || **byte == b'-').count();
    (80.0 * product * 2.2_f64.powi(i32::try_from(words).unwrap_or(i32::MAX) - 1).max(1.0)).min(1.0)
}

/// The share of a byte in the letters of ordinary requests.
pub(super) fn frequency(byte: u8) -> f64 {
    match byte {
        b'e' | b'a' | b't' | b'i' | b'o' | b's' | b'n' | b'r' => 0.05,
        b'c' | b'd' | b'l' | b'm' | b'p' | b'u' => 0.03,
        b'/' => 0.06,
        b'-' => 0.05,
        b'.' | b'=' | b'0'..=b'9' => 0.02,
        b'a'..=b'z' | b'_' | b'&' | b'%' | b'?' | b' ' => 0.012,
        b':' | b',' | b'+' => 0.003,
        b'(' | b')' | b'@' | b'~' | b'[' | b']' | b';' => 0.000_2,
        b'\'' | b'"' | b'{' | b'}' | b'|' | b'!' | b'*' | b'#' => 0.000_05,
        b'<' | b'>' | b'$' | b'`' | b'^' | b'\\' => 0.000_02,
        0x80.. => 0.001,
        _ => 0.000_01,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_cost_more_than_rare_ones() {
        for (rare, common) in
            [("${jndi:", ".php"), ("/etc/passwd", "/wp-json/"), ("union", "a"), ("<script", "script"), ("../", "/")]
        {
            assert!(cost(rare.as_bytes()) < cost(common.as_bytes()), "{rare} {common}");
        }
    }
}
