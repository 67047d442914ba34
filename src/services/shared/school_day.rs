//! Owns the school's calendar: the day and the month in the school's zone. Called by use cases that
//! count, keep or trim by the day, and by the demo data. Must not read another clock than the
//! context's. Days are `YYYY-MM-DD`, months `YYYY-MM`.

use crate::{
    domain::clock::{DAY_MS, day_in_zone, recent_days},
    services::Context,
};
use jiff::Timestamp;

/// Returns the school's present day.
#[must_use]
pub fn today(context: &Context) -> String {
    day_of(context, context.clock.now_ms())
}

/// Returns the school's day 24 hours ago.
#[must_use]
pub fn yesterday(context: &Context) -> String {
    day_of(context, context.clock.now_ms().saturating_sub(DAY_MS))
}

/// Returns the school's day at an instant, in ms since 1970 UTC.
#[must_use]
pub fn day_of(context: &Context, at_ms: i64) -> String {
    day_in_zone(at_ms, &context.zone())
}

/// Returns the school's last `count` days, today included, oldest first.
#[must_use]
pub fn last_days(context: &Context, count: u16) -> Vec<String> {
    recent_days(context.clock.now_ms(), count, &context.zone())
}

/// Returns the school's present month.
#[must_use]
pub fn this_month(context: &Context) -> String {
    today(context).chars().take(7).collect()
}

/// Returns how long the school's present day still lasts, in ms.
#[must_use]
pub fn ms_until_tomorrow(context: &Context) -> u64 {
    let now = Timestamp::from_millisecond(context.clock.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(context.zone());
    let tomorrow = now.date().tomorrow().ok().and_then(|day| day.to_zoned(context.zone()).ok());
    let ms = tomorrow.map_or(DAY_MS, |tomorrow| tomorrow.timestamp().as_millisecond() - now.timestamp().as_millisecond());
    u64::try_from(ms).unwrap_or(0)
}
