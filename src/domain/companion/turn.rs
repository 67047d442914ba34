//! A turn of a thread, as a provider reads it.

/// Who speaks in a turn that is sent to a provider.
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
    /// Who spoke.
    pub speaker: Speaker,
    /// What was said.
    pub text: String,
}
