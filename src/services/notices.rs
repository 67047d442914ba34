//! Notices.

use crate::{
    backends::{
        BackendResult,
        store::{LogEntry, NoticeRow, Tx},
    },
    domain::{clock::rfc3339, ids::NoticeId, notice::NewNotice},
};

/// Writes a notice and its log row; returns their id.
pub async fn append_notice(tx: &mut Tx, notice: &NewNotice, now_ms: i64) -> BackendResult<NoticeId> {
    let (id, spec) = (NoticeId::generate(), notice.kind.spec());
    let row = NoticeRow {
        id,
        audience: notice.audience,
        kind: spec.wire_name.to_owned(),
        category: spec.category.to_owned(),
        data: notice.kind.data(),
        texts: notice.kind.texts(),
        created_at_ms: now_ms,
    };
    tx.insert_notice(&row).await?;
    let data = serde_json::json!({
        "id": id.to_string(), "kind": row.kind, "category": row.category, "title": row.texts.id.title, "body": row.texts.id.body,
        "texts": row.texts, "data": row.data, "created_at": rfc3339(now_ms),
    });
    let entry =
        LogEntry { id: id.into(), audience: row.audience, event: "notice.created".into(), data: data.to_string(), created_at_ms: now_ms };
    tx.append_log(&entry).await?;
    Ok(id)
}
