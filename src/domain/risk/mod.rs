//! How serious something is that a student writes to the companion, decided by a versioned pack of rules in data files: no model, no network, linear
//! in the length of the text. What a level leads to is in `services::alerts` and `services::help`.

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
