//! Owns a turn of a thread, as a provider reads it.

/// Author of a turn that is sent to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The student.
    Student,
    /// The companion.
    Companion,
}

/// One turn of the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The author.
    pub speaker: Speaker,
    /// The text.
    pub text: String,
}
