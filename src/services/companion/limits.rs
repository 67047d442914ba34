//! Owns the limits of the companion: answers per student and day, tokens per school and month.
//! Called by `http/resources/companion`, [`crate::services::operations`] and the other files of
//! this module. Must not limit help: a help card is made before the limits are asked.

use super::{Context, ServiceError, ServiceResult, prompt::Prompt, require_student};
use crate::{
    backends::store::{AnswerRow, Tx, UsageRow},
    domain::{
        language::Language,
        live::audience::Audience,
        notices::kind::{NewNotice, NoticeKind},
        principal::{Principal, Role},
        shape::Count,
    },
    services::{
        notices::append_notice,
        shared::school_day::{ms_until_tomorrow, this_month, today},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

/// What the page of the companion shows above everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CompanionInfo {
    /// Who answers the next question.
    #[schemars(extend("enum" = ["model", "offline"]))]
    pub provider: &'static str,
    /// Answers the student may still ask for today.
    #[schemars(with = "Count")]
    pub left_today: i64,
    /// Answers a student may ask for on a day.
    #[schemars(with = "Count")]
    pub limit_per_day: i64,
    /// What the student must know about who answers, in the language asked for.
    pub disclosure: String,
}

/// Returns which companion answers, and how many answers the student has left.
pub async fn read_info(context: &Context, principal: &Principal, language: Language) -> ServiceResult<CompanionInfo> {
    require_student(principal)?;
    let limit_per_day = i64::from(context.config.companion.messages_per_day);
    let asked = context.store.answers_on_day(principal.user_id, &today(context)).await?;
    let limit = token_limit(context);
    let answer_tokens = i64::from(context.config.openai.max_answer_tokens);
    let is_spent = limit > 0 && context.store.token_usage(&this_month(context)).await?.used.saturating_add(answer_tokens) > limit;
    let has_model = context.companions.model.is_some() && !is_spent;
    let prompt = Prompt::built_in()?;
    let disclosure = if has_model { &prompt.disclosure } else { &prompt.disclosure_offline };
    Ok(CompanionInfo {
        provider: if has_model { "model" } else { "offline" },
        left_today: (limit_per_day - asked).max(0),
        limit_per_day,
        disclosure: disclosure.in_language(language).to_owned(),
    })
}

/// What the school used of a month's tokens, as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MonthUse {
    /// `YYYY-MM` in the school's zone.
    pub month: String,
    /// Tokens used.
    #[schemars(with = "Count")]
    pub tokens_used: i64,
    /// Tokens there are; null: any number.
    #[schemars(with = "Option<Count>")]
    pub tokens_limit: Option<i64>,
}

/// Returns how many of this month's tokens the school has used.
pub async fn month_use(context: &Context) -> ServiceResult<MonthUse> {
    let month = this_month(context);
    let tokens_used = context.store.token_usage(&month).await?.used;
    Ok(MonthUse { month, tokens_used, tokens_limit: Some(token_limit(context)).filter(|limit| *limit > 0) })
}

/// Counts an answer for today. Fails with `companion.daily_limit` when the student has none left.
pub(super) async fn count_answer(context: &Context, tx: &mut Tx, principal: &Principal) -> ServiceResult<()> {
    let limit = i64::from(context.config.companion.messages_per_day);
    if tx.count_answer(principal.user_id, &today(context), limit).await? {
        return Ok(());
    }
    Err(ServiceError::TooMany { code: "companion.daily_limit", retry_after_ms: ms_until_tomorrow(context) })
}

/// Reserves `tokens` of this month for an answer; `None` when the school has not enough left. Then
/// the admins get one notice, except when the tokens are only reserved by answers that are
/// streaming.
pub(super) async fn reserve(context: &Context, tx: &mut Tx, tokens: i64) -> ServiceResult<Option<String>> {
    let month = this_month(context);
    if tx.reserve_tokens(&month, tokens, token_limit(context)).await? {
        return Ok(Some(month));
    }
    if tx.token_usage(&month).await?.used.saturating_add(tokens) > token_limit(context) {
        warn_once(context, tx, &month, 100).await?;
    }
    Ok(None)
}

/// Replaces the reservation of an answer by the tokens it used. Answers of the offline companion
/// cost nothing.
pub(super) async fn settle(context: &Context, tx: &mut Tx, answer: &AnswerRow, used: i64) -> ServiceResult<()> {
    let Some(month) = &answer.usage_month else { return Ok(()) };
    settle_month(context, tx, month, answer.reserved_tokens, used).await
}

/// Replaces reserved tokens of a month by used ones and sends a notice to the admins at 80 % and at
/// 100 %, once each.
pub(super) async fn settle_month(context: &Context, tx: &mut Tx, month: &str, reserved: i64, used: i64) -> ServiceResult<()> {
    let now = tx.settle_tokens(month, reserved, used).await?;
    for percent in [80, 100] {
        if has_reached(now, token_limit(context), i64::from(percent)) {
            warn_once(context, tx, month, percent).await?;
        }
    }
    Ok(())
}

async fn warn_once(context: &Context, tx: &mut Tx, month: &str, percent: u8) -> ServiceResult<()> {
    if tx.take_usage_warning(month, percent == 100).await? {
        let kind = NoticeKind::CompanionBudget { percent, month: month.to_owned() };
        append_notice(tx, &NewNotice { audience: Audience::Role(Role::Admin), kind }, context.clock.now_ms()).await?;
    }
    Ok(())
}

const fn has_reached(usage: UsageRow, limit: i64, percent: i64) -> bool {
    limit > 0 && usage.used.saturating_mul(100) >= limit.saturating_mul(percent)
}

fn token_limit(context: &Context) -> i64 {
    i64::try_from(context.config.companion.tokens_per_month).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_come_at_their_share_and_never_without_a_limit() {
        let usage = |used| UsageRow { reserved: 0, used };
        assert!(!has_reached(usage(799), 1_000, 80) && has_reached(usage(800), 1_000, 80));
        assert!(!has_reached(usage(999), 1_000, 100) && has_reached(usage(1_200), 1_000, 100));
        assert!(!has_reached(usage(i64::MAX), 0, 80));
    }
}
