//! What a test looks at: a field of our logs, the event's time, or a named field of a record.

use std::net::IpAddr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::detect::rules::field::Field;
use crate::model::event::{Event, What};

/// A field as rules name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    Field(Field),
    /// When the event happened.
    Stamp,
    /// Of a record, by its exact name.
    Named(Box<str>),
}

/// A part of a date, in UTC (Sigma's time modifiers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimePart {
    Minute,
    Hour,
    Day,
    /// Of ISO 8601.
    Week,
    Month,
    Year,
}

impl Column {
    /// Of our logs, or None where none has it.
    pub fn of_logs(name: &str) -> Option<Self> {
        let stamp = ["date", "time", "timestamp", "@timestamp", "_time", "datetime"];
        Field::by_name(name)
            .map(Self::Field)
            .or_else(|| stamp.iter().any(|known| name.eq_ignore_ascii_case(known)).then_some(Self::Stamp))
    }

    /// Bytes as they stand in the event; None where it has no such field or keeps it as a number.
    pub(super) fn text<'a>(&self, event: &Event<'a>) -> Option<&'a [u8]> {
        match (self, &event.what) {
            (Self::Field(field), _) => field.text(event),
            (Self::Named(name), What::Named(named)) => named.get(name),
            _ => None,
        }
    }

    /// Writes numbers and addresses as text; true where there was one.
    pub(super) fn print(&self, event: &Event<'_>, to: &mut Vec<u8>) -> bool {
        match self {
            Self::Field(field) => field.print(event, to),
            _ => false,
        }
    }

    pub(super) fn number(&self, event: &Event<'_>) -> Option<f64> {
        let of_text = || std::str::from_utf8(self.text(event)?).ok()?.trim().parse().ok();
        match self {
            Self::Field(field) => field.number(event).map(|number| number as f64).or_else(of_text),
            _ => of_text(),
        }
        .filter(|number| number.is_finite())
    }

    pub(super) fn address(&self, event: &Event<'_>) -> Option<IpAddr> {
        let of_text = || std::str::from_utf8(self.text(event)?).ok()?.trim().parse().ok();
        match self {
            Self::Field(field) => field.address(event).or_else(of_text),
            _ => of_text(),
        }
    }

    /// True where the field is there; in our logs `-` and empty are both absence.
    pub(super) fn present(&self, event: &Event<'_>) -> bool {
        match self {
            Self::Field(field) => field.present(event),
            Self::Stamp => true,
            Self::Named(_) => self.text(event).is_some(),
        }
    }

    /// True where the field is there and says nothing; in our logs, where it is absent.
    pub(super) fn empty(&self, event: &Event<'_>) -> bool {
        match self {
            Self::Named(_) => self.text(event).is_some_and(<[u8]>::is_empty),
            _ => !self.present(event),
        }
    }

    /// A part of the date in the field: seconds or milliseconds since 1970, or as RFC 3339 writes it.
    pub(super) fn part(&self, part: TimePart, event: &Event<'_>) -> Option<f64> {
        let at = match self {
            Self::Stamp => utc(Timestamp::from_millisecond(event.stamp.unwrap_or(event.now).0).ok()?),
            _ => date(std::str::from_utf8(self.text(event)?).ok()?.trim())?,
        };
        Some(match part {
            TimePart::Minute => f64::from(at.minute()),
            TimePart::Hour => f64::from(at.hour()),
            TimePart::Day => f64::from(at.day()),
            TimePart::Week => f64::from(at.date().iso_week_date().week()),
            TimePart::Month => f64::from(at.month()),
            TimePart::Year => f64::from(at.year()),
        })
    }
}

fn utc(at: Timestamp) -> Zoned {
    at.to_zoned(TimeZone::UTC)
}

/// Numbers this large count milliseconds: as seconds they would lie beyond the year 5000.
const MILLIS: f64 = 1e11;

fn date(text: &str) -> Option<Zoned> {
    if let Ok(number) = text.parse::<f64>() {
        let millis = if number.abs() < MILLIS { number * 1000.0 } else { number };
        return Timestamp::from_millisecond(millis as i64).ok().map(utc);
    }
    let stamp = text.parse::<Timestamp>().ok().map(utc);
    stamp.or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{At, Named};
    use crate::model::time::Millis;

    #[test]
    fn parts_of_dates_are_told_in_utc() {
        let of = |text: &str, part| {
            let fields = [("when", text.as_bytes())];
            let what = What::Named(Named { source: "auditd", fields: &fields });
            let now = Millis(0);
            let event = Event { now, stamp: None, at: At::default(), client: None, site: b"", raw: b"", what };
            Column::Named("when".into()).part(part, &event)
        };
        for text in
            ["2026-11-22T23:30:59Z", "2026-11-23T01:30:59+02:00", "2026-11-22 23:30:59", "1795390259", "1795390259000"]
        {
            let parts =
                [TimePart::Minute, TimePart::Hour, TimePart::Day, TimePart::Week, TimePart::Month, TimePart::Year];
            let told = parts.map(|part| of(text, part).unwrap());
            assert_eq!(told, [30.0, 23.0, 22.0, 47.0, 11.0, 2026.0], "{text}");
        }
        assert_eq!(of("yesterday", TimePart::Hour), None);
    }
}
