//! Owns the life of a link to a stored file, and the name and type in it. Called by the use cases
//! of materials and messages. Must not check rights.

use crate::{
    backends::{
        files::{LINK_LIFETIME_S, LinkOptions},
        store::FileRow,
    },
    services::Context,
    wire::content_disposition::Disposition,
};

/// Returns what a link to `file`, made now, carries.
pub(in crate::services) fn link_options<'a>(context: &'a Context, file: &'a FileRow, disposition: Disposition) -> LinkOptions<'a> {
    LinkOptions {
        disposition,
        file_name: &file.name,
        content_type: &file.content_type,
        expires_in_s: LINK_LIFETIME_S,
        now_ms: context.clock.now_ms(),
        base_url: &context.config.http.public_url,
    }
}
