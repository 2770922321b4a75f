//! Spans of time as jails write them: `600`, `10m`, `1h 30min`, `1d12h`, `-1`.

/// Seconds in a year of 365.25 days, as fail2ban counts.
const YEAR: f64 = 31_557_600.0;

/// Seconds; negative means for ever. `None` where it is no span.
pub fn seconds(text: &str) -> Option<i64> {
    let text = text.trim().to_lowercase();
    let mut rest = text.as_str();
    let mut total = 0.0;
    let mut sign = 1.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(['+', '-']) {
            sign = if rest.starts_with('-') { -1.0 } else { 1.0 };
            rest = after.trim_start();
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        total += sign * number * unit(&rest[..letters])?;
        rest = rest[letters..].trim();
        sign = 1.0;
    }
    let whole = total.round();
    // 2^53 seconds are beyond every clock.
    (whole.abs() < 9.0e15).then_some(whole as i64)
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "" | "s" | "ss" | "se" | "sec" | "second" | "seconds" => 1.0,
        "m" | "mm" | "mi" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hh" | "ho" | "hou" | "hour" | "hours" => 3600.0,
        "d" | "dd" | "da" | "day" | "days" => 86_400.0,
        "w" | "ww" | "we" | "wee" | "week" | "weeks" => 604_800.0,
        "mo" | "mon" | "month" | "months" => YEAR / 12.0,
        "y" | "yy" | "ye" | "yea" | "year" | "years" => YEAR,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn spans_are_sums_of_units() {
        let cases =
            [("600", 600), ("10m", 600), ("1h 30min", 5400), ("1d12h", 129_600), ("-1", -1), ("1week", 604_800)];
        cases.iter().for_each(|(text, want)| assert_eq!(seconds(text), Some(*want), "{text}"));
        assert_eq!(seconds("1year-6mo"), Some(15_778_800));
        ["", "x", "1 fortnight", "1h x", "9999999999999999999"].iter().for_each(|bad| assert_eq!(seconds(bad), None));
    }
}
