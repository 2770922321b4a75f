//! Bounds of numbers that a person configures: a wrong one is an error at its place in the file, never a surprise later.

use serde::de::{Deserialize, Deserializer, Error};

/// A finite number, zero or more.
pub fn weight<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let number = f32::deserialize(from)?;
    let fits = number.is_finite() && number >= 0.0;
    if fits { Ok(number) } else { Err(D::Error::custom(format!("{number} is no number of zero or more"))) }
}

/// A share in percent, 0 to 100.
pub fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(from)?;
    if (0.0..=100.0).contains(&number) {
        Ok(number)
    } else {
        Err(D::Error::custom(format!("{number} is no share in percent, 0 to 100")))
    }
}

/// A share in whole percent, 1 to 100.
pub fn whole_percent<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    within(u32::deserialize(from)?, 1, 100)
}

/// At least one.
pub fn some<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    within(u32::deserialize(from)?, 1, u32::MAX)
}

/// Things remembered: one at least, and no more than memory could hold.
pub fn room<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    within(usize::deserialize(from)?, 1, 1 << 30)
}

/// A paranoia level of the CRS; 0 leaves it alone.
pub fn paranoia<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    within(u8::deserialize(from)?, 0, 4)
}

/// Widths of IPv4 prefixes: /16 is the widest that is ever stopped.
pub fn widths_v4<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    Vec::<u8>::deserialize(from)?.into_iter().map(|width| within(width, 16, 31)).collect()
}

/// Widths of IPv6 prefixes: /32 is the widest that is ever stopped.
pub fn widths_v6<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    Vec::<u8>::deserialize(from)?.into_iter().map(|width| within(width, 32, 127)).collect()
}

fn within<T: PartialOrd + std::fmt::Display, E: Error>(number: T, least: T, most: T) -> Result<T, E> {
    if number >= least && number <= most {
        Ok(number)
    } else {
        Err(E::custom(format!("{number} is outside {least} to {most}")))
    }
}
