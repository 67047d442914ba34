//! How serious something is that a student writes to the companion. Placeholder with the interface of the rule pack; it knows a handful of words.

mod level;

pub use level::{InvalidLevel, Level};

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

/// The rules.
#[derive(Debug)]
pub struct RulePack;

impl RulePack {
    /// Returns the pack the server was built with.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &Self
    }

    /// Returns its version.
    #[must_use]
    pub const fn version(&self) -> &str {
        "placeholder"
    }

    /// Says how serious a text is.
    #[must_use]
    pub fn assess(&self, text: &str) -> Assessment {
        let text = text.to_lowercase();
        let found =
            [(Level::Risk, "bunuh diri"), (Level::Risk, "kill myself"), (Level::Concern, "menyakiti diri"), (Level::LowMood, "sedih")];
        let found: Vec<_> = found.into_iter().filter(|(_, word)| text.contains(word)).collect();
        let level = found.iter().map(|(level, _)| *level).max().unwrap_or_default();
        let rules = found.into_iter().map(|(_, word)| RuleId(word.replace(' ', "_"))).collect();
        Assessment { level, rules, pack_version: self.version().to_owned() }
    }

    /// Says how serious the newest of these turns is, newest last.
    #[must_use]
    pub fn assess_turns(&self, turns: &[&str]) -> Assessment {
        self.assess(turns.last().copied().unwrap_or_default())
    }
}
