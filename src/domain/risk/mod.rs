//! Owns the safety check: how serious a text is that a student writes to the companion. A versioned
//! pack of rules in data files decides, without a model or the network, in time linear in the
//! length of the text. Called by `services/companion` for questions and summaries, and by
//! `actors/companion/answer_stream` for answers. Must not act on a level: `services/alerts` and
//! `services/help` do.

mod assessment;
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

pub use assessment::{Assessment, RuleId};
pub use level::{InvalidLevel, Level};
pub use pack::{PackError, RulePack};
pub use turns::MAX_TURNS;
