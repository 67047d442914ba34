//! Owns the hours in which a counsellor can be booked: hours of the week, exceptions for single
//! days, and rules of booking. Called by `services/appointments` and [`super::slots`]. Times of day
//! are in the school's zone; [`super::slots`] turns them into instants.

use super::time_of_day::{GRID_MINUTES, Hours, united, without};
use crate::domain::{
    shape::Day,
    text::{FieldError, TextRule},
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const MOST_WEEKLY_HOURS: usize = 70;
const MOST_EXCEPTIONS: usize = 400;
const REASON: TextRule = TextRule::line("exceptions", 0, 200);
/// Smallest and largest value of each number.
const SLOT_MINUTES: (u32, u32) = (5, 480);
const BUFFER_MINUTES: (u32, u32) = (0, 120);
const DAILY_CAP: (u32, u32) = (1, 100);
const MINIMUM_NOTICE_MINUTES: (u32, u32) = (0, 20_160);
const HORIZON_DAYS: (u32, u32) = (1, 365);

/// Hours that repeat every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeeklyHours {
    /// 1..=7, Monday first.
    pub weekday: u8,
    /// The time of day.
    pub hours: Hours,
}

/// How a day differs from its week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
pub enum ExceptionKind {
    /// Removes the hours from the weekly ones.
    Closed,
    /// Adds the hours, even where another exception closes the day.
    Extra,
}

impl ExceptionKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Extra => "extra",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Closed, Self::Extra].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A day that differs from its week.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayException {
    /// Which day, in the school's zone.
    pub date: Date,
    /// Closed or extra.
    pub kind: ExceptionKind,
    /// Part of the day; `None` means all of it (closed days only).
    pub hours: Option<Hours>,
    /// Reason, as a note for the counsellor.
    pub reason: Option<String>,
}

/// Hours and booking rules of a counsellor. Only [`Availability::parse`] and
/// [`Availability::unset`] make one, so its values always fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// In order, without overlap on one day.
    pub weekly: Vec<WeeklyHours>,
    /// In order of date.
    pub exceptions: Vec<DayException>,
    /// Length of an appointment, in minutes.
    pub slot_minutes: u16,
    /// Time kept free before each appointment, in minutes.
    pub buffer_before_minutes: u16,
    /// Time kept free after each appointment, in minutes.
    pub buffer_after_minutes: u16,
    /// Most appointments on one day; `None` means no limit.
    pub daily_cap: Option<u32>,
    /// A student must book at least this long before the appointment, in minutes.
    pub minimum_notice_minutes: u32,
    /// A student may book at most this many days ahead.
    pub horizon_days: u32,
}

/// Hours and booking rules of a counsellor. Times of day are in the school's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AvailabilityForm {
    /// Without overlap on a day.
    pub weekly: Vec<WeeklyForm>,
    /// Days that differ from their week.
    #[serde(default)]
    pub exceptions: Vec<ExceptionForm>,
    /// Length of an appointment, in minutes.
    #[schemars(range(min = SLOT_MINUTES.0, max = SLOT_MINUTES.1))]
    pub slot_minutes: u32,
    /// Time kept free before each appointment, in minutes.
    #[serde(default)]
    #[schemars(range(min = BUFFER_MINUTES.0, max = BUFFER_MINUTES.1))]
    pub buffer_before_minutes: u32,
    /// Time kept free after each appointment, in minutes.
    #[serde(default)]
    #[schemars(range(min = BUFFER_MINUTES.0, max = BUFFER_MINUTES.1))]
    pub buffer_after_minutes: u32,
    /// Most appointments on one day; null means no limit.
    #[serde(default)]
    #[schemars(range(min = DAILY_CAP.0, max = DAILY_CAP.1))]
    pub daily_cap: Option<u32>,
    /// A student must book at least this long before the appointment, in minutes.
    #[schemars(range(min = MINIMUM_NOTICE_MINUTES.0, max = MINIMUM_NOTICE_MINUTES.1))]
    pub minimum_notice_minutes: u32,
    /// A student may book at most this many days ahead.
    #[schemars(range(min = HORIZON_DAYS.0, max = HORIZON_DAYS.1))]
    pub horizon_days: u32,
}

/// Hours on one day of every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WeeklyHours")]
pub struct WeeklyForm {
    /// Day of the week, 1..=7, Monday first.
    #[schemars(range(min = 1, max = 7))]
    pub weekday: u8,
    /// Beginning, `HH:MM`.
    #[schemars(length(equal = 5))]
    pub from: String,
    /// `HH:MM` of the school's zone, in steps of 5 minutes, up to `24:00`.
    #[schemars(length(equal = 5))]
    pub to: String,
}

