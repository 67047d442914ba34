//! Owns the kinds of notices: each entry of `notice_kinds!` declares name, fields, fixed part and
//! texts of one kind.
//!
//! - A kind touches nothing else in Rust: the entries make enum, `ALL` and the three methods.
//! - `data` on the wire is the object of a kind's fields.
//! - The kinds about appointments are in [`super::appointment`].

use super::{
    appointment::{self, AppointmentNotice},
    spec::{NoticeSpec, NoticeText, NoticeTexts},
};
use crate::domain::live::audience::Audience;

/// Makes [`NoticeKind`] of one entry per kind: name and fields, then `spec` (a constant) and
/// `texts`, which may use the fields by name.
macro_rules! notice_kinds {
    ($(
        $(#[$doc:meta])*
        $kind:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),+ }
        spec: $spec:expr,
        texts: $texts:expr;
    )+) => {
        /// What a notice is about, with what its text needs.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum NoticeKind {
            /// Something about an appointment; its kinds are in [`super::appointment`].
            Appointment(AppointmentNotice),
            $($(#[$doc])* $kind { $($(#[$field_doc])* $field: $type),+ },)+
        }

        impl NoticeSpec {
            /// All kinds.
            pub const ALL: [&'static [Self]; 2] = [&[$($spec),+], appointment::SPECS];
        }

        impl NoticeKind {
            /// Returns what is fixed about this kind.
            #[must_use]
            pub const fn spec(&self) -> NoticeSpec {
                match self {
                    Self::Appointment(notice) => notice.spec(),
                    $(Self::$kind { .. } => $spec,)+
                }
            }

            /// Returns the text in both languages.
            #[must_use]
            #[allow(unused_variables, reason = "some texts name none of their fields")]
            pub fn texts(&self) -> NoticeTexts {
                match self {
                    Self::Appointment(notice) => notice.texts(),
                    $(Self::$kind { $($field),+ } => $texts,)+
                }
            }

            /// Returns the `data` object of the wire shape: the fields by name.
            #[must_use]
            pub fn data(&self) -> serde_json::Value {
                match self {
                    Self::Appointment(notice) => notice.data(),
                    $(Self::$kind { $($field),+ } => serde_json::json!({ $((stringify!($field)): $field),+ }),)+
                }
            }
        }
    };
}

notice_kinds! {
    /// A counsellor published a material.
    MaterialPublished {
        /// Id of the material, for the link.
        material_id: String,
        /// Its title.
        title: String,
        /// Its category.
        category: String
    }
    spec: NoticeSpec { wire_name: "material.published", category: "materials", retention_days: 365, is_mutable: true },
    texts: NoticeTexts {
        id: NoticeText { title: "Materi baru".into(), body: format!("“{title}” ({category}) sudah bisa kamu baca.") },
        en: NoticeText { title: "New material".into(), body: format!("“{title}” ({category}) is ready to read.") },
    };

    /// The companion has used a large part of its tokens of the month, or all.
    CompanionBudget {
        /// 80 or 100.
        percent: u8,
        /// `YYYY-MM`.
        month: String
    }
    spec: NoticeSpec { wire_name: "companion.budget_warning", category: "system", retention_days: 90, is_mutable: false },
    texts: budget_texts(*percent);

    /// A student waits for a counsellor.
    ConversationWaiting {
        /// Id of the conversation, for the link.
        conversation_id: String
    }
    spec: NoticeSpec::of_chat("conversation.waiting", 7),
    texts: NoticeTexts::fixed(
        ("Ada siswa menunggu", "Seorang siswa menunggu di antrean obrolan."),
        ("A student is waiting", "A student is waiting in the chat queue."),
    );

    /// A counsellor took a student's conversation.
    ConversationAssigned {
        /// Id of the conversation, for the link.
        conversation_id: String
    }
    spec: NoticeSpec::of_chat("conversation.assigned", 90),
    texts: NoticeTexts::fixed(
        ("Guru BK siap mengobrol", "Guru BK sudah menerima obrolanmu."),
        ("A counsellor is ready", "A counsellor has taken up your chat."),
    );

    /// A student's conversation has another counsellor now.
    ConversationTransferred {
        /// Id of the conversation, for the link.
        conversation_id: String
    }
    spec: NoticeSpec::of_chat("conversation.transferred", 90),
    texts: NoticeTexts::fixed(
        ("Obrolan dilanjutkan", "Obrolanmu dilanjutkan oleh guru BK lain."),
        ("Your chat goes on", "Another counsellor continues your chat."),
    );

    /// A counsellor was given a conversation.
    ConversationHandedOver {
        /// Id of the conversation, for the link.
        conversation_id: String
    }
    spec: NoticeSpec::of_chat("conversation.handed_over", 90),
    texts: NoticeTexts::fixed(
        ("Obrolan dialihkan kepada Anda", "Rekan Anda mengalihkan sebuah obrolan kepada Anda."),
        ("A chat was handed to you", "A colleague handed a chat over to you."),
    );

    /// A student may be in danger: somebody must look now.
    // Neutral on purpose, as the text of the next: a lock screen may show it to others.
    RiskRaised {
        /// Id of the warning, for the link.
        alert_id: String
    }
    spec: NoticeSpec::of_safety("risk.raised"),
    texts: NoticeTexts::fixed(
        ("Perlu tindakan sekarang", "Seorang siswa membutuhkan Anda. Buka halaman Peringatan."),
        ("Please act now", "A student needs you. Open the Alerts page."),
    );

    /// A student may need somebody to talk with.
    RiskConcern {
        /// Id of the warning, for the link.
        alert_id: String
    }
    spec: NoticeSpec::of_safety("risk.concern"),
    texts: NoticeTexts::fixed(
        ("Mohon perhatian", "Ada siswa yang mungkin perlu diajak bicara. Lihat halaman Peringatan."),
        ("Please have a look", "A student may need somebody to talk with. See the Alerts page."),
    );
}

fn budget_texts(percent: u8) -> NoticeTexts {
    if percent == 100 {
        return NoticeTexts::fixed(
            (
                "Kuota teman AI bulan ini habis",
                "Sampai bulan depan teman digital tanpa model AI yang menjawab. Kartu bantuan tetap tersedia.",
            ),
            (
                "The AI companion has used its monthly tokens",
                "Until next month the offline companion answers. The help card stays available.",
            ),
        );
    }
    NoticeTexts {
        id: NoticeText { title: "Kuota teman AI hampir habis".into(), body: format!("{percent}% kuota bulan ini sudah terpakai.") },
        en: NoticeText { title: "The AI companion is low on tokens".into(), body: format!("{percent}% of this month's tokens are used.") },
    }
}

/// A notice that is about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// To whom.
    pub audience: Audience,
    /// About what.
    pub kind: NoticeKind,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    #[test]
    fn every_kind_has_texts_in_both_languages() {
        let kind = NoticeKind::MaterialPublished { material_id: "m".into(), title: "Mengatur waktu".into(), category: "Belajar".into() };
        let texts = kind.texts();
        assert!(texts.id.body.contains("Mengatur waktu") && texts.en.body.contains("Mengatur waktu"));
        assert_ne!(texts.id, texts.en);
        assert_eq!(kind.spec().wire_name, "material.published");
        assert_eq!(kind.data()["material_id"], "m");
        assert!(NoticeSpec::ALL.concat().contains(&kind.spec()), "housekeeping trims the kinds of this list");
        assert_eq!(texts.in_language(Language::default()), &texts.id);
    }

    /// Two kinds of one name would be kept for the shorter of their times.
    #[test]
    fn every_kind_is_kept_for_a_time_of_its_own() {
        let all = NoticeSpec::ALL.concat();
        let names: std::collections::BTreeSet<_> = all.iter().map(|spec| spec.wire_name).collect();
        assert_eq!(names.len(), all.len(), "{names:?}");
        assert!(all.iter().all(|spec| spec.retention_days > 0));
    }

    #[test]
    fn admins_are_told_how_much_is_used() {
        let kind = |percent| NoticeKind::CompanionBudget { percent, month: "2026-11".into() };
        assert_eq!(kind(80).data(), serde_json::json!({ "percent": 80, "month": "2026-11" }));
        assert!(kind(80).texts().id.body.contains("80%") && kind(100).texts().en.body.contains("offline companion"));
        assert!(NoticeSpec::ALL.concat().contains(&kind(80).spec()));
    }

    #[test]
    fn notices_about_chats_say_nothing_a_lock_screen_must_not_show() {
        let id = || "0197f0c0-0000-7000-8000-000000000000".to_owned();
        let kinds = [
            NoticeKind::ConversationWaiting { conversation_id: id() },
            NoticeKind::ConversationAssigned { conversation_id: id() },
            NoticeKind::ConversationTransferred { conversation_id: id() },
            NoticeKind::ConversationHandedOver { conversation_id: id() },
        ];
        for kind in kinds {
            let (spec, texts) = (kind.spec(), kind.texts());
            assert!(NoticeSpec::ALL.concat().contains(&spec) && spec.wire_name.starts_with("conversation."), "{spec:?}");
            assert_eq!(spec.category, "chat");
            assert_eq!(kind.data(), serde_json::json!({ "conversation_id": id() }));
            assert_ne!(texts.id, texts.en);
        }
    }

    #[test]
    fn notices_about_students_in_danger_equal_the_golden_texts() {
        let id = "0197f0c0-0000-7000-8000-000000000000";
        let kinds = [NoticeKind::RiskRaised { alert_id: id.into() }, NoticeKind::RiskConcern { alert_id: id.into() }];
        let written: Vec<String> = kinds
            .iter()
            .map(|kind| {
                let spec = kind.spec();
                assert!(NoticeSpec::ALL.concat().contains(&spec) && !spec.is_mutable, "nobody mutes {}", spec.wire_name);
                let texts = serde_json::to_value(kind.texts()).unwrap();
                serde_json::json!({ "kind": spec.wire_name, "category": spec.category, "texts": texts, "data": kind.data() }).to_string()
            })
            .collect();
        let golden = include_str!("../../../tests/golden/notices_safety.txt");
        assert_eq!(written, golden.lines().collect::<Vec<_>>(), "\n{}", written.join("\n"));
    }
}
