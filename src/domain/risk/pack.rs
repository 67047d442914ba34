//! Owns the rule pack: reads it from data files and judges texts by it. Called by the companion's
//! services and actors. The head of `data/pack.toml` explains how the files are written.

use super::{
    assessment::{Assessment, RuleId},
    level::Level,
    lexicon::{Atom, BREAK, Lexicon, WordToken},
    pattern::{Found, MAX_SPAN, Pattern, WINDOW, Window},
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

/// The files of the built-in pack; the first one carries the version and the contexts.
const FILES: [&str; 5] = [
    include_str!("data/pack.toml"),
    include_str!("data/id.toml"),
    include_str!("data/slang.toml"),
    include_str!("data/en.toml"),
    include_str!("data/mixed.toml"),
];

/// Says why a text is not a rule pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule pack: {0}")]
pub struct PackError(String);

/// One file of the pack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    version: Option<String>,
    #[serde(default)]
    words: BTreeMap<String, Vec<String>>,
    #[serde(default, rename = "context")]
    contexts: Vec<ContextEntry>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextEntry {
    id: String,
    words: Vec<String>,
    /// How many tokens before a match the context may stand.
    #[serde(default)]
    before: usize,
    /// How many tokens behind a match the context may stand.
    #[serde(default)]
    after: usize,
    /// Whether the context may stand between the steps of a match.
    #[serde(default)]
    inside: bool,
    /// Words that cancel the context when they stand between it and the match, or inside the match.
    #[serde(default)]
    broken_by: Vec<String>,
    /// Highest level of a match in this context.
    most: Level,
    /// Kinds of rules that this context can lower.
    kinds: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: String,
    level: Level,
    kind: String,
    patterns: Vec<String>,
    /// Contexts that do not lower this rule.
    #[serde(default)]
    despite: Vec<String>,
}

#[derive(Debug)]
struct RiskContext {
    id: String,
    atoms: Vec<Atom>,
    before: usize,
    after: usize,
    inside: bool,
    broken_by: Vec<Atom>,
    most: Level,
    kinds: Vec<String>,
}

#[derive(Debug)]
struct RiskRule {
    id: RuleId,
    level: Level,
    patterns: Vec<Pattern>,
    /// Indexes of the contexts that can lower this rule.
    contexts: Vec<usize>,
}

/// A match with a level above 0.
pub(super) struct Hit<'a> {
    pub(super) rule: &'a RuleId,
    pub(super) level: Level,
    /// The last token of the match.
    pub(super) to: usize,
}

/// A versioned set of rules.
#[derive(Debug)]
pub struct RulePack {
    version: String,
    lexicon: Lexicon,
    contexts: Vec<RiskContext>,
    rules: Vec<RiskRule>,
    atoms: usize,
}

