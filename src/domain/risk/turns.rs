//! Owns the safety check of the last turns of a student together. Five heavy lines in a row mean
//! more danger than each line alone, and a sentence may be spread over several short lines. Called
//! by `services/companion/safety`.

use super::{
    assessment::{Assessment, RuleId},
    level::Level,
    pack::RulePack,
};

/// Most turns that are judged together, the newest included.
pub const MAX_TURNS: usize = 20;

/// Weight of a turn, by level.
const WEIGHTS: [f64; 4] = [0.0, 1.0, 3.0, 6.0];
/// Factor by which each later turn reduces the weight of a turn.
const DECAY: f64 = 0.85;
/// Weight from which a line of low mood counts as a concern: six such lines in a row, or two after
/// a concern.
const CONCERN_AT: f64 = 4.0;
/// Weight from which a concern counts as a risk: four concerns in a row, or a concern soon after a
/// risk.
const RISK_AT: f64 = 8.0;
/// Most lines that are read as one sentence, and most tokens of such a line.
const JOINED_TURNS: usize = 8;
const SHORT_TURN: usize = 8;

/// Rule that is reported when only the turns together reach the level.
const GATHERED: &str = "turns.gathered";
/// Rule that is reported when a sentence was spread over several lines.
const SPREAD: &str = "turns.spread_over_lines";

impl RulePack {
    /// Judges the newest of these turns in the light of those before it. `turns` is oldest first;
    /// only the last 20 are read. The result is never less than that of the newest line alone. A
    /// newest line of level 0 stays at 0, so that a "thank you" calls nobody again.
    #[must_use]
    pub fn assess_turns(&self, turns: &[&str]) -> Assessment {
        let Some((newest, earlier)) = turns.split_last() else { return self.assess("") };
        let earlier = earlier.get(earlier.len().saturating_sub(MAX_TURNS - 1)..).unwrap_or_default();
        let mut assessment = self.assess(newest);
        if let Some(spread) = self.assess_spread(earlier, newest).filter(|spread| spread.level > assessment.level) {
            assessment = spread;
            assessment.rules.push(RuleId(SPREAD.into()));
        }
        let gathered = self.gathered(earlier, assessment.level);
        if gathered > assessment.level {
            assessment.level = gathered;
            assessment.rules.push(RuleId(GATHERED.into()));
        }
        assessment
    }

    /// Raises the level of the newest turn by the decayed weight of all turns.
    fn gathered(&self, earlier: &[&str], newest: Level) -> Level {
        let weight_of = |level: Level| WEIGHTS.get(usize::from(level.as_number())).copied().unwrap_or_default();
        let weight = earlier.iter().fold(0.0, |sum, turn| (sum + weight_of(self.assess(turn).level)) * DECAY) + weight_of(newest);
        match newest {
            Level::LowMood if weight >= CONCERN_AT => Level::Concern,
            Level::Concern if weight >= RISK_AT => Level::Risk,
            level => level,
        }
    }

    /// Reads the newest turn and the short turns right before it as one sentence. Only matches that
    /// end in the newest turn count.
    fn assess_spread(&self, earlier: &[&str], newest: &str) -> Option<Assessment> {
        let newest_length = self.read(newest).len();
        if newest_length > SHORT_TURN {
            return None;
        }
        let is_short = |turn: &&&str| self.read(turn).len() <= SHORT_TURN;
        let before: Vec<&str> = earlier.iter().rev().take(JOINED_TURNS - 1).take_while(is_short).copied().collect();
        if before.is_empty() {
            return None;
        }
        let mut sentence: Vec<&str> = before.into_iter().rev().collect();
        sentence.push(newest);
        let tokens = self.read(&sentence.join(" "));
        // The last tokens are those of the newest turn, without the break at its beginning.
        let from = tokens.len().saturating_sub(newest_length.saturating_sub(1));
        let hits: Vec<_> = self.hits(&tokens).into_iter().filter(|hit| hit.to >= from).collect();
        Some(self.assessment(&hits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(turns: &[&str]) -> u8 {
        RulePack::built_in().assess_turns(turns).level.as_number()
    }

    #[test]
    fn the_newest_line_alone_is_the_least() {
        assert_eq!(level(&[]), 0);
        assert_eq!(level(&["halo"]), 0);
        assert_eq!(level(&["aku pengen mati"]), 3);
        assert_eq!(level(&["halo", "apa kabar", "aku pengen mati"]), 3);
    }

    #[test]
    fn heavy_lines_gather() {
        assert_eq!(level(&["aku benci diriku"]), 2);
        assert_eq!(level(&["aku benci diriku", "hidup ga ada artinya", "aku cuma beban", "aku putus asa"]), 3);
        assert_eq!(level(&["aku pengen mati", "aku benci diriku"]), 3, "soon after a risk");
        assert_eq!(level(&["aku sedih", "aku kesepian", "aku stres banget", "ga bisa tidur", "nangis terus", "aku sedih"]), 2);
        let assessment = RulePack::built_in().assess_turns(&["aku pengen mati", "aku benci diriku"]);
        assert!(assessment.rules.contains(&RuleId(GATHERED.into())));
    }

    #[test]
    fn what_is_long_ago_weighs_little() {
        let mut turns = vec!["aku benci diriku", "aku benci diriku"];
        turns.extend(["makasih kak"; 12]);
        turns.push("aku cuma beban");
        assert_eq!(level(&turns), 2);
    }

    #[test]
    fn a_harmless_line_pages_nobody_again() {
        assert_eq!(level(&["aku pengen mati", "aku mau bunuh diri", "makasih kak udah dengerin"]), 0);
    }

    #[test]
    fn a_sentence_over_several_lines_is_read_as_one() {
        assert_eq!(level(&["aku pengen", "mati"]), 3);
        assert_eq!(level(&["gw mau", "b", "u", "n", "d", "i", "r"]), 3, "one letter a line");
        assert_eq!(level(&["aku pengen", "mati", "lampu"]), 0, "only what ends in the newest line counts");
        assert_eq!(level(&["apakah saya boleh bertanya sesuatu yang panjang kepada kakak sekarang mau", "mati"]), 0);
    }

    #[test]
    fn twenty_turns_are_enough() {
        let mut turns = vec!["aku benci diriku"; 200];
        turns.push("aku cuma beban");
        assert_eq!(level(&turns), 3);
    }
}
