//! Owns answers while they grow: text so far, the wish to stop, the end, and the lease of each
//! node. Called by the use cases of the companion; must not publish frames.
//!
//! - An answer ends once: every end changes a row that is still `streaming`, so of two attempts one
//!   succeeds.

use super::{
    AnswerRow, BackendResult, Store, Tx,
    columns::Columns,
    companion_turns::{ANSWER, read_answer},
    sql::Sql,
};
use crate::domain::{
    companion::{AnswerKind, AnswerStatus, Fault},
    ids::{MessageId, NodeId},
};
use sqlx::any::AnyRow;

/// Answers saved with one statement.
const BATCH: usize = 50;

/// What an answer says so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which answer.
    pub id: MessageId,
    /// All of it so far.
    pub body: String,
    /// Number of the newest frame that is part of it.
    pub seq: i64,
}

/// What became of an answer that was saved. One that is not among the saved ones has ended
/// elsewhere, or is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedAnswer {
    /// Which.
    pub id: MessageId,
    /// Whether the student wants it to end.
    pub is_stop_requested: bool,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerEnd {
    /// Which answer.
    pub id: MessageId,
    /// Who gave it in the end.
    pub kind: AnswerKind,
    /// Its last state; never `streaming`.
    pub status: AnswerStatus,
    /// All it says.
    pub body: String,
    /// Number of the last frame.
    pub seq: i64,
    /// The help card that is shown with it, as JSON.
    pub help: Option<String>,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// Tokens it used.
    pub used_tokens: i64,
    /// When.
    pub at_ms: i64,
}

impl Store {
    /// Writes what answers say so far, those that still grow. Returns them; each can be asked to
    /// stop.
    pub async fn save_progress(&self, answers: &[Progress]) -> BackendResult<Vec<SavedAnswer>> {
        let mut saved = Vec::with_capacity(answers.len());
        for batch in answers.chunks(BATCH) {
            self.execute(progress_of(batch)).await?;
            let ids = batch.iter().map(|answer| answer.id);
            let fates = Sql::new("SELECT id, stop_requested FROM companion_answers WHERE status = 'streaming' AND id IN ").push_list(ids);
            let read = |row: &AnyRow| Ok(SavedAnswer { id: row.id("id")?, is_stop_requested: row.int("stop_requested")? != 0 });
            let rows = self.fetch_all(fates).await?;
            saved.extend(rows.iter().map(read).collect::<BackendResult<Vec<_>>>()?);
        }
        Ok(saved)
    }

    /// Notes that the student wants a growing answer to end: its process sees it at the latest when
    /// it saves.
    pub async fn request_stop(&self, id: MessageId) -> BackendResult<()> {
        let sql = Sql::new("UPDATE companion_answers SET stop_requested = 1 WHERE id = ? AND status = 'streaming'");
        self.execute(sql.bind(id)).await.map(drop)
    }

    /// Takes or renews the lease of a process.
    pub async fn renew_node(&self, node: NodeId, lease_until_ms: i64) -> BackendResult<()> {
        let sql = Sql::new(
            "INSERT INTO companion_nodes (id, lease_until_ms) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET lease_until_ms = excluded.lease_until_ms",
        );
        self.execute(sql.bind(node).bind(lease_until_ms)).await.map(drop)
    }

    /// Gives a lease back, and forgets those that ran out before `now_ms` and have no growing
    /// answers.
    pub async fn forget_nodes(&self, node: Option<NodeId>, now_ms: i64) -> BackendResult<()> {
        if let Some(node) = node {
            self.execute(Sql::new("DELETE FROM companion_nodes WHERE id = ?").bind(node)).await?;
        }
        self.execute(Sql::new("DELETE FROM companion_nodes WHERE lease_until_ms < ?").bind(now_ms)).await.map(drop)
    }

    /// Returns growing answers of processes whose lease ran out before `now_ms`.
    pub async fn answers_of_dead_nodes(&self, now_ms: i64) -> BackendResult<Vec<AnswerRow>> {
        let sql = Sql::new(ANSWER).push(
            " WHERE a.status = 'streaming' AND (a.node_id IS NULL OR a.node_id NOT IN \
             (SELECT n.id FROM companion_nodes n WHERE n.lease_until_ms >= ?))",
        );
        self.fetch_all(sql.bind(now_ms)).await?.iter().map(read_answer).collect()
    }

    /// Returns growing answers of all processes but this one: what is left of others when there can
    /// be no other.
    pub async fn answers_of_other_nodes(&self, node: NodeId) -> BackendResult<Vec<AnswerRow>> {
        let sql = Sql::new(ANSWER).push(" WHERE a.status = 'streaming' AND (a.node_id IS NULL OR a.node_id <> ?)").bind(node);
        self.fetch_all(sql).await?.iter().map(read_answer).collect()
    }

    /// Returns growing answers of a process that were begun before `begun_before_ms`.
    pub async fn answers_of_node(&self, node: NodeId, begun_before_ms: i64) -> BackendResult<Vec<AnswerRow>> {
        let sql = Sql::new(ANSWER).push(" WHERE a.status = 'streaming' AND a.node_id = ? AND a.created_at_ms < ?");
        self.fetch_all(sql.bind(node).bind(begun_before_ms)).await?.iter().map(read_answer).collect()
    }
}

impl Tx {
    /// Ends a growing answer; `false` when it has ended or is deleted: then nothing changed.
    pub async fn finish_answer(&mut self, end: &AnswerEnd) -> BackendResult<bool> {
        let sql = Sql::new(
            "UPDATE companion_answers SET kind = ?, status = ?, live_key = NULL, body = ?, seq = ?, help = ?, fault = ?, reserved_tokens = 0, used_tokens = ?, \
             finished_at_ms = ? WHERE id = ? AND status = 'streaming'",
        )
        .bind(end.kind)
        .bind(end.status)
        .bind(&end.body)
        .bind(end.seq)
        .bind(end.help.as_deref())
        .bind(end.fault.map(|fault| fault.as_str()))
        .bind(end.used_tokens)
        .bind(end.at_ms)
        .bind(end.id);
        Ok(self.execute(sql).await? > 0)
    }
}

fn progress_of(batch: &[Progress]) -> Sql {
    let mut sql = Sql::new("UPDATE companion_answers SET body = CASE id");
    for answer in batch {
        sql = sql.push(" WHEN ? THEN ?").bind(answer.id).bind(&answer.body);
    }
    sql = sql.push(" ELSE body END, seq = CASE id");
    for answer in batch {
        sql = sql.push(" WHEN ? THEN ?").bind(answer.id).bind(answer.seq);
    }
    sql.push(" ELSE seq END WHERE status = 'streaming' AND id IN ").push_list(batch.iter().map(|answer| answer.id))
}