/// A day that differs from its week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DayException")]
pub struct ExceptionForm {
    /// The day, `YYYY-MM-DD`.
    #[schemars(with = "Day")]
    pub date: String,
    /// `closed` removes hours from the week, `extra` adds hours to it.
    #[schemars(with = "ExceptionKind")]
    pub kind: String,
    /// Beginning, `HH:MM`; null with `to` means the whole day (only `closed`).
    #[serde(default)]
    #[schemars(length(equal = 5))]
    pub from: Option<String>,
    /// End, `HH:MM`, up to `24:00`.
    #[serde(default)]
    #[schemars(length(equal = 5))]
    pub to: Option<String>,
    /// Reason, as a note for the counsellor.
    #[serde(default)]
    #[schemars(length(min = 0, max = 200))]
    pub reason: Option<String>,
}

impl Availability {
    /// Returns the rules of a counsellor who has set nothing: no hours, so nothing can be booked;
    /// appointments of half an hour, one hour's notice, four weeks ahead.
    #[must_use]
    pub const fn unset() -> Self {
        Self {
            weekly: Vec::new(),
            exceptions: Vec::new(),
            slot_minutes: 30,
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            daily_cap: None,
            minimum_notice_minutes: 60,
            horizon_days: 28,
        }
    }

    /// Checks a whole form and reports every error at once. An error inside a list names the entry,
    /// counted from 1.
    pub fn parse(form: &AvailabilityForm) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let weekly = parse_weekly(&form.weekly, &mut errors);
        let exceptions = parse_exceptions(&form.exceptions, &mut errors);
        let mut number = |field, value, limits| check_number(field, value, limits, &mut errors);
        let minutes = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        number("daily_cap", form.daily_cap.unwrap_or(DAILY_CAP.0), DAILY_CAP);
        number("minimum_notice_minutes", form.minimum_notice_minutes, MINIMUM_NOTICE_MINUTES);
        number("horizon_days", form.horizon_days, HORIZON_DAYS);
        for (field, value, limits) in [
            ("slot_minutes", form.slot_minutes, SLOT_MINUTES),
            ("buffer_before_minutes", form.buffer_before_minutes, BUFFER_MINUTES),
            ("buffer_after_minutes", form.buffer_after_minutes, BUFFER_MINUTES),
        ] {
            check_number(field, value, limits, &mut errors);
            if !value.is_multiple_of(u32::from(GRID_MINUTES)) {
                errors.push(FieldError::new(field, "unknown_value", format!("in steps of {GRID_MINUTES} minutes")));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            weekly,
            exceptions,
            slot_minutes: minutes(form.slot_minutes),
            buffer_before_minutes: minutes(form.buffer_before_minutes),
            buffer_after_minutes: minutes(form.buffer_after_minutes),
            daily_cap: form.daily_cap,
            minimum_notice_minutes: form.minimum_notice_minutes,
            horizon_days: form.horizon_days,
        })
    }

    /// Returns the settings as the form that clients read and the database stores.
    #[must_use]
    pub fn form(&self) -> AvailabilityForm {
        let weekly =
            |entry: &WeeklyHours| WeeklyForm { weekday: entry.weekday, from: entry.hours.from.to_string(), to: entry.hours.to.to_string() };
        let exception = |entry: &DayException| ExceptionForm {
            date: entry.date.to_string(),
            kind: entry.kind.as_str().to_owned(),
            from: entry.hours.map(|hours| hours.from.to_string()),
            to: entry.hours.map(|hours| hours.to.to_string()),
            reason: entry.reason.clone(),
        };
        AvailabilityForm {
            weekly: self.weekly.iter().map(weekly).collect(),
            exceptions: self.exceptions.iter().map(exception).collect(),
            slot_minutes: self.slot_minutes.into(),
            buffer_before_minutes: self.buffer_before_minutes.into(),
            buffer_after_minutes: self.buffer_after_minutes.into(),
            daily_cap: self.daily_cap,
            minimum_notice_minutes: self.minimum_notice_minutes,
            horizon_days: self.horizon_days,
        }
    }

    /// Returns the open hours of a day: the weekly hours of its weekday without the closed ones,
    /// and the extra hours. In order, without overlap.
    #[must_use]
    pub fn open_hours(&self, date: Date) -> Vec<Hours> {
        let weekday = u8::try_from(date.weekday().to_monday_one_offset()).unwrap_or_default();
        let exceptions = |kind| self.exceptions.iter().filter(move |entry| entry.date == date && entry.kind == kind);
        let mut open: Vec<Hours> = self.weekly.iter().filter(|entry| entry.weekday == weekday).map(|entry| entry.hours).collect();
        for closed in exceptions(ExceptionKind::Closed) {
            open = without(&open, closed.hours.unwrap_or(Hours::WHOLE_DAY));
        }
        open.extend(exceptions(ExceptionKind::Extra).filter_map(|entry| entry.hours));
        united(open)
    }
}

