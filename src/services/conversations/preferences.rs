//! Owns what a student hides from counsellors: typing, and read receipts. Called by
//! `http/resources/conversations`, and by `actors/sockets/client_events` for [`hides_typing`].

use super::{Context, ServiceResult, require, retry_contention};
use crate::{
    backends::store::ChatPreferences,
    domain::{access::Action, ids::UserId, principal::Principal},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a student hides, as the contract shapes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChatPreferences")]
pub struct PreferencesItem {
    /// Nobody sees that they are typing.
    pub hide_typing: bool,
    /// Nobody sees what they have read.
    pub hide_read_receipts: bool,
}

/// Returns the student's preferences; at first nothing is hidden.
pub async fn read_preferences(context: &Context, principal: &Principal) -> ServiceResult<PreferencesItem> {
    require(principal, Action::SetChatPreferences)?;
    let ChatPreferences { hide_typing, hide_read_receipts } = context.store.chat_preferences(principal.user_id).await?;
    Ok(PreferencesItem { hide_typing, hide_read_receipts })
}

/// Stores the student's preferences; they apply from the next event on.
pub async fn set_preferences(context: &Context, principal: &Principal, item: PreferencesItem) -> ServiceResult<PreferencesItem> {
    require(principal, Action::SetChatPreferences)?;
    let PreferencesItem { hide_typing, hide_read_receipts } = item;
    let preferences = ChatPreferences { hide_typing, hide_read_receipts };
    retry_contention(async || Ok(context.store.set_chat_preferences(principal.user_id, preferences).await?)).await?;
    Ok(item)
}

/// Says whether the typing of this account is hidden. True for a text that is no account id.
pub async fn hides_typing(context: &Context, user_id: &str) -> ServiceResult<bool> {
    match UserId::parse(user_id) {
        Ok(user) => Ok(context.store.chat_preferences(user).await?.hide_typing),
        Err(_) => Ok(true),
    }
}
