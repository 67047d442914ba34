//! Owns the kinds of files that a message may carry, with their content types and extensions.
//! Called by `services/conversations` and `services/files/image_inspection`.

/// A kind of file that may go with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentKind {
    /// A document.
    Pdf,
    /// A picture.
    Png,
    /// A photograph.
    Jpeg,
    /// A picture.
    WebP,
}

impl AttachmentKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Png, Self::Jpeg, Self::WebP];

    /// Returns the kind that the first bytes of a file announce; `None` for all others. The caller
    /// must still inspect the rest of the file.
    #[must_use]
    pub fn of_bytes(first: &[u8]) -> Option<Self> {
        if first.starts_with(b"%PDF-") {
            Some(Self::Pdf)
        } else if first.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if first.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if first.starts_with(b"RIFF") && first.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else {
            None
        }
    }

    /// Returns the content type of the kind.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }

    /// Returns the extension of the file's name and key.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// Returns the kind by the extension of a stored key; `None` for a key this server did not
    /// make.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let (_, extension) = key.rsplit_once('.')?;
        Self::ALL.into_iter().find(|kind| kind.extension() == extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes_only() {
        for (first, kind) in [
            (&b"%PDF-1.4\n"[..], Some(AttachmentKind::Pdf)),
            (b"\x89PNG\r\n\x1a\n\0\0", Some(AttachmentKind::Png)),
            (b"\xFF\xD8\xFF\xE0", Some(AttachmentKind::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(AttachmentKind::WebP)),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"<svg xmlns=", None),
            (b"GIF89a", None),
            (b"", None),
        ] {
            assert_eq!(AttachmentKind::of_bytes(first), kind, "{first:?}");
        }
    }

    #[test]
    fn keys_tell_their_kind() {
        for kind in AttachmentKind::ALL {
            assert_eq!(AttachmentKind::of_key(&format!("chat/files/x.{}", kind.extension())), Some(kind));
        }
        for key in ["chat/files/x.svg", "chat/files/x", ""] {
            assert_eq!(AttachmentKind::of_key(key), None, "{key}");
        }
    }
}
