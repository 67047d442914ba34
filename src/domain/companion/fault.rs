//! Owns the faults of an answer, each with the plain sentence that the student reads. Called by
//! `services/companion` and `actors/companion`.

use crate::domain::language::Language;

/// Fault of an answer. The wire name is stable. The sentence for the student names no technical
/// thing and always says what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The provider cannot be reached, refuses this server, or fails.
    Unavailable,
    /// The provider asks this server to wait.
    Crowded,
    /// No text came in time, or the answer has no words.
    NoAnswer,
    /// The answer broke off in the middle.
    CutOff,
    /// The answer was longer than allowed; the part that fits is shown.
    CutShort,
    /// A sentence did not pass the safety check; the sentences before it are shown.
    Withheld,
    /// The server stopped in the middle of the answer.
    Interrupted,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 7] =
        [Self::Unavailable, Self::Crowded, Self::NoAnswer, Self::CutOff, Self::CutShort, Self::Withheld, Self::Interrupted];

    /// Returns the wire and database name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "companion.unavailable",
            Self::Crowded => "companion.crowded",
            Self::NoAnswer => "companion.no_answer",
            Self::CutOff => "companion.cut_off",
            Self::CutShort => "companion.cut_short",
            Self::Withheld => "companion.withheld",
            Self::Interrupted => "companion.interrupted",
        }
    }

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }

    /// Returns the sentence that the student reads.
    #[must_use]
    pub const fn sentence(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Unavailable, Language::Indonesian) => "Teman AI sedang tidak bisa dihubungi. Coba lagi nanti, atau hubungi guru BK.",
            (Self::Unavailable, Language::English) => {
                "The AI companion cannot be reached right now. Try again later, or talk to a counsellor."
            }
            (Self::Crowded, Language::Indonesian) => "Teman AI sedang ramai. Tunggu sebentar, lalu coba lagi.",
            (Self::Crowded, Language::English) => "The AI companion is busy right now. Wait a moment, then try again.",
            (Self::NoAnswer, Language::Indonesian) => "Jawaban tidak kunjung datang. Coba lagi, atau tulis dengan kata lain.",
            (Self::NoAnswer, Language::English) => "No answer came. Try again, or say it in other words.",
            (Self::CutOff, Language::Indonesian) => "Jawaban terputus di tengah jalan. Kamu bisa mencobanya lagi.",
            (Self::CutOff, Language::English) => "The answer broke off in the middle. You can try again.",
            (Self::CutShort, Language::Indonesian) => {
                "Jawaban ini terlalu panjang, jadi dihentikan di sini. Kamu bisa meminta lanjutannya."
            }
            (Self::CutShort, Language::English) => "This answer was too long and stops here. You can ask for the rest.",
            (Self::Withheld, Language::Indonesian) => "Sebagian jawaban tidak ditampilkan. Untuk hal ini lebih baik bicara dengan guru BK.",
            (Self::Withheld, Language::English) => "Part of the answer is not shown. For this it is better to talk to a counsellor.",
            (Self::Interrupted, Language::Indonesian) => "Jawaban terhenti karena ada gangguan. Kamu bisa mencobanya lagi.",
            (Self::Interrupted, Language::English) => "The answer stopped because something went wrong on our side. You can try again.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_sentence_in_both_languages_without_technical_words() {
        for fault in Fault::ALL {
            assert_eq!(Fault::parse(fault.as_str()), Some(fault));
            let (id, en) = (fault.sentence(Language::Indonesian), fault.sentence(Language::English));
            assert_ne!(id, en);
            for sentence in [id, en] {
                assert!(sentence.ends_with('.') && sentence.len() > 20);
                let technical = ["server", "error", "provider", "token", "API", "HTTP", "timeout"];
                assert!(technical.iter().all(|word| !sentence.contains(word)), "{sentence}");
            }
        }
        assert_eq!(Fault::parse("companion.busy"), None);
    }
}