/// Reads a calendar day, `YYYY-MM-DD` and nothing else.
#[must_use]
pub fn parse_day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

fn check_number(field: &'static str, value: u32, limits: (u32, u32), errors: &mut Vec<FieldError>) {
    if !(limits.0..=limits.1).contains(&value) {
        errors.push(FieldError::new(field, "unknown_value", format!("{} to {}", limits.0, limits.1)));
    }
}

fn parse_weekly(forms: &[WeeklyForm], errors: &mut Vec<FieldError>) -> Vec<WeeklyHours> {
    if forms.len() > MOST_WEEKLY_HOURS {
        errors.push(FieldError::new("weekly", "too_long", format!("at most {MOST_WEEKLY_HOURS} entries")));
        return Vec::new();
    }
    let mut weekly: Vec<WeeklyHours> = Vec::with_capacity(forms.len());
    for (number, form) in (1..).zip(forms) {
        match parse_weekly_entry(form) {
            Ok(entry) if weekly.iter().any(|known| known.weekday == entry.weekday && known.hours.overlaps(entry.hours)) => {
                errors.push(FieldError::new("weekly", "overlapping", format!("entry {number}: it overlaps another one of its day")));
            }
            Ok(entry) => weekly.push(entry),
            Err(message) => errors.push(FieldError::new("weekly", "unknown_value", format!("entry {number}: {message}"))),
        }
    }
    weekly.sort_unstable();
    weekly
}

fn parse_weekly_entry(form: &WeeklyForm) -> Result<WeeklyHours, String> {
    if !(1..=7).contains(&form.weekday) {
        return Err("weekdays are 1 (Monday) to 7".to_owned());
    }
    Ok(WeeklyHours { weekday: form.weekday, hours: Hours::parse(&form.from, &form.to)? })
}

fn parse_exceptions(forms: &[ExceptionForm], errors: &mut Vec<FieldError>) -> Vec<DayException> {
    if forms.len() > MOST_EXCEPTIONS {
        errors.push(FieldError::new("exceptions", "too_long", format!("at most {MOST_EXCEPTIONS} entries")));
        return Vec::new();
    }
    let mut exceptions = Vec::with_capacity(forms.len());
    for (number, form) in (1..).zip(forms) {
        match parse_exception(form) {
            Ok(entry) => exceptions.push(entry),
            Err(error) => errors.push(FieldError::new("exceptions", error.code, format!("entry {number}: {}", error.message))),
        }
    }
    exceptions.sort_unstable();
    exceptions
}