impl RulePack {
    /// Reads a pack from TOML. Fails with the reason.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        Self::parse_files(&[text])
    }

    /// Reads a pack of several files. Every file may use the concepts of all others.
    fn parse_files(texts: &[&str]) -> Result<Self, PackError> {
        let files = texts.iter().map(|text| toml::from_str(text)).collect::<Result<Vec<PackFile>, _>>();
        let files = files.map_err(|error| PackError(error.to_string()))?;
        let version = files.iter().find_map(|file| file.version.clone()).ok_or_else(|| PackError("no version".into()))?;
        let mut pack = Self { version, lexicon: Lexicon::default(), contexts: Vec::new(), rules: Vec::new(), atoms: 0 };
        for (concept, words) in files.iter().flat_map(|file| &file.words) {
            let atom = pack.lexicon.atom(concept).ok_or_else(|| PackError("too many concepts".into()))?;
            words.iter().for_each(|word| pack.lexicon.add(word, atom));
        }
        for entry in files.iter().flat_map(|file| &file.contexts) {
            pack.add_context(entry)?;
        }
        for entry in files.iter().flat_map(|file| &file.rules) {
            pack.add_rule(entry)?;
        }
        pack.atoms = usize::from(pack.lexicon.atom("").unwrap_or(Atom::MAX)) + 1;
        Ok(pack)
    }

    fn add_context(&mut self, entry: &ContextEntry) -> Result<(), PackError> {
        let atoms = |names: &[String]| -> Result<Vec<Atom>, PackError> {
            let known = |name: &String| self.lexicon.known(name.trim_start_matches('@'));
            let missing = |name| PackError(format!("context {}: {name} is no concept", entry.id));
            names.iter().map(|name| known(name).ok_or_else(|| missing(name))).collect()
        };
        self.contexts.push(RiskContext {
            id: entry.id.clone(),
            atoms: atoms(&entry.words)?,
            before: entry.before,
            after: entry.after,
            inside: entry.inside,
            broken_by: atoms(&entry.broken_by)?,
            most: entry.most,
            kinds: entry.kinds.clone(),
        });
        Ok(())
    }

    fn add_rule(&mut self, entry: &RuleEntry) -> Result<(), PackError> {
        let wrong = |what: String| PackError(format!("rule {}: {what}", entry.id));
        if self.rules.iter().any(|rule| rule.id.0 == entry.id) {
            return Err(wrong("the id is used twice".into()));
        }
        if let Some(name) = entry.despite.iter().find(|name| self.contexts.iter().all(|context| context.id != **name)) {
            return Err(wrong(format!("{name} is no context")));
        }
        if self.contexts.iter().all(|context| !context.kinds.contains(&entry.kind)) {
            return Err(wrong(format!("no context knows the kind {}", entry.kind)));
        }
        let patterns =
            entry.patterns.iter().map(|text| Pattern::parse(text, &mut self.lexicon)).collect::<Result<_, _>>().map_err(wrong)?;
        let applies = |context: &RiskContext| context.kinds.contains(&entry.kind) && !entry.despite.contains(&context.id);
        let contexts = (0..).zip(&self.contexts).filter(|(_, context)| applies(context)).map(|(number, _)| number).collect();
        self.rules.push(RiskRule { id: RuleId(entry.id.clone()), level: entry.level, patterns, contexts });
        Ok(())
    }

    /// Returns the pack this server was built with. A test proves that its files read.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static PACK: LazyLock<RulePack> = LazyLock::new(|| {
            RulePack::parse_files(&FILES).unwrap_or_else(|error| {
                tracing::error!(%error, "the built-in rule pack does not read");
                RulePack { version: "none".into(), lexicon: Lexicon::default(), contexts: Vec::new(), rules: Vec::new(), atoms: 0 }
            })
        });
        &PACK
    }

    /// Returns the version of the pack; every alert stores it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns how many rules there are.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Says how serious one text is.
    #[must_use]
    pub fn assess(&self, text: &str) -> Assessment {
        self.assessment(&self.hits(&self.lexicon.read(text)))
    }

    /// Splits a text into tokens, the ends of clauses included.
    pub(super) fn read(&self, text: &str) -> Vec<WordToken> {
        self.lexicon.read(text)
    }

    /// Returns every match in a text.
    pub(super) fn hits<'a>(&'a self, tokens: &[WordToken]) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        let mut first = 0;
        loop {
            let window = Window::new(tokens, first, self.atoms);
            for rule in &self.rules {
                let found = rule.patterns.iter().flat_map(|pattern| pattern.find(&window));
                let of_rule = found.map(|found| Hit { rule: &rule.id, level: self.level_in_context(rule, tokens, &found), to: found.to });
                hits.extend(of_rule.filter(|hit| hit.level > Level::None));
            }
            first += WINDOW - MAX_SPAN;
            if first + MAX_SPAN >= tokens.len() {
                return hits;
            }
        }
    }

    fn level_in_context(&self, rule: &RiskRule, tokens: &[WordToken], found: &Found) -> Level {
        let lowered = rule.contexts.iter().filter_map(|number| self.contexts.get(*number)).filter(|context| context.covers(tokens, found));
        lowered.map(|context| context.most).min().map_or(rule.level, |most| rule.level.min(most))
    }

    /// Sums up the matches: the highest level, and the rules by level.
    pub(super) fn assessment(&self, hits: &[Hit<'_>]) -> Assessment {
        let mut rules: BTreeMap<&RuleId, Level> = BTreeMap::new();
        for hit in hits {
            let level = rules.entry(hit.rule).or_default();
            *level = (*level).max(hit.level);
        }
        let mut rules: Vec<(&RuleId, Level)> = rules.into_iter().collect();
        rules.sort_by_key(|(_, level)| std::cmp::Reverse(*level));
        let level = rules.first().map(|(_, level)| *level).unwrap_or_default();
        Assessment { level, rules: rules.into_iter().map(|(id, _)| id.clone()).collect(), pack_version: self.version.clone() }
    }
}

