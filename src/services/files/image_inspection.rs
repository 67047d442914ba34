//! Owns the inspection of uploaded pictures before they are stored. Called by
//! `conversations::attachment`. Must read headers only and decompress nothing, so that a picture
//! that would fill the memory is refused by its stated size.
//!
//! - A picture must be of the kind that its first bytes state.
//! - It must end where its format says.
//! - It must not be larger than a phone can show.

use crate::domain::pdf::ends_like_zip;
use crate::{
    backends::BackendError,
    domain::conversations::attachment::AttachmentKind,
    services::{ServiceError, ServiceResult},
};
use imagesize::ImageType;
use std::path::{Path, PathBuf};
use tokio::sync::Semaphore;

/// Longest side, in pixels.
const MAX_SIDE: usize = 16_384;
/// Limit of pixels: phones make pictures of up to 64 million, and showing one takes four bytes
/// each.
const MAX_PIXELS: usize = 64_000_000;
/// How many inspections run at a time; each holds its file in memory.
const PARALLEL_INSPECTIONS: usize = 2;
/// The last bytes of every PNG: an empty chunk `IEND` with its check sum.
const PNG_END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";
/// The last bytes of every JPEG.
const JPEG_END: &[u8] = &[0xFF, 0xD9];

static INSPECTIONS: Semaphore = Semaphore::const_new(PARALLEL_INSPECTIONS);

/// The reason why a picture is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageProblem {
    /// Not of the stated kind.
    Type,
    /// Broken, cut off, or too large to show.
    Unreadable,
    /// Has bytes after its end.
    Unsafe,
}

impl ImageProblem {
    /// Returns the error code of the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Type => "materials.file_type",
            Self::Unreadable => "materials.file_unreadable",
            Self::Unsafe => "materials.file_unsafe",
        }
    }
}

/// Inspects the file at `path`. Fails with the codes of [`ImageProblem`]; if the parser panics,
/// with that of an unreadable picture.
pub async fn inspect_image(path: &Path, kind: AttachmentKind) -> ServiceResult<()> {
    let unreadable = || ServiceError::invalid(ImageProblem::Unreadable.code());
    let permit = INSPECTIONS.acquire().await.map_err(|_| unreadable())?;
    let path: PathBuf = path.to_owned();
    let inspection = tokio::task::spawn_blocking(move || {
        // The permit moves into the work, which goes on when the request is gone.
        let _permit = permit;
        std::fs::read(path).map(|bytes| check_image(&bytes, kind))
    });
    match inspection.await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(problem))) => Err(ServiceError::invalid(problem.code())),
        Ok(Err(error)) => Err(BackendError::from(error).into()),
        Err(_) => Err(unreadable()),
    }
}

/// Checks a whole file.
pub fn check_image(bytes: &[u8], kind: AttachmentKind) -> Result<(), ImageProblem> {
    let wanted = match kind {
        AttachmentKind::Png => ImageType::Png,
        AttachmentKind::Jpeg => ImageType::Jpeg,
        AttachmentKind::WebP => ImageType::Webp,
        AttachmentKind::Pdf => return Err(ImageProblem::Type),
    };
    if !imagesize::image_type(bytes).is_ok_and(|found| found == wanted) {
        return Err(ImageProblem::Type);
    }
    let size = imagesize::blob_size(bytes).map_err(|_| ImageProblem::Unreadable)?;
    let is_shown = |side: usize| (1..=MAX_SIDE).contains(&side);
    if !is_shown(size.width) || !is_shown(size.height) || size.width * size.height > MAX_PIXELS {
        return Err(ImageProblem::Unreadable);
    }
    check_end(bytes, kind)?;
    if ends_like_zip(bytes) { Err(ImageProblem::Unsafe) } else { Ok(()) }
}

/// Refuses files that are cut off, and files that go on after their end.
fn check_end(bytes: &[u8], kind: AttachmentKind) -> Result<(), ImageProblem> {
    match kind {
        AttachmentKind::WebP => check_webp_length(bytes),
        AttachmentKind::Png => check_mark(bytes, PNG_END),
        AttachmentKind::Jpeg => check_mark(bytes, JPEG_END),
        AttachmentKind::Pdf => Err(ImageProblem::Type),
    }
}