fn parse_exception(form: &ExceptionForm) -> Result<DayException, FieldError> {
    let unknown = |message: String| FieldError::new("exceptions", "unknown_value", message);
    let date = parse_day(&form.date).ok_or_else(|| unknown("dates are YYYY-MM-DD".to_owned()))?;
    let kind = ExceptionKind::parse(&form.kind).ok_or_else(|| unknown("closed or extra".to_owned()))?;
    let hours = match (&form.from, &form.to, kind) {
        (Some(from), Some(to), _) => Some(Hours::parse(from, to).map_err(unknown)?),
        (None, None, ExceptionKind::Closed) => None,
        (None, None, ExceptionKind::Extra) => return Err(FieldError::new("exceptions", "required", "extra hours need their times")),
        _ => return Err(FieldError::new("exceptions", "required", "from and to belong together")),
    };
    let reason = form.reason.as_deref().map(|reason| REASON.parse(reason)).transpose()?;
    Ok(DayException { date, kind, hours, reason: reason.filter(|reason| !reason.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(weekday: u8, from: &str, to: &str) -> WeeklyForm {
        WeeklyForm { weekday, from: from.into(), to: to.into() }
    }

    fn exception(date: &str, kind: &str, hours: Option<(&str, &str)>) -> ExceptionForm {
        let hours = hours.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let (from, to) = hours.unzip();
        ExceptionForm { date: date.into(), kind: kind.into(), from, to, reason: None }
    }

    fn form(weekly: Vec<WeeklyForm>, exceptions: Vec<ExceptionForm>) -> AvailabilityForm {
        AvailabilityForm { weekly, exceptions, ..Availability::unset().form() }
    }

    fn open(form: &AvailabilityForm, date: &str) -> String {
        let hours = Availability::parse(form).unwrap().open_hours(parse_day(date).unwrap());
        hours.iter().map(|hours| format!("{}-{}", hours.from, hours.to)).collect::<Vec<_>>().join(" ")
    }

    fn wrong(form: &AvailabilityForm) -> Vec<(&'static str, &'static str)> {
        Availability::parse(form).unwrap_err().iter().map(|error| (error.field, error.code)).collect()
    }

    #[test]
    fn days_are_written_in_one_way() {
        assert_eq!(parse_day("2026-02-28").unwrap().to_string(), "2026-02-28");
        for text in ["", "2026-02-29", "20260228", "2026-2-28", "2026-02-28T00:00", "28-02-2026"] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_its_week_without_what_is_closed_and_with_what_is_extra() {
        // 2026-02-02 is a Monday.
        let hours = vec![weekly(1, "13:00", "15:00"), weekly(1, "08:00", "12:00"), weekly(2, "08:00", "09:00")];
        assert_eq!(open(&form(hours.clone(), vec![]), "2026-02-02"), "08:00-12:00 13:00-15:00");
        assert_eq!(open(&form(hours.clone(), vec![]), "2026-02-04"), "");
        let closed = exception("2026-02-02", "closed", Some(("10:00", "14:00")));
        assert_eq!(open(&form(hours.clone(), vec![closed.clone()]), "2026-02-02"), "08:00-10:00 14:00-15:00");
        let whole = exception("2026-02-02", "closed", None);
        assert_eq!(open(&form(hours.clone(), vec![whole.clone()]), "2026-02-02"), "");
        assert_eq!(open(&form(hours.clone(), vec![whole.clone()]), "2026-02-09"), "08:00-12:00 13:00-15:00");
        let extra = exception("2026-02-02", "extra", Some(("11:30", "13:00")));
        assert_eq!(open(&form(hours.clone(), vec![extra.clone()]), "2026-02-02"), "08:00-15:00");
        assert_eq!(open(&form(hours, vec![extra, whole]), "2026-02-02"), "11:30-13:00");
        assert_eq!(open(&form(vec![], vec![exception("2026-02-01", "extra", Some(("00:00", "24:00")))]), "2026-02-01"), "00:00-24:00");
    }

    #[test]
    fn a_form_comes_back_as_it_went_in_but_sorted() {
        let mut typed = form(
            vec![weekly(5, "08:00", "12:00"), weekly(1, "08:00", "12:00")],
            vec![exception("2026-03-01", "extra", Some(("08:00", "09:00"))), exception("2026-02-01", "closed", None)],
        );
        typed.exceptions[1].reason = Some(" Libur ".into());
        typed.daily_cap = Some(6);
        let kept = Availability::parse(&typed).unwrap().form();
        assert_eq!(kept.weekly[0].weekday, 1);
        assert_eq!(kept.exceptions[0].reason.as_deref(), Some("Libur"));
        assert_eq!(kept.daily_cap, Some(6));
        assert_eq!(Availability::parse(&kept).unwrap().form(), kept);
    }

    #[test]
    fn all_that_is_wrong_is_reported_at_once() {
        let bad = AvailabilityForm {
            weekly: vec![
                weekly(1, "08:00", "10:00"),
                weekly(1, "09:55", "12:00"),
                weekly(8, "08:00", "09:00"),
                weekly(2, "09:00", "09:00"),
            ],
            exceptions: vec![exception("2026-02-30", "closed", None), exception("2026-02-01", "extra", None)],
            slot_minutes: 7,
            buffer_before_minutes: 125,
            buffer_after_minutes: 0,
            daily_cap: Some(0),
            minimum_notice_minutes: 20_161,
            horizon_days: 0,
        };
        let fields: Vec<_> = wrong(&bad);
        for expected in [
            ("weekly", "overlapping"),
            ("weekly", "unknown_value"),
            ("exceptions", "unknown_value"),
            ("exceptions", "required"),
            ("slot_minutes", "unknown_value"),
            ("buffer_before_minutes", "unknown_value"),
            ("daily_cap", "unknown_value"),
            ("minimum_notice_minutes", "unknown_value"),
            ("horizon_days", "unknown_value"),
        ] {
            assert!(fields.contains(&expected), "{expected:?} in {fields:?}");
        }
        assert_eq!(fields.len(), 10);
        let message = &Availability::parse(&bad).unwrap_err()[1].message;
        assert!(message.starts_with("entry 3: "), "{message}");
    }

    #[test]
    fn lists_and_texts_are_bounded() {
        let many = form(vec![weekly(1, "08:00", "08:05"); MOST_WEEKLY_HOURS + 1], vec![]);
        assert_eq!(wrong(&many), [("weekly", "too_long")]);
        let many = form(vec![], vec![exception("2026-02-01", "closed", None); MOST_EXCEPTIONS + 1]);
        assert_eq!(wrong(&many), [("exceptions", "too_long")]);
        let mut half = form(vec![], vec![exception("2026-02-01", "closed", Some(("08:00", "09:00")))]);
        half.exceptions[0].to = None;
        assert_eq!(wrong(&half), [("exceptions", "required")]);
        half.exceptions[0].from = None;
        half.exceptions[0].reason = Some("x".repeat(201));
        assert_eq!(wrong(&half), [("exceptions", "too_long")]);
    }
}
