//! How serious something is that a student writes to the companion, decided by a versioned pack of rules in data files: no model, no network, linear
//! in the length of the text. What a level leads to is in `services::alerts` and `services::help`.

pub mod help_card;
pub mod hotline;
#[cfg(test)]
mod labelled;
mod level;
mod lexicon;
mod normalise;
mod pack;
mod pattern;
mod turns;

pub use level::{InvalidLevel, Level};
pub use pack::{PackError, RulePack};
pub use turns::MAX_TURNS;

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
