//! Owns the proposal of a summary for a counsellor. Called by `http/resources/companion`. Must not
//! send anything: the student edits the proposal first.

use super::{
    Context, ServiceResult,
    begin::{context_turns, trimmed_request},
    find_own_thread,
    limits::{count_answer, reserve, settle_month},
    prompt::Prompt,
};
use crate::{
    backends::{
        companion::{ReplyPart, ReplyRequest},
        store::QuestionRow,
    },
    domain::{
        companion::{Speaker, Turn, estimate_tokens},
        ids::ThreadId,
        language::Language,
        principal::Principal,
        risk::{Level, RulePack},
    },
    services::ServiceError,
};
use futures_util::StreamExt as _;
use std::time::Duration;

/// How many questions a summary covers.
const QUESTIONS: u32 = 30;
/// How many lines of the student a prepared summary has, and how many characters of each.
const PREPARED_LINES: usize = 5;
const PREPARED_LINE_CHARS: usize = 240;
/// How many characters a proposal can have, such that it fits into the note of a booking.
const MAX_PROPOSAL_CHARS: usize = 1_800;
/// How long the model may take; after that the prepared summary is proposed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Proposes a summary of a thread: written by the model, or prepared from the student's own lines
/// when there is no model, the limits forbid it, or it fails.
pub async fn propose_summary(context: &Context, principal: &Principal, id: ThreadId, language: Language) -> ServiceResult<String> {
    find_own_thread(context, principal, id).await?;
    let questions = context.store.list_questions(id, None, QUESTIONS).await?;
    let prompt = Prompt::built_in()?;
    let spoken: Vec<&QuestionRow> = questions.iter().filter(|question| question.assessment.level < Level::Risk).collect();
    let Some(last) = spoken.last() else { return Ok(prompt.empty_summary.in_language(language).to_owned()) };
    let prepared = prompt.prepared_summary.in_language(language).replace("{lines}", &own_lines(&spoken));
    let mut turns = context_turns(context, &questions, last).await?;
    turns.push(Turn { speaker: Speaker::Student, text: prompt.summary.clone() });
    let (request, tokens) = trimmed_request(context, prompt.summary.clone(), turns, Level::None, language);
    let by_model = ask_model(context, principal, request, tokens).await?;
    Ok(by_model.unwrap_or(prepared))
}

/// Asks the model, if the limits allow. Its text passes the rule pack, as every answer does.
async fn ask_model(context: &Context, principal: &Principal, request: ReplyRequest, request_tokens: u64) -> ServiceResult<Option<String>> {
    let Some(model) = &context.companions.model else { return Ok(None) };
    let promised = i64::try_from(request_tokens.saturating_add(request.max_answer_tokens.into())).unwrap_or(i64::MAX);
    let Some(month) = charge(context, principal, promised).await? else { return Ok(None) };
    let mut stream = model.reply_stream(request);
    let (mut text, mut counted) = (String::new(), None);
    let read = async {
        while let Some(part) = stream.next().await {
            match part {
                Ok(ReplyPart::Text(piece)) => text.push_str(&piece),
                Ok(ReplyPart::Usage { total_tokens }) => counted = Some(total_tokens),
                Ok(ReplyPart::LengthReached) => {}
                Ok(ReplyPart::Filtered) | Err(_) => return false,
            }
            if text.chars().count() > MAX_PROPOSAL_CHARS {
                return false;
            }
        }
        true
    };
    let is_whole = tokio::time::timeout(PATIENCE, read).await.unwrap_or(false);
    drop(stream);
    let used = counted.unwrap_or_else(|| request_tokens.saturating_add(estimate_tokens(&text)));
    let mut tx = context.store.begin().await?;
    settle_month(context, &mut tx, &month, 0, i64::try_from(used).unwrap_or(i64::MAX) - promised).await?;
    tx.commit().await?;
    context.announce.wake_pump();
    let text = text.trim().to_owned();
    let is_fit = is_whole && !text.is_empty() && RulePack::built_in().assess(&text).level < Level::Risk;
    Ok(is_fit.then_some(text))
}

/// Counts the request as an answer of today and its tokens as used; the caller corrects the tokens
/// afterwards. `None`: no answers or tokens are left.
async fn charge(context: &Context, principal: &Principal, tokens: i64) -> ServiceResult<Option<String>> {
    let mut tx = context.store.begin().await?;
    match count_answer(context, &mut tx, principal).await {
        Err(ServiceError::TooMany { .. }) => return Ok(None),
        counted => counted?,
    }
    let month = reserve(context, &mut tx, tokens).await?;
    if let Some(month) = &month {
        settle_month(context, &mut tx, month, tokens, tokens).await?;
    }
    tx.commit().await?;
    Ok(month)
}

fn own_lines(questions: &[&QuestionRow]) -> String {
    let from = questions.len().saturating_sub(PREPARED_LINES);
    let line = |question: &&QuestionRow| {
        let text = question.body.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = text.chars().take(PREPARED_LINE_CHARS).collect();
        if cut.len() < text.len() { format!("- {cut}…") } else { format!("- {cut}") }
    };
    questions.get(from..).unwrap_or_default().iter().map(line).collect::<Vec<_>>().join("\n")
}
