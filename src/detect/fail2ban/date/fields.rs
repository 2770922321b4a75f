//! `%Y`, `%ExY`, `%b` … in date patterns, as patterns of their own (Python's `_strptime`, jail.conf(5)).

/// Years from 2000 to three beyond now are believed.
const YEARS_AHEAD: i16 = 3;

/// Fields by name; longer names stand before shorter ones.
const FIELDS: [(&str, &str); 38] = [
    ("ExZ", r"(?P<Z>[A-Z](?:[A-Z]{2,4})?)"),
    ("Exz", r"(?P<z>(?:[A-Z](?:[A-Z]{2,4})?)?[+-][01]\d(?::?\d{2})?|[A-Z](?:[A-Z]{2,4})?)"),
    ("Exd", r"(?P<d>[1-2]\d|0[1-9]|3[0-1])"),
    ("Exm", r"(?P<m>0[1-9]|1[0-2])"),
    ("ExH", r"(?P<H>[0-1]\d|2[0-3])"),
    ("Exk", r" ?(?P<H>[0-1]?\d|2[0-3])"),
    ("Exl", r" ?(?P<I>1[0-2]|\d)"),
    ("ExM", r"(?P<M>[0-5]\d)"),
    ("ExS", r"(?P<S>[0-5]\d|6[0-1])"),
    ("Exy", r"(?P<y>\d{2})"),
    ("d", r"(?P<d>[1-2]\d|[0 ]?[1-9]|3[0-1])"),
    ("f", r"(?P<f>[0-9]{1,6})"),
    ("H", r"(?P<H>[0-1]?\d|2[0-3])"),
    ("I", r"(?P<I>1[0-2]|0[1-9]|[1-9])"),
    ("G", r"(?P<G>\d\d\d\d)"),
    ("j", r"(?P<j>36[0-6]|3[0-5]\d|[1-2]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9])"),
    ("m", r"(?P<m>0?[1-9]|1[0-2])"),
    ("M", r"(?P<M>[0-5]?\d)"),
    ("S", r"(?P<S>[0-5]?\d|6[0-1])"),
    ("U", r"(?P<U>5[0-3]|[0-4]\d|\d)"),
    ("w", r"(?P<w>[0-6])"),
    ("u", r"(?P<u>[1-7])"),
    ("V", r"(?P<V>5[0-3]|0[1-9]|[1-4]\d|\d)"),
    ("y", r"(?P<y>\d\d)"),
    ("Y", r"(?P<Y>\d{4})"),
    ("z", r"(?P<z>Z|UTC|GMT|[+-][01]\d(?::?\d{2})?)"),
    ("A", r"(?P<A>wednesday|thursday|saturday|tuesday|monday|friday|sunday)"),
    ("a", r"(?P<a>mon|tue|wed|thu|fri|sat|sun)"),
    ("B", r"(?P<B>september|february|november|december|january|october|august|march|april|june|july|may)"),
    ("b", r"(?P<b>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"),
    ("p", r"(?P<p>am|pm)"),
    ("Z", r"(?P<Z>Z|[A-Z]{3,5})"),
    ("%", "%"),
    ("W", r"(?P<W>5[0-3]|[0-4]\d|\d)"),
    ("k", r" ?(?P<H>[0-2]?\d)"),
    ("l", r" ?(?P<I>1?\d)"),
    ("x", r"(?P<m>1[0-2]|0[1-9]|[1-9])/(?P<d>3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])/(?P<y>\d\d)"),
    ("X", r"(?P<H>2[0-3]|[0-1]\d|\d):(?P<M>[0-5]\d|\d):(?P<S>6[0-1]|[0-5]\d|\d)"),
];

/// A date pattern with its fields put in; names of days and months are read in either case.
pub fn expand(pattern: &str, year: i16) -> String {
    let mut out = String::with_capacity(pattern.len() * 4);
    let mut worded = false;
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix("ExY") {
            out.push_str(&years(year));
            rest = after;
            continue;
        }
        let Some((name, field)) = FIELDS.iter().find(|(name, _)| rest.starts_with(name)) else {
            out.push('%');
            continue;
        };
        worded |= matches!(*name, "a" | "A" | "b" | "B" | "p");
        out.push_str(field);
        rest = &rest[name.len()..];
    }
    out.push_str(rest);
    if worded { format!("(?i){out}") } else { out }
}

fn years(year: i16) -> String {
    let last = ((year + YEARS_AHEAD) / 10).clamp(200, 209) % 10;
    format!(r"(?P<Y>20[0-{last}]\d)")
}
