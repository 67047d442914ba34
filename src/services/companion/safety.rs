//! Owns the safety check of a question: the rule pack over the last turns, and the provider's
//! moderation if there is one. Called by [`super::begin`].

use super::{Context, ServiceResult};
use crate::{
    backends::companion::Moderation,
    backends::store::QuestionRow,
    domain::{
        companion::RISK_TURNS,
        risk::{Assessment, Level, RuleId, RulePack},
    },
};

/// Assesses how serious a question is. A question at level 3 by our own rules is not sent to the
/// provider.
pub(super) async fn assess_question(context: &Context, before: &[QuestionRow], body: &str) -> ServiceResult<Assessment> {
    let from = before.len().saturating_sub(RISK_TURNS - 1);
    let mut turns: Vec<&str> = before.get(from..).unwrap_or_default().iter().map(|question| question.body.as_str()).collect();
    turns.push(body);
    let own = RulePack::built_in().assess_turns(&turns);
    let Some(model) = context.companions.model.as_ref().filter(|model| own.level < Level::Risk && model.has_moderation()) else {
        return Ok(own);
    };
    Ok(with_moderation(own, model.moderate(body).await))
}

/// Returns the more serious of both assessments; an unknown moderation changes nothing.
pub(super) fn with_moderation(own: Assessment, moderation: Moderation) -> Assessment {
    if moderation.level() <= own.level {
        return own;
    }
    let rules = [RuleId("provider.moderation".to_owned())].into_iter().chain(own.rules).collect();
    Assessment { level: moderation.level(), rules, pack_version: own.pack_version }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moderation_raises_a_level_and_never_lowers_it() {
        let own = |level| Assessment { level, rules: vec![RuleId("a".into())], pack_version: "1".into() };
        assert_eq!(with_moderation(own(Level::Concern), Moderation::Unknown), own(Level::Concern));
        assert_eq!(with_moderation(own(Level::Concern), Moderation::Found(Level::None)), own(Level::Concern));
        let raised = with_moderation(own(Level::LowMood), Moderation::Found(Level::Risk));
        assert_eq!(raised.level, Level::Risk);
        assert_eq!(raised.rules.len(), 2);
    }
}
