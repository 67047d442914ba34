//! Owns the two threads on which uploaded PDFs are inspected by the rules of
//! [`crate::domain::pdf`]. Called by `materials::change` and `conversations::attachment`. Must not
//! run on shared threads: an inspection allocates several times the size of the file, and the
//! allocator keeps freed memory for the thread that used it. With many threads that would add up to
//! hundreds of megabytes.

use crate::{
    domain::pdf::{PdfProblem, check_pdf},
    services::{ServiceError, ServiceResult},
};
use std::{
    io,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    thread,
};
use tokio::sync::oneshot;

/// How many inspections run at a time. Each holds the file twice, and what the parser builds of it.
const PARALLEL_INSPECTIONS: usize = 2;

static INSPECTORS: LazyLock<io::Result<mpsc::Sender<Inspection>>> = LazyLock::new(start_inspectors);

/// A file to inspect, and where to send the verdict.
struct Inspection {
    path: PathBuf,
    verdict: oneshot::Sender<io::Result<Result<(), PdfProblem>>>,
}

/// Inspects the file at `path`. Fails with the codes of [`PdfProblem`]; if the parser panics, with
/// that of an unreadable file.
pub async fn inspect_pdf(path: &Path) -> ServiceResult<()> {
    let (verdict, answer) = oneshot::channel();
    let queue = INSPECTORS.as_ref().map_err(|_| ServiceError::internal("no thread for inspections"))?;
    queue.send(Inspection { path: path.to_owned(), verdict }).map_err(|_| ServiceError::internal("inspections have ended"))?;
    match answer.await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(problem))) => Err(ServiceError::invalid(problem.code())),
        Ok(Err(error)) => Err(crate::backends::BackendError::from(error).into()),
        Err(_) => Err(ServiceError::internal("an inspection was lost")),
    }
}

fn start_inspectors() -> io::Result<mpsc::Sender<Inspection>> {
    let (queue, waiting) = mpsc::channel();
    let waiting = Arc::new(Mutex::new(waiting));
    for number in 0..PARALLEL_INSPECTIONS {
        let waiting = waiting.clone();
        thread::Builder::new().name(format!("inspector-{number}")).spawn(move || inspect_all(&waiting))?;
    }
    Ok(queue)
}

fn inspect_all(waiting: &Mutex<mpsc::Receiver<Inspection>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Inspection { path, verdict }) = next else { return };
        // The request may be gone by now, and its file with it.
        if verdict.is_closed() {
            continue;
        }
        let look = || std::fs::read(path).map(check_pdf);
        let found = panic::catch_unwind(AssertUnwindSafe(look)).unwrap_or(Ok(Err(PdfProblem::Unreadable)));
        let _ = verdict.send(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::pdf::{Block, render_pdf};

    fn page() -> Vec<u8> {
        render_pdf("Judul", "Bu Sri", &[Block::Paragraph("Mulai")]).unwrap()
    }

    #[tokio::test]
    async fn a_file_is_inspected_from_the_disk_with_the_codes_of_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload");
        let code = |bytes: Vec<u8>| {
            let path = path.clone();
            async move {
                std::fs::write(&path, bytes).unwrap();
                match inspect_pdf(&path).await {
                    Ok(()) => "ok",
                    Err(ServiceError::Invalid { code, .. }) => code,
                    Err(_) => "other",
                }
            }
        };
        assert_eq!(code(page()).await, "ok");
        assert_eq!(code(b"teks".to_vec()).await, "materials.file_type");
        assert_eq!(code(b"%PDF-1.7 %%EOF".to_vec()).await, "materials.file_unreadable");
        assert_eq!(code([page(), b"x".to_vec()].concat()).await, "materials.file_unsafe");
    }
}
