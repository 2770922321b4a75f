//! Sizes and times as servers write them.

/// Bytes of `8k`, `1m`, `2g` or a plain number (nginx).
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return text.parse().ok(),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Whole seconds of `60s`, `1m30s`, `500ms` or a plain number (nginx); of `30`, `2min`, `900ms` (httpd).
pub fn seconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at_checked(letters)?;
        let thousandths = match unit.to_ascii_lowercase().as_str() {
            "ms" => 1,
            "" | "s" => 1000,
            "m" | "mi" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(thousandths)?)?;
        rest = after.trim_start();
    }
    Some(sum / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        assert_eq!((bytes("8k"), bytes("1M"), bytes("0"), bytes("")), (Some(8192), Some(1 << 20), Some(0), None));
        assert_eq!(
            (seconds("60s"), seconds("1m30s"), seconds("75"), seconds("500ms")),
            (Some(60), Some(90), Some(75), Some(0))
        );
        assert_eq!((seconds("2 min"), seconds("soon"), bytes("xk")), (None, None, None));
    }
}
