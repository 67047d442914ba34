//! Owns the offline companion: prepared answers from a data file, labelled as not from an AI model.
//! It streams them word by word, as a model does.

use super::{Companion, Moderation, ReplyPart, ReplyRequest, ReplyStream};
use crate::{
    backends::BackendError,
    domain::{language::Language, risk::Level},
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// The time between two words: readable, like a model's answer.
const WORD_EVERY: Duration = Duration::from_millis(25);

/// The offline companion.
#[derive(Debug, Clone)]
pub struct OfflineCompanion {
    texts: Arc<Texts>,
    word_every: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    #[expect(dead_code, reason = "for people who edit the file")]
    version: String,
    id: InLanguage,
    en: InLanguage,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InLanguage {
    label: String,
    low_mood: String,
    closing: String,
    other: String,
    topics: Vec<OfflineTopic>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfflineTopic {
    words: Vec<String>,
    answer: String,
}

impl OfflineCompanion {
    /// Parses the texts the server was built with. Fails when they do not parse; a test makes sure
    /// that they do.
    pub fn new() -> Result<Self, BackendError> {
        let texts = toml::from_str(include_str!("offline.toml")).map_err(|_| BackendError::Corrupt { what: "offline.toml" })?;
        Ok(Self { texts: Arc::new(texts), word_every: WORD_EVERY })
    }

    fn answer(&self, request: &ReplyRequest) -> String {
        let question = request.turns.last().map(|turn| turn.text.to_lowercase()).unwrap_or_default();
        let language = language_of(&question).unwrap_or(request.language);
        let texts = match language {
            Language::Indonesian => &self.texts.id,
            Language::English => &self.texts.en,
        };
        let fits = |topic: &&OfflineTopic| topic.words.iter().any(|word| has_word(&question, word));
        let answer = texts.topics.iter().find(fits).map_or(&texts.other, |topic| &topic.answer);
        let last = if request.level >= Level::LowMood { &texts.low_mood } else { &texts.closing };
        format!("{answer}\n\n{last}\n\n_{}_", texts.label)
    }
}

#[async_trait]
impl Companion for OfflineCompanion {
    fn reply_stream(&self, request: ReplyRequest) -> ReplyStream {
        let answer = self.answer(&request);
        let words: Vec<String> = answer.split_inclusive(' ').map(str::to_owned).collect();
        let word_every = self.word_every;
        stream::iter(words)
            .then(move |word| async move {
                tokio::time::sleep(word_every).await;
                Ok(ReplyPart::Text(word))
            })
            .boxed()
    }

    async fn moderate(&self, _: &str) -> Moderation {
        Moderation::Unknown
    }

    fn has_moderation(&self) -> bool {
        false
    }
}

/// Says whether a text contains `word`, which may be several words, as whole words: `pr` is not in
/// `april`.
fn has_word(text: &str, word: &str) -> bool {
    let is_edge = |character: Option<char>| character.is_none_or(|character| !character.is_alphanumeric());
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|behind| behind.chars().next());
        is_edge(before) && is_edge(behind)
    })
}

/// Returns the language of a text, by its most common words; `None` when neither language has more
/// of them.
fn language_of(text: &str) -> Option<Language> {
    const INDONESIAN: [&str; 18] = [
        "aku", "saya", "yang", "dan", "tidak", "nggak", "gak", "bisa", "banget", "dengan", "untuk", "karena", "apa", "itu", "ini", "di",
        "mau", "sama",
    ];
    const ENGLISH: [&str; 18] =
        ["i", "the", "and", "my", "is", "am", "to", "of", "not", "what", "with", "because", "feel", "do", "are", "you", "don't", "can"];
    let count = |known: &[&str]| text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| known.contains(word)).count();
    match count(&INDONESIAN).cmp(&count(&ENGLISH)) {
        std::cmp::Ordering::Greater => Some(Language::Indonesian),
        std::cmp::Ordering::Less => Some(Language::English),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::companion::{Speaker, Turn};

    fn answer(question: &str, language: Language, level: Level) -> String {
        let turns = vec![Turn { speaker: Speaker::Student, text: question.to_owned() }];
        let request = ReplyRequest { system: String::new(), turns, language, level, max_answer_tokens: 100 };
        OfflineCompanion::new().unwrap().answer(&request)
    }

    #[test]
    fn it_answers_in_the_language_of_the_question_and_says_that_it_is_no_model() {
        let id = answer("Aku gugup banget sama ujian besok", Language::English, Level::None);
        assert!(id.contains("soal belajar") && id.contains("tanpa model AI"), "{id}");
        let en = answer("I am so nervous because of my exam", Language::Indonesian, Level::None);
        assert!(en.contains("about school") && en.contains("without an AI model"), "{en}");
        assert!(answer("???", Language::English, Level::None).contains("What you feel matters"));
        assert!(answer("???", Language::Indonesian, Level::LowMood).contains("membuat janji"));
    }

    #[test]
    fn topics_are_found_by_whole_words() {
        assert!(has_word("ada pr?", "pr") && has_word("orang tua", "orang tua"));
        assert!(!has_word("bulan april", "pr") && !has_word("", "pr"));
    }

    #[tokio::test]
    async fn it_streams_word_by_word() {
        let turns = vec![Turn { speaker: Speaker::Student, text: "sedih".into() }];
        let request =
            ReplyRequest { system: String::new(), turns, language: Language::Indonesian, level: Level::LowMood, max_answer_tokens: 1 };
        let companion = OfflineCompanion { word_every: Duration::ZERO, ..OfflineCompanion::new().unwrap() };
        let whole = companion.answer(&request);
        let parts: Vec<_> = companion.reply_stream(request).collect().await;
        assert!(parts.len() > 20);
        let text: String = parts
            .into_iter()
            .map(|part| match part {
                Ok(ReplyPart::Text(text)) => text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(text, whole);
    }
}
