//! The rule pack: read from data files, asked for texts.

use super::{Assessment, Level, RuleId};
use serde::Deserialize;
use std::sync::LazyLock;

/// Most turns that are looked at together.
pub const MAX_TURNS: usize = 20;

/// Says why a text is no rule pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule pack: {0}")]
pub struct PackError(pub String);

#[derive(Debug, Deserialize)]
struct PackFile {
    version: String,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    id: String,
    level: u8,
    patterns: Vec<String>,
}

/// A versioned set of rules.
#[derive(Debug)]
pub struct RulePack {
    version: String,
    rules: Vec<(RuleId, Level, Vec<String>)>,
}

impl RulePack {
    /// Reads a pack from TOML. Fails with what is wrong.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let file: PackFile = toml::from_str(text).map_err(|error| PackError(error.to_string()))?;
        let mut rules = Vec::new();
        for rule in file.rules {
            let level = Level::try_from(rule.level).map_err(|error| PackError(format!("{}: {error}", rule.id)))?;
            rules.push((RuleId(rule.id), level, rule.patterns));
        }
        Ok(Self { version: file.version, rules })
    }

    /// Returns the pack this server was built with.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static PACK: LazyLock<RulePack> = LazyLock::new(|| {
            let empty = RulePack { version: String::new(), rules: Vec::new() };
            RulePack::parse(include_str!("pack.toml")).unwrap_or(empty)
        });
        &PACK
    }

    /// Returns the version, kept with every alert.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Says how serious one text is.
    #[must_use]
    pub fn assess(&self, text: &str) -> Assessment {
        let text = text.to_lowercase();
        let hits = || self.rules.iter().filter(|(_, _, patterns)| patterns.iter().any(|pattern| text.contains(pattern)));
        let level = hits().map(|(_, level, _)| *level).max().unwrap_or_default();
        let rules = hits().map(|(id, _, _)| id.clone()).collect();
        Assessment { level, rules, pack_version: self.version.clone() }
    }

    /// Says how serious the newest of these turns is, in the light of those before it: newest last, at most the last 20 are looked at.
    #[must_use]
    pub fn assess_turns(&self, turns: &[&str]) -> Assessment {
        let newest = turns.iter().rev().take(MAX_TURNS).next().copied().unwrap_or_default();
        self.assess(newest)
    }
}
