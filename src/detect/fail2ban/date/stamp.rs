//! The fields of a date → seconds since 1970. What a date leaves out is taken from now.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

use crate::detect::fail2ban::date::template::{Kind, Template};
use crate::detect::fail2ban::date::zone;
use crate::detect::fail2ban::pattern::Found;

/// What a date is read by: the moment it is read, and the zone of dates that name none.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub now: Timestamp,
    pub zone: TimeZone,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

#[derive(Default)]
struct Fields {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: i8,
    twelve: bool,
    afternoon: bool,
    minute: i8,
    second: i8,
    weekday: Option<i64>,
    yearday: Option<i64>,
    week: Option<(i64, bool)>,
    offset: Option<i32>,
}

impl Calendar {
    pub fn year(&self) -> i16 {
        self.now.to_zoned(self.zone.clone()).year()
    }

    /// Milliseconds since 1970; `None` where there is no such date.
    pub fn read(&self, line: &str, found: &Found, template: &Template) -> Option<i64> {
        let text = |at: usize| line.get(found.groups.get(at)?.clone()?);
        match template.kind {
            Kind::Epoch { long } => epoch(text(template.read)?, long),
            Kind::Tai64n => i64::from_str_radix(text(template.read)?.get(2..17)?, 16).ok()?.checked_mul(1000),
            Kind::Fields => {
                let mut fields = Fields::default();
                for (at, name) in template.pattern.names().iter().enumerate() {
                    if let Some(value) = text(at) {
                        fields.set(name, value)?;
                    }
                }
                self.resolve(&fields)
            }
        }
    }

    fn resolve(&self, fields: &Fields) -> Option<i64> {
        let now = self.now.to_zoned(self.zone.clone()).datetime();
        let year = fields.year.unwrap_or(now.year());
        let (mut month, mut day) = (fields.month, fields.day);
        if let (true, Some(date)) = (month.is_none() || day.is_none(), fields.by_day_of_year(year)) {
            (month, day) = (Some(date.month()), Some(date.day()));
        }
        let today = month.is_none() && day.is_none();
        if today {
            (month, day) = (Some(now.month()), Some(now.day()));
        }
        let second = fields.second.min(59);
        let mut at = DateTime::new(year, month?, day?, fields.hour(), fields.minute, second, 0).ok()?;
        if let Some(minutes) = fields.offset {
            at = at.checked_sub(Span::new().minutes(minutes)).ok()?;
        }
        if today && at > now {
            at = at.checked_sub(Span::new().days(1)).ok()?;
        }
        if fields.year.is_none() && at > now.checked_add(Span::new().days(1)).ok()? {
            at = at.with().year(year - 1).month(month?).day(day?).build().ok()?;
        }
        let zone = if fields.offset.is_some() { Offset::UTC.to_time_zone() } else { self.zone.clone() };
        let leap = i64::from(fields.second.saturating_sub(59).max(0));
        Some((zone.to_timestamp(at).ok()?.as_second() + leap) * 1000)
    }
}

impl Fields {
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let small = || value.trim().parse::<i8>().ok();
        let wide = || value.parse::<i64>().ok();
        let named = |names: &[&str]| {
            let lower = value.to_lowercase();
            names.iter().position(|name| lower.starts_with(name)).and_then(|at| i64::try_from(at).ok())
        };
        match name {
            "y" => self.year = Some(value.parse::<i16>().ok()? + 2000),
            "Y" => self.year = Some(value.parse().ok()?),
            "m" => self.month = Some(small()?),
            "b" | "B" => self.month = Some(i8::try_from(named(&MONTHS)? + 1).ok()?),
            "d" => self.day = Some(small()?),
            "H" => self.hour = small()?,
            "I" => (self.hour, self.twelve) = (small()?, true),
            "p" => self.afternoon = value.eq_ignore_ascii_case("pm"),
            "M" => self.minute = small()?,
            "S" => self.second = small()?,
            "a" | "A" => self.weekday = Some(named(&DAYS)?),
            "w" => self.weekday = Some((wide()? + 6) % 7),
            "j" => self.yearday = Some(wide()?),
            "U" | "W" => self.week = Some((wide()?, name == "W")),
            "z" | "Z" => self.offset = Some(zone::minutes(value)?),
            _ => {}
        }
        Some(())
    }

    fn hour(&self) -> i8 {
        match (self.twelve, self.afternoon) {
            (true, false) if self.hour == 12 => 0,
            (true, true) if self.hour < 12 => self.hour + 12,
            _ => self.hour,
        }
    }

    fn by_day_of_year(&self, year: i16) -> Option<Date> {
        let first = Date::new(year, 1, 1).ok()?;
        let day = match (self.yearday, self.week, self.weekday) {
            (Some(day), ..) => day,
            (None, Some((week, monday)), Some(weekday)) => day_of_week(first, week, weekday, monday),
            _ => return None,
        };
        first.checked_add(Span::new().try_days(day - 1).ok()?).ok()
    }
}

/// Day of the year of a weekday (0 = Monday) in a week that begins on Monday or Sunday.
fn day_of_week(first: Date, week: i64, weekday: i64, monday: bool) -> i64 {
    let mut starts = i64::from(first.weekday().to_monday_zero_offset());
    let mut weekday = weekday;
    if !monday {
        starts = (starts + 1) % 7;
        weekday = (weekday + 1) % 7;
    }
    let head = (7 - starts) % 7;
    if week == 0 { 1 + weekday - starts } else { 1 + head + 7 * (week - 1) + weekday }
}

fn epoch(text: &str, long: bool) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    let seconds = match (long, text.len()) {
        (true, 16..) if !text.contains('.') => number / 1e6,
        (true, 13..) => number / 1e3,
        _ => number,
    };
    Some((seconds * 1000.0).round() as i64)
}
