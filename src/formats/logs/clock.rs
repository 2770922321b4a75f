//! Stamps of every log format → milliseconds since 1970. Lines of the same second are read once.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::formats::logs::text::number;
use crate::model::Millis;

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
/// `10/Oct/2000:13:55:36 -0700`
pub const CLF_LEN: usize = 26;
/// A stamp without a year lies at most this far after the moment it is read near: clocks differ, and so do zones.
const AHEAD_MS: i64 = 86_400_000;

/// The 29th of February may be this long ago.
const LEAP_YEARS_APART: i64 = 4;

/// Reads stamps; remembers the last of each kind.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    near: Option<Millis>,
    last_clf: ([u8; CLF_LEN], Millis),
    /// Civil minute and its offset from UTC in milliseconds.
    last_local: (i64, i64),
}

/// A wall-clock reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub second_of_day: i64,
    pub millis: i64,
}

impl Clock {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, near: None, last_clf: ([0; CLF_LEN], Millis(0)), last_local: (i64::MIN, 0) }
    }

    pub fn near(&mut self, now: Millis) {
        self.near = Some(now);
    }

    /// `10/Oct/2000:13:55:36 -0700`
    #[inline]
    pub fn clf(&mut self, text: &[u8]) -> Option<Millis> {
        if text == self.last_clf.0 {
            return Some(self.last_clf.1);
        }
        let text: &[u8; CLF_LEN] = text.try_into().ok()?;
        let stamp = clf(text)?;
        self.last_clf = (*text, stamp);
        Some(stamp)
    }

    /// `10/Oct/2000:13:55:36.123456 -0700`, as ModSecurity writes it; the fraction may be missing.
    pub fn clf_with_fraction(&mut self, text: &[u8]) -> Option<Millis> {
        let (head, rest) = text.split_at_checked(20)?;
        let (millis, zone) = fraction(rest);
        let mut whole = [0u8; CLF_LEN];
        whole[..20].copy_from_slice(head);
        whole[20..].copy_from_slice(zone.get(..6)?);
        Some(Millis(self.clf(&whole)?.0 + millis))
    }

    /// ISO 8601 date and time, `T` or a space between, with a zone or in the log's own.
    pub fn iso(&mut self, text: &[u8]) -> Option<Millis> {
        let (civil, zone) = iso(text)?;
        match zone {
            [] => self.local(civil),
            [b'Z' | b'z'] => Some(civil.at_offset(0)),
            _ => Some(civil.at_offset(offset(zone)?)),
        }
    }

    /// `Sun Nov 22 18:00:00.123456 2026`, in the log's own zone.
    pub fn apache_error(&mut self, text: &[u8]) -> Option<Millis> {
        let [_, _, _, b' ', m1, m2, m3, b' ', d1, d2, b' ', rest @ ..] = text else { return None };
        let day = if *d1 == b' ' { digits(&[*d2])? } else { digits(&[*d1, *d2])? };
        let (time, rest) = rest.split_at_checked(8)?;
        let (millis, year) = fraction(rest);
        let year = digits(year.strip_prefix(b" ")?)?;
        self.local(Civil::new(year, month(&[*m1, *m2, *m3])?, day, time_of_day(time)?, millis)?)
    }

    /// `22-Nov-2026 18:00:00.123`, perhaps with the name of a zone; of those only UTC is known.
    pub fn php(&mut self, text: &[u8]) -> Option<Millis> {
        let [d1, d2, b'-', m1, m2, m3, b'-', rest @ ..] = text else { return None };
        let (year, rest) = rest.split_at_checked(4)?;
        let (time, rest) = rest.strip_prefix(b" ")?.split_at_checked(8)?;
        let (millis, zone) = fraction(rest);
        let civil =
            Civil::new(digits(year)?, month(&[*m1, *m2, *m3])?, digits(&[*d1, *d2])?, time_of_day(time)?, millis)?;
        if zone == b" UTC" { Some(civil.at_offset(0)) } else { self.local(civil) }
    }

    /// A reading of the log's own zone; of an hour that comes twice, the first.
    pub fn local(&mut self, civil: Civil) -> Option<Millis> {
        self.local_utc_reading(civil.at_offset(0).0)
    }

    /// The same, for a reading counted as if its zone were UTC.
    fn local_utc_reading(&mut self, millis: i64) -> Option<Millis> {
        let minute = millis.div_euclid(60_000);
        if self.last_local.0 != minute {
            self.last_local = (minute, self.offset_at(minute)?);
        }
        Some(Millis(millis - self.last_local.1))
    }

    /// `Nov 22 18:00:00` of the latest year that does not put it in the future.
    pub fn local_without_year(&mut self, month: i64, day: i64, second_of_day: i64) -> Option<Millis> {
        let latest = self.near?.0.checked_add(AHEAD_MS)?;
        let year = i64::from(jiff::Timestamp::from_millisecond(latest).ok()?.to_zoned(TimeZone::UTC).year());
        for back in 0..=LEAP_YEARS_APART {
            let stamp = Civil::new(year - back, month, day, second_of_day, 0).and_then(|civil| self.local(civil));
            if stamp.is_some_and(|stamp| stamp.0 <= latest) {
                return stamp;
            }
        }
        None
    }

    fn offset_at(&self, civil_minute: i64) -> Option<i64> {
        let reading = jiff::Timestamp::from_second(civil_minute.checked_mul(60)?).ok()?;
        let civil: DateTime = reading.to_zoned(TimeZone::UTC).datetime();
        let zoned = civil.to_zoned(self.zone.clone()).ok()?;
        Some(reading.as_millisecond() - zoned.timestamp().as_millisecond())
    }
}

