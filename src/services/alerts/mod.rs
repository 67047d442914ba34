//! Warnings to counsellors about students who may be in danger.

use super::{Context, ServiceError, ServiceResult};
use crate::{
    backends::store::Tx,
    domain::{
        ids::{AlertId, MessageId, ThreadId, UserId},
        risk::{Assessment, Level},
    },
};

/// A warning that is about to be raised.
#[derive(Debug, Clone, Copy)]
pub struct NewAlert<'a> {
    /// About whom.
    pub student: UserId,
    /// In which thread of the companion.
    pub thread: Option<ThreadId>,
    /// Which question.
    pub question: Option<MessageId>,
    /// What the student wrote; the first 280 characters are kept, for counsellors only.
    pub words: &'a str,
    /// How serious: 2 or 3.
    pub level: Level,
    /// What the rules made of it.
    pub assessment: &'a Assessment,
    /// When.
    pub now_ms: i64,
}

/// Raises a warning, or joins the open one of the student, in the caller's transaction. Wake the pump after the commit.
pub async fn raise(_context: &Context, _tx: &mut Tx, _alert: NewAlert<'_>) -> ServiceResult<AlertId> {
    Err(ServiceError::internal("alerts are not stored yet"))
}
