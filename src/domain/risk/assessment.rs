//! What the pack makes of a text.

use super::level::Level;
use serde::{Deserialize, Serialize};

/// Name of a rule of the pack, such as `self_harm.wants_to_die`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(pub String);

/// What the pack makes of a text. For counsellors and the log of alerts only: nothing of it ever goes to the student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// How serious it is.
    pub level: Level,
    /// The rules that led to it, the most serious first.
    pub rules: Vec<RuleId>,
    /// Version of the pack that was asked.
    pub pack_version: String,
}