impl Civil {
    /// None where no calendar has such a day.
    pub fn new(year: i64, month: i64, day: i64, second_of_day: i64, millis: i64) -> Option<Self> {
        let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let length = usize::try_from(month - 1).ok().and_then(|index| lengths.get(index))?;
        ((1..=*length).contains(&day) && (1..=9999).contains(&year)).then_some(Self {
            year,
            month,
            day,
            second_of_day,
            millis,
        })
    }

    fn at_offset(self, offset_secs: i64) -> Millis {
        let secs = days_from_civil(self.year, self.month, self.day) * 86_400 + self.second_of_day - offset_secs;
        Millis(secs * 1000 + self.millis)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days since 1970 in the Gregorian calendar, years counted from March so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn clf(text: &[u8; CLF_LEN]) -> Option<Millis> {
    let separators = [text[2], text[6], text[11], text[20]];
    if separators != *b"//: " {
        return None;
    }
    let second = time_of_day(&text[12..20])?;
    let civil = Civil::new(digits(&text[7..11])?, month(&text[3..6])?, digits(&text[..2])?, second, 0)?;
    Some(civil.at_offset(offset(&text[21..])?))
}

/// Date and time, and the zone as written (empty without one).
fn iso(text: &[u8]) -> Option<(Civil, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" "))?;
    let (time, rest) = rest.split_at_checked(8)?;
    let (millis, zone) = fraction(rest);
    let separators = [date[4], date[7]];
    if separators != *b"--" && separators != *b"//" {
        return None;
    }
    let (year, month, day) = (digits(&date[..4])?, digits(&date[5..7])?, digits(&date[8..])?);
    Some((Civil::new(year, month, day, time_of_day(time)?, millis)?, zone))
}

/// `.123456` or `,123` → 123 and what follows.
pub fn fraction(text: &[u8]) -> (i64, &[u8]) {
    let Some(rest) = text.strip_prefix(b".").or_else(|| text.strip_prefix(b",")) else { return (0, text) };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = rest.iter().take(count).chain(std::iter::repeat(&b'0')).take(3);
    (digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')), &rest[count..])
}

/// `13:55:36` → second of the day; a leap second is the next minute's first.
pub fn time_of_day(text: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text else { return None };
    let (hour, minute, second) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, digits(&[*s1, *s2])?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// `Oct` → 10
pub fn month(name: &[u8]) -> Option<i64> {
    MONTHS.iter().zip(1..).find(|(known, _)| **known == name).map(|(_, nth)| nth)
}

/// `-0700`, `-07:00`, `-07` → seconds
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        [sign, h1, h2] => (sign, [*h1, *h2], [b'0'; 2]),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (sign, [*h1, *h2], [*m1, *m2]),
        _ => return None,
    };
    let secs = digits(&hours)? * 3600 + digits(&minutes)? * 60;
    match sign {
        b'+' => Some(secs),
        b'-' => Some(-secs),
        _ => None,
    }
}

