//! Owns the notices about appointments. Their texts name day, time and the other side. They must
//! not name topic, note or reason, because notices show on lock screens.

use super::spec::{NoticeSpec, NoticeText, NoticeTexts};
use crate::domain::{
    appointments::{appointment::AppointmentState, spoken_time::spoken_time},
    clock::rfc3339,
    ids::AppointmentId,
    language::Language,
};
use jiff::tz::TimeZone;
use serde_json::json;

/// What happened, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppointmentNews {
    /// The other side brought it into this state.
    Now(AppointmentState),
    /// It begins soon.
    Soon {
        /// In so many minutes.
        minutes_before: i64,
        /// Whether both sides have agreed.
        is_confirmed: bool,
    },
}

/// A notice about an appointment, as one of the two reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentNotice {
    /// What happened.
    pub news: AppointmentNews,
    /// The appointment.
    pub appointment_id: AppointmentId,
    /// When it begins.
    pub starts_at_ms: i64,
    /// The school's zone, in which the time is told.
    pub zone: TimeZone,
    /// Display name of the one the reader meets.
    pub other_side: String,
}

const fn spec(wire_name: &'static str, is_mutable: bool) -> NoticeSpec {
    NoticeSpec { wire_name, category: "appointments", retention_days: 365, is_mutable }
}

/// Of [`AppointmentNews::Soon`]: worth nothing once the appointment is over.
const REMINDER: NoticeSpec =
    NoticeSpec { wire_name: "appointment.reminder", category: "appointments", retention_days: 30, is_mutable: true };

/// Makes the list of kinds, and the methods that differ by kind, of one entry per kind: fixed part,
/// then title and body in Indonesian and in English. `$who` is the other side, `$when` the time in
/// the language of the text.
macro_rules! appointment_kinds {
    (|$who:ident, $when:ident| $(
        $news:pat => $spec:expr,
        id: $id:expr,
        en: $en:expr;
    )+) => {
        /// The kinds, in the order of the states, and the reminder.
        pub const SPECS: &[NoticeSpec] = &[$($spec),+];

        #[allow(unused_variables, reason = "the fixed part and some texts use nothing of the news")]
        impl AppointmentNotice {
            /// Returns what is fixed about this kind.
            #[must_use]
            pub const fn spec(&self) -> NoticeSpec {
                match self.news {
                    $($news => $spec,)+
                }
            }

            fn indonesian(&self) -> (&'static str, String) {
                let ($who, $when) = (&self.other_side, spoken_time(self.starts_at_ms, &self.zone, Language::Indonesian));
                match self.news {
                    $($news => $id,)+
                }
            }

            fn english(&self) -> (&'static str, String) {
                let ($who, $when) = (&self.other_side, spoken_time(self.starts_at_ms, &self.zone, Language::English));
                match self.news {
                    $($news => $en,)+
                }
            }
        }
    };
}

appointment_kinds! { |who, when|
    AppointmentNews::Now(AppointmentState::Requested) => spec("appointment.requested", false),
    id: ("Permintaan janji temu", format!("{who} mengajukan janji temu pada {when}.")),
    en: ("Appointment requested", format!("{who} asks for an appointment on {when}."));

    AppointmentNews::Now(AppointmentState::Confirmed) => spec("appointment.confirmed", false),
    id: ("Janji temu dikonfirmasi", format!("{who} mengonfirmasi janji temu pada {when}.")),
    en: ("Appointment confirmed", format!("{who} confirmed the appointment on {when}."));

    AppointmentNews::Now(AppointmentState::Rescheduled) => spec("appointment.rescheduled", false),
    id: ("Usulan waktu baru", format!("{who} mengusulkan waktu baru: {when}.")),
    en: ("New time proposed", format!("{who} proposes a new time: {when}."));

    AppointmentNews::Now(AppointmentState::Cancelled) => spec("appointment.cancelled", false),
    id: ("Janji temu dibatalkan", format!("Janji temu dengan {who} pada {when} dibatalkan.")),
    en: ("Appointment cancelled", format!("The appointment with {who} on {when} was cancelled."));

    AppointmentNews::Now(AppointmentState::Completed) => spec("appointment.completed", true),
    id: ("Janji temu selesai", format!("Janji temu dengan {who} pada {when} sudah selesai.")),
    en: ("Appointment completed", format!("The appointment with {who} on {when} is completed."));

    AppointmentNews::Now(AppointmentState::NoShow) => spec("appointment.no_show", false),
    id: ("Janji temu terlewat", format!("Janji temu dengan {who} pada {when} dicatat tidak dihadiri.")),
    en: ("Appointment missed", format!("The appointment with {who} on {when} was noted as missed."));

    AppointmentNews::Soon { minutes_before, is_confirmed } => REMINDER,
    id: {
        let soon = in_words(minutes_before, "jam", "menit");
        let doubt = if is_confirmed { "" } else { " Waktunya belum dikonfirmasi." };
        ("Pengingat janji temu", format!("Dalam {soon}: janji temu dengan {who}, {when}.{doubt}"))
    },
    en: {
        let soon = in_words(minutes_before, if minutes_before == 60 { "hour" } else { "hours" }, "minutes");
        let doubt = if is_confirmed { "" } else { " The time is not confirmed yet." };
        ("Appointment reminder", format!("In {soon}: appointment with {who}, {when}.{doubt}"))
    };
}

