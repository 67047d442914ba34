//! Notice kinds, declared in one place: a new kind is one variant, its constant in [`NoticeSpec`] (named in `ALL`), and one arm each of `spec()`,
//! `texts()` and `data()`.

use super::{
    appointment_notice::{self, AppointmentNotice},
    audience::Audience,
    language::Language,
};
use serde::{Deserialize, Serialize};

/// What a notice is about, with what its text needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// A counsellor published a material.
    MaterialPublished {
        /// Id of the material, for the link.
        material_id: String,
        /// Its title.
        title: String,
        /// Its category.
        category: String,
    },
    /// Something about an appointment; its kinds are in [`appointment_notice`].
    Appointment(AppointmentNotice),
}

/// What is fixed about a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeSpec {
    /// Name on the wire and in the database.
    pub wire_name: &'static str,
    /// Group a user can filter or mute.
    pub category: &'static str,
    /// Name of the icon the UI shows.
    pub icon: &'static str,
    /// How long a notice of this kind is kept, in days.
    pub retention_days: u16,
    /// Whether a user may mute the category.
    pub is_mutable: bool,
}

/// Title and body in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeText {
    /// One line.
    pub title: String,
    /// One sentence; safe for a lock screen.
    pub body: String,
}

/// The text of a notice in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeTexts {
    /// Bahasa Indonesia.
    pub id: NoticeText,
    /// English.
    pub en: NoticeText,
}

impl NoticeSpec {
    /// Of [`NoticeKind::MaterialPublished`].
    pub const MATERIAL_PUBLISHED: Self =
        Self { wire_name: "material.published", category: "materials", icon: "book", retention_days: 365, is_mutable: true };
    /// All kinds.
    pub const ALL: [&'static [Self]; 2] = [&[Self::MATERIAL_PUBLISHED], &appointment_notice::SPECS];
}

impl NoticeTexts {
    /// Returns the text in `language`.
    #[must_use]
    pub const fn in_language(&self, language: Language) -> &NoticeText {
        match language {
            Language::Indonesian => &self.id,
            Language::English => &self.en,
        }
    }
}

impl NoticeKind {
    /// Returns what is fixed about this kind.
    #[must_use]
    pub const fn spec(&self) -> NoticeSpec {
        match self {
            Self::MaterialPublished { .. } => NoticeSpec::MATERIAL_PUBLISHED,
            Self::Appointment(notice) => notice.spec(),
        }
    }

    /// Returns the text in both languages.
    #[must_use]
    pub fn texts(&self) -> NoticeTexts {
        match self {
            Self::MaterialPublished { title, category, .. } => NoticeTexts {
                id: NoticeText { title: "Materi baru".into(), body: format!("“{title}” ({category}) sudah bisa kamu baca.") },
                en: NoticeText { title: "New material".into(), body: format!("“{title}” ({category}) is ready to read.") },
            },
            Self::Appointment(notice) => notice.texts(),
        }
    }

    /// Returns the `data` object of the wire shape.
    #[must_use]
    pub fn data(&self) -> serde_json::Value {
        match self {
            Self::MaterialPublished { material_id, title, category } => {
                serde_json::json!({ "material_id": material_id, "title": title, "category": category })
            }
            Self::Appointment(notice) => notice.data(),
        }
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
}