pub fn digits(text: &[u8]) -> Option<i64> {
    i64::try_from(number(text)?).ok()
}

/// Reads `text` by a strftime(3) format; a zone it does not name is the log's own.
pub fn strftime(format: &[u8], text: &[u8], clock: &mut Clock) -> Option<Millis> {
    let parts = jiff::fmt::strtime::BrokenDownTime::parse(format, text).ok()?;
    if let Ok(stamp) = parts.to_timestamp() {
        return Some(Millis(stamp.as_millisecond()));
    }
    let reading = parts.to_datetime().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let millis = reading.as_millisecond();
    clock.local_utc_reading(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<Millis> {
        Some(Millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()))
    }

    fn berlin() -> Clock {
        Clock::new(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap())
    }

    #[test]
    fn every_kind_of_stamp_is_the_moment_it_says() {
        let mut clock = berlin();
        assert_eq!(clock.clf(b"10/Oct/2000:13:55:36 -0700"), utc("2000-10-10T20:55:36Z"));
        assert_eq!(clock.clf(b"29/Feb/2024:00:00:00 +0530"), utc("2024-02-28T18:30:00Z"));
        assert_eq!(clock.clf(b"29/Feb/2023:00:00:00 +0530"), None);
        assert_eq!(clock.clf(b"10/Okt/2000:13:55:36 -0700"), None);
        assert_eq!(clock.clf(b"10/Oct/2000:13:55:36"), None);
        assert_eq!(clock.iso(b"2026-11-22T18:00:00.123456+01:00"), utc("2026-11-22T17:00:00.123Z"));
        assert_eq!(clock.iso(b"2026-11-22 18:00:00Z"), utc("2026-11-22T18:00:00Z"));
        assert_eq!(clock.iso(b"2026/07/22 18:00:00"), utc("2026-07-22T16:00:00Z"));
        assert_eq!(clock.iso(b"2026-11-22"), None);
    }

    #[test]
    fn the_hour_that_comes_twice_is_read_as_the_first() {
        assert_eq!(berlin().iso(b"2026-10-25 02:30:00"), utc("2026-10-25T00:30:00Z"));
        assert_eq!(berlin().iso(b"2026-10-25 03:30:00"), utc("2026-10-25T02:30:00Z"));
    }

    #[test]
    fn a_stamp_without_year_belongs_to_the_latest_past() {
        let mut clock = berlin();
        assert_eq!(clock.local_without_year(12, 31, 0), None);
        clock.near(utc("2027-01-02T00:00:00Z").unwrap());
        assert_eq!(clock.local_without_year(12, 31, 3600), utc("2026-12-31T00:00:00Z"));
        assert_eq!(clock.local_without_year(1, 1, 3600), utc("2027-01-01T00:00:00Z"));
        assert_eq!(clock.local_without_year(2, 29, 3600), utc("2024-02-29T00:00:00Z"));
    }

    proptest::proptest! {
        #[test]
        fn clf_agrees_with_the_calendar(secs in 0i64..4_000_000_000) {
            let stamp = jiff::Timestamp::from_second(secs).unwrap();
            let text = stamp.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
            proptest::prop_assert_eq!(berlin().clf(text.as_bytes()), Some(Millis::from_secs(secs)));
        }

        #[test]
        fn local_agrees_with_the_calendar(secs in 0i64..4_000_000_000) {
            let mut clock = berlin();
            let civil = jiff::Timestamp::from_second(secs).unwrap().to_zoned(TimeZone::UTC).datetime();
            let expected = civil.to_zoned(clock.zone.clone()).unwrap().timestamp().as_millisecond();
            let text = civil.strftime("%Y-%m-%d %H:%M:%S").to_string();
            proptest::prop_assert_eq!(clock.iso(text.as_bytes()), Some(Millis(expected)));
        }
    }
}