impl AppointmentNotice {
    /// Returns the text in both languages.
    #[must_use]
    pub fn texts(&self) -> NoticeTexts {
        let text = |(title, body): (&str, String)| NoticeText { title: title.to_owned(), body };
        NoticeTexts { id: text(self.indonesian()), en: text(self.english()) }
    }

    /// Returns the `data` object of the wire shape.
    #[must_use]
    pub fn data(&self) -> serde_json::Value {
        let mut data = json!({ "appointment_id": self.appointment_id, "starts_at": rfc3339(self.starts_at_ms) });
        if let AppointmentNews::Soon { minutes_before, .. } = self.news {
            data["minutes_before"] = json!(minutes_before);
        }
        data
    }
}

/// Writes minutes in whole hours where they are.
fn in_words(minutes: i64, hours_name: &str, minutes_name: &str) -> String {
    if minutes >= 60 && minutes % 60 == 0 { format!("{} {hours_name}", minutes / 60) } else { format!("{minutes} {minutes_name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(news: AppointmentNews) -> AppointmentNotice {
        AppointmentNotice {
            news,
            appointment_id: AppointmentId::generate(),
            starts_at_ms: 1_769_994_000_000,
            zone: TimeZone::get("Asia/Jakarta").unwrap(),
            other_side: "Sri Wahyuni, M.Pd.".into(),
        }
    }

    #[test]
    fn every_kind_tells_day_time_and_the_other_side_in_both_languages() {
        let soon = |minutes_before, is_confirmed| AppointmentNews::Soon { minutes_before, is_confirmed };
        let states = AppointmentState::ALL.iter().map(|state| AppointmentNews::Now(*state));
        let mut kinds = Vec::new();
        for news in states.chain([soon(10, true)]) {
            let notice = notice(news);
            let texts = notice.texts();
            assert!(texts.id.body.contains("Senin, 2 Februari 2026 pukul 08.00 WIB"), "{}", texts.id.body);
            assert!(texts.en.body.contains("Monday, 2 February 2026 at 08:00 WIB"), "{}", texts.en.body);
            assert!(texts.id.body.contains("Sri Wahyuni") && texts.en.body.contains("Sri Wahyuni"));
            assert_ne!(texts.id.title, texts.en.title);
            assert_eq!(notice.spec().category, "appointments");
            assert_eq!(notice.data()["starts_at"], "2026-02-02T01:00:00.000Z");
            kinds.push(notice.spec());
        }
        assert_eq!(kinds, SPECS, "each kind once, in order");
    }

    #[test]
    fn reminders_count_in_hours_and_minutes_and_doubt_what_is_not_confirmed() {
        let text = |minutes_before, is_confirmed| notice(AppointmentNews::Soon { minutes_before, is_confirmed }).texts();
        assert!(text(1440, true).id.body.starts_with("Dalam 24 jam: janji temu dengan Sri"));
        assert!(text(60, true).en.body.starts_with("In 1 hour: "));
        assert!(text(10, true).en.body.starts_with("In 10 minutes: "));
        assert!(!text(10, true).id.body.contains("belum") && text(10, false).id.body.ends_with("belum dikonfirmasi."));
        assert_eq!(notice(AppointmentNews::Soon { minutes_before: 60, is_confirmed: true }).data()["minutes_before"], 60);
    }
}