fn check_mark(bytes: &[u8], mark: &[u8]) -> Result<(), ImageProblem> {
    if bytes.ends_with(mark) {
        return Ok(());
    }
    let is_inside = bytes.windows(mark.len()).any(|window| window == mark);
    Err(if is_inside { ImageProblem::Unsafe } else { ImageProblem::Unreadable })
}

/// A RIFF file states its length after its first four bytes, without the first eight bytes. An odd
/// length is padded by one byte.
fn check_webp_length(bytes: &[u8]) -> Result<(), ImageProblem> {
    let Some([a, b, c, d]) = bytes.get(4..8) else { return Err(ImageProblem::Unreadable) };
    let named = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX).saturating_add(8);
    match bytes.len() {
        length if length == named || length == named.saturating_add(named % 2) => Ok(()),
        length if length < named => Err(ImageProblem::Unreadable),
        _ => Err(ImageProblem::Unsafe),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A PNG of these dimensions, as far as its header.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let header =
            [&b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), b"\x08\x06\0\0\0\0\0\0\0"].concat();
        [&header, PNG_END].concat()
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let frame =
            [&b"\xFF\xC0\0\x11\x08"[..], &height.to_be_bytes(), &width.to_be_bytes(), b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"].concat();
        [&b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"[..], &frame, JPEG_END].concat()
    }

    fn webp(width: u32, height: u32) -> Vec<u8> {
        let canvas = [&(width - 1).to_le_bytes()[..3], &(height - 1).to_le_bytes()[..3]].concat();
        let chunks = [&b"WEBPVP8X\x0A\0\0\0\0\0\0\0"[..], &canvas].concat();
        [&b"RIFF"[..], &(chunks.len() as u32).to_le_bytes(), &chunks].concat()
    }

    #[test]
    fn pictures_of_all_kinds_pass() {
        assert_eq!(check_image(&png(640, 480), AttachmentKind::Png), Ok(()));
        assert_eq!(check_image(&jpeg(640, 480), AttachmentKind::Jpeg), Ok(()));
        assert_eq!(check_image(&webp(640, 480), AttachmentKind::WebP), Ok(()));
    }

    #[test]
    fn pictures_that_would_fill_the_memory_are_refused_by_their_header() {
        for (width, height) in [(0, 1), (16_385, 1), (1, 16_385), (16_384, 16_384), (u32::MAX, u32::MAX)] {
            assert_eq!(check_image(&png(width, height), AttachmentKind::Png), Err(ImageProblem::Unreadable), "{width} x {height}");
        }
        assert_eq!(check_image(&webp(16_000, 16_000), AttachmentKind::WebP), Err(ImageProblem::Unreadable));
    }

    #[test]
    fn what_goes_on_behind_the_end_is_refused() {
        for (kind, bytes) in [(AttachmentKind::Png, png(9, 9)), (AttachmentKind::Jpeg, jpeg(9, 9)), (AttachmentKind::WebP, webp(9, 9))] {
            let more = [&bytes, &b"<script>alert(1)</script>"[..]].concat();
            assert_eq!(check_image(&more, kind), Err(ImageProblem::Unsafe), "{kind:?}");
            let cut = &bytes[..bytes.len() - 1];
            assert!(check_image(cut, kind).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn other_files_and_other_kinds_are_refused() {
        assert_eq!(check_image(b"<svg/>", AttachmentKind::Png), Err(ImageProblem::Type));
        assert_eq!(check_image(b"GIF89a\x01\0\x01\0", AttachmentKind::Png), Err(ImageProblem::Type));
        assert_eq!(check_image(&jpeg(9, 9), AttachmentKind::Png), Err(ImageProblem::Type));
        assert_eq!(check_image(b"", AttachmentKind::Jpeg), Err(ImageProblem::Type));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(rest in prop::collection::vec(any::<u8>(), 0..200), which in 0_usize..3) {
            let kind = [AttachmentKind::Png, AttachmentKind::Jpeg, AttachmentKind::WebP][which];
            let first: &[u8] = [&b"\x89PNG\r\n\x1a\n"[..], b"\xFF\xD8\xFF", b"RIFF\x10\0\0\0WEBP"][which];
            let _ = check_image(&[first, &rest].concat(), kind);
        }
    }
}
