//! Owns the result of the safety check: a level and the rules that led to it.

use super::level::Level;
use serde::{Deserialize, Serialize};

/// Name of a rule of the pack, such as `self_harm.wants_to_die`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(pub String);

/// Result of the safety check of a text. Only counsellors and the log of alerts see it; a student
/// never does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// How serious it is.
    pub level: Level,
    /// The rules that led to it, the most serious first.
    pub rules: Vec<RuleId>,
    /// Version of the rule pack that made it.
    pub pack_version: String,
}