impl RiskContext {
    /// Says whether a match stands in this context.
    fn covers(&self, tokens: &[WordToken], found: &Found) -> bool {
        let has = |at: usize, atoms: &[Atom]| tokens.get(at).is_some_and(|token| token.atoms.iter().any(|atom| atoms.contains(atom)));
        let is_part = |at: usize| at >= found.from && at <= found.to && found.parts >> (at - found.from) & 1 == 1;
        let speaks = |at: &usize| has(*at, &self.atoms) && !is_part(*at);
        let breaks = |mut range: std::ops::Range<usize>| range.any(|at| has(at, &self.broken_by) && !(is_part(at) && has(at, &[BREAK])));
        let before = (found.from.saturating_sub(self.before)..found.from).filter(speaks).any(|at| !breaks(at + 1..found.to + 1));
        let after = (found.to + 1..=found.to + self.after).filter(speaks).any(|at| !breaks(found.from..at));
        let inside = self.inside && (found.from..found.to).any(|at| speaks(&at));
        before || after || inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r##"
        version = "7"
        [words]
        me = ["aku"]
        neg = ["gak"]
        friend = ["teman"]
        want = ["mau"]
        die = ["mati"]
        [[context]]
        id = "negated"
        words = ["@neg"]
        before = 1
        most = 1
        kinds = ["self"]
        [[context]]
        id = "friend"
        words = ["@friend"]
        before = 6
        broken_by = ["@me", "#"]
        most = 2
        kinds = ["self"]
        [[rule]]
        id = "wants_to_die"
        level = 3
        kind = "self"
        patterns = ["@want .. @die"]
        [[rule]]
        id = "no_wish_to_live"
        level = 3
        kind = "self"
        patterns = ["@neg mau hidup"]
        despite = ["friend"]
    "##;

    #[test]
    fn the_built_in_files_read() {
        let pack = RulePack::parse_files(&FILES).unwrap();
        assert_eq!(pack.version(), RulePack::built_in().version());
        assert_eq!(pack.rule_count(), RulePack::built_in().rule_count());
    }

    #[test]
    fn contexts_lower_a_rule() {
        let pack = RulePack::parse(SMALL).unwrap();
        for (text, level) in [
            ("aku mau mati", 3),
            ("gak mau mati", 1),
            ("temanku mau mati", 2),
            ("temanku bilang dia mau mati", 2),
            ("temanku jahat, mau mati", 3),
            ("temanku pergi aku mau mati", 3),
            ("teman gak mau hidup", 3),
            ("mau makan", 0),
            ("", 0),
        ] {
            assert_eq!(pack.assess(text).level.as_number(), level, "{text}");
        }
        let assessment = pack.assess("aku mau mati, gak mau hidup");
        assert_eq!(assessment.rules, [RuleId("no_wish_to_live".into()), RuleId("wants_to_die".into())]);
        assert_eq!(assessment.pack_version, "7");
        assert_eq!(pack.rule_count(), 2);
    }

    #[test]
    fn a_match_far_into_a_long_text_is_found_once_or_more_but_never_missed() {
        let pack = RulePack::parse(SMALL).unwrap();
        for before in [0, 1, 39, 40, 41, 60, 63, 64, 65, 100, 500] {
            let text = format!("{} mau a b mati {}", "kata ".repeat(before), "kata ".repeat(30));
            assert_eq!(pack.assess(&text).level, Level::Risk, "{before} words before");
        }
    }

    #[test]
    fn what_is_wrong_with_a_pack_is_told() {
        let wrong = |change: (&str, &str)| RulePack::parse(&SMALL.replacen(change.0, change.1, 1)).unwrap_err().to_string();
        assert!(wrong(("version = \"7\"", "")).contains("no version"));
        assert!(wrong(("level = 3", "level = 4")).contains("a level is 0 to 3"));
        assert!(wrong(("@want .. @die", "@wish")).contains("@wish is no concept"));
        assert!(wrong(("no_wish_to_live", "wants_to_die")).contains("twice"));
        assert!(wrong(("despite = [\"friend\"]", "despite = [\"foe\"]")).contains("foe"));
        assert!(wrong(("kind = \"self\"", "kind = \"other\"")).contains("other"));
        assert!(wrong(("most = 1", "most = 1\nextra = 1")).contains("extra"));
    }
}
