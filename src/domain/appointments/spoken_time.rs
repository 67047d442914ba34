//! Owns the text of an instant in a sentence: day, date and time in the school's zone, in both
//! languages. Called by the notices about appointments.

use crate::domain::language::Language;
use jiff::{Timestamp, tz::TimeZone};

const DAYS_ID: [&str; 7] = ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"];
const MONTHS_ID: [&str; 12] =
    ["Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS_EN: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Returns `Senin, 2 Februari 2026 pukul 08.00 WIB` or `Monday, 2 February 2026 at 08:00 WIB`.
#[must_use]
pub fn spoken_time(at_ms: i64, zone: &TimeZone, language: Language) -> String {
    let instant = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = instant.to_zoned(zone.clone());
    let zone_name = local.strftime("%Z").to_string();
    let (days, months) = match language {
        Language::Indonesian => (DAYS_ID, MONTHS_ID),
        Language::English => (DAYS_EN, MONTHS_EN),
    };
    let weekday = name_of(&days, local.weekday().to_monday_zero_offset());
    let month = name_of(&months, local.month() - 1);
    let (day, year, hour, minute) = (local.day(), local.year(), local.hour(), local.minute());
    match language {
        Language::Indonesian => format!("{weekday}, {day} {month} {year} pukul {hour:02}.{minute:02} {zone_name}"),
        Language::English => format!("{weekday}, {day} {month} {year} at {hour:02}:{minute:02} {zone_name}"),
    }
}

fn name_of<const N: usize>(names: &[&'static str; N], index: i8) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        let at_ms = 1_769_994_000_000; // 2026-02-02T01:00Z
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        assert_eq!(spoken_time(at_ms, &jakarta, Language::Indonesian), "Senin, 2 Februari 2026 pukul 08.00 WIB");
        assert_eq!(spoken_time(at_ms, &jakarta, Language::English), "Monday, 2 February 2026 at 08:00 WIB");
        let jayapura = TimeZone::get("Asia/Jayapura").unwrap();
        assert_eq!(spoken_time(at_ms, &jayapura, Language::Indonesian), "Senin, 2 Februari 2026 pukul 10.00 WIT");
    }
}
