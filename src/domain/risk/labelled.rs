//! Tests how well the built-in pack judges the labelled lines of `tests/risk` (see the README
//! there). A floor may be raised, but never lowered to make a change pass.

use super::{Level, RulePack};
use std::time::Instant;

const DEVELOPMENT: &str = include_str!("../../../tests/risk/development.tsv");
const FRESH: &str = include_str!("../../../tests/risk/fresh.tsv");
const HELD_OUT: &str = include_str!("../../../tests/risk/held_out.tsv");

struct LabelledLine {
    level: Level,
    language: &'static str,
    text: &'static str,
}

fn lines(file: &'static str) -> Vec<LabelledLine> {
    let read = |line: &'static str| {
        let mut parts = line.splitn(3, '\t');
        let mut part = || parts.next().unwrap_or_else(|| panic!("not level, language and text: {line:?}"));
        let level = Level::from_number(part().parse().unwrap()).unwrap();
        LabelledLine { level, language: part(), text: part() }
    };
    file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(read).collect()
}

/// Counts of a judged set of lines.
struct Score {
    /// By level: how many lines were judged at least as serious as labelled, and how many there
    /// are.
    recall: [(usize, usize); 4],
    /// Lines labelled 0 or 1 that were judged a risk, and those judged a concern or a risk.
    false_risks: usize,
    false_concerns: usize,
    harmless: usize,
}

impl Score {
    fn of(name: &str, lines: &[LabelledLine]) -> Self {
        let pack = RulePack::built_in();
        let mut score = Self { recall: [(0, 0); 4], false_risks: 0, false_concerns: 0, harmless: 0 };
        for line in lines {
            let judged = pack.assess(line.text);
            let (caught, all) = &mut score.recall[usize::from(line.level.as_number())];
            *all += 1;
            *caught += usize::from(judged.level >= line.level);
            let is_harmless = line.level <= Level::LowMood;
            score.harmless += usize::from(is_harmless);
            score.false_risks += usize::from(is_harmless && judged.level == Level::Risk);
            score.false_concerns += usize::from(is_harmless && judged.level >= Level::Concern);
            // Held-out lines stay unseen while rules are tuned: the test prints their numbers only.
            let is_wrong = judged.level < line.level || (is_harmless && judged.level >= Level::Concern);
            if is_wrong && name == "development" {
                let rules: Vec<&str> = judged.rules.iter().map(|rule| rule.0.as_str()).collect();
                println!("  labelled {}, judged {}: {} {rules:?}", line.level.as_number(), judged.level.as_number(), line.text);
            }
        }
        for (level, (caught, all)) in score.recall.iter().enumerate().skip(1) {
            println!("{name}: level {level} recall {:.3} ({caught} of {all})", share(*caught, *all));
        }
        let Self { false_risks, false_concerns, harmless, .. } = score;
        println!("{name}: level 3 on harmless lines {:.3} ({false_risks} of {harmless})", share(false_risks, harmless));
        println!("{name}: level 2 or 3 on harmless lines {:.3} ({false_concerns} of {harmless})", share(false_concerns, harmless));
        score
    }

    fn recall(&self, level: Level) -> f64 {
        let (caught, all) = self.recall[usize::from(level.as_number())];
        share(caught, all)
    }
}

#[expect(clippy::cast_precision_loss, reason = "hundreds of lines")]
fn share(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}

#[test]
fn the_lines_are_many_and_of_every_kind() {
    let all: Vec<LabelledLine> = lines(DEVELOPMENT).into_iter().chain(lines(HELD_OUT)).chain(lines(FRESH)).collect();
    assert!(all.len() >= 600, "{} lines", all.len());
    let texts: std::collections::BTreeSet<String> = all.iter().map(|line| line.text.to_lowercase()).collect();
    assert_eq!(texts.len(), all.len(), "a line stands there twice");
    for language in ["id", "en", "mix"] {
        for level in Level::ALL {
            let count = all.iter().filter(|line| line.language == language && line.level == level).count();
            assert!(count >= 10, "{count} lines in {language} of level {}", level.as_number());
        }
    }
}

#[test]
fn the_development_part_is_judged_well() {
    let score = Score::of("development", &lines(DEVELOPMENT));
    assert!(score.recall(Level::Risk) >= 0.97);
    assert!(score.recall(Level::Concern) >= 0.9);
    assert!(score.recall(Level::LowMood) >= 0.85);
    assert!(share(score.false_risks, score.harmless) <= 0.02);
    assert!(share(score.false_concerns, score.harmless) <= 0.05);
}

#[test]
fn the_held_out_part_is_judged_well() {
    let score = Score::of("held out", &lines(HELD_OUT));
    assert!(score.recall(Level::Risk) >= 0.93);
    assert!(share(score.false_risks, score.harmless) <= 0.02);
}

/// Tests lines that were written after the rules, so the rules had never seen them in any form when
/// they were first measured. They are the nearest we have to what students will write.
#[test]
fn lines_from_after_the_rules_are_judged_well() {
    let score = Score::of("fresh", &lines(FRESH));
    assert!(score.recall(Level::Risk) >= 0.9);
    assert!(score.recall(Level::Concern) >= 0.9);
    assert!(share(score.false_risks, score.harmless) <= 0.04);
    assert!(share(score.false_concerns, score.harmless) <= 0.1);
}

#[test]
fn a_text_of_any_kind_is_judged_in_linear_time() {
    let pack = RulePack::built_in();
    assert!(pack.rule_count() > 50);
    let texts = [
        "mau ",
        "a ",
        "aku mau ga kuat ",
        "b u n u h ",
        "*",
        "mati.",
        "2",
        "kalo aku ga ada ",
        "\u{200B}",
        "😂",
        "xxxxxxxxxxxxxxxxxxxxxxxxx",
        "ayah mukul aku pake ",
    ];
    let time = |text: &str, chars: usize| {
        let long: String = text.chars().cycle().take(chars).collect();
        let begun = Instant::now();
        std::hint::black_box(pack.assess(&long));
        begun.elapsed()
    };
    for text in texts {
        // The shortest of three: the machine may pause the process during one of them.
        let shortest = |chars| (0..3).map(|_| time(text, chars)).min().unwrap();
        let (short, long) = (shortest(1_000), shortest(4_000));
        println!("{text:?}: {} µs for 1,000 characters, {} µs for 4,000", short.as_micros(), long.as_micros());
        // A test build is about 20 times slower than a release build; quadratic time would take
        // seconds.
        assert!(long.as_millis() < 1_500, "{text:?}: {long:?}");
    }
}
