//! The server streams uploads, so 200 at once cost it 200 small buffers, not 200 files.

use crate::support::{
    TestUser,
    process::{ServerPlan, ServerProcess},
    wait::{PATIENCE, until_within},
};
use educounsel::domain::principal::Role;
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const UPLOADS: u64 = 200;
/// The product's rule for one upload, in bytes.
const MOST_PER_UPLOAD: u64 = 256 * 1024;
/// Size of each file, in bytes: eight times [`MOST_PER_UPLOAD`].
const FILE_BYTES: usize = 2 * 1024 * 1024;
/// Memory that inspecting two files at a time may need in addition, in bytes.
const INSPECTIONS_BYTES: u64 = 2 * 4 * FILE_BYTES as u64;

const FORM_HEAD: &str = "--x\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nBesar\r\n--x\r\ncontent-disposition: form-data; name=\"category\"\r\n\r\nBelajar\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\ncontent-type: application/pdf\r\n\r\n";
const FORM_TAIL: &str = "\r\n--x--\r\n";

async fn begin_upload(server: &ServerProcess, user: &TestUser) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.at().port)).await.unwrap();
    let head = format!(
        "POST /api/v1/materials HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: {}\r\n\r\n{FORM_HEAD}",
        user.token,
        FORM_HEAD.len() + FILE_BYTES + FORM_TAIL.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Makes a valid PDF of exactly [`FILE_BYTES`].
fn large_pdf() -> Vec<u8> {
    let mut length = FILE_BYTES;
    loop {
        let pdf = crate::support::pdf::one_page_pdf(&"x".repeat(length));
        match pdf.len() {
            FILE_BYTES => return pdf,
            other => length -= other.saturating_sub(FILE_BYTES).max(1),
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn two_hundred_uploads_at_once_take_at_most_256_kib_each() {
    let plan = ServerPlan::new();
    plan.add_user("guru", Role::Counsellor);
    let server = plan.start().await;
    let guru = server.sign_in("guru").await;
    let pdf = large_pdf();
    assert_eq!(guru.upload("Pemanasan", pdf.clone()).await.0, 201);
    let before = server.memory();
    let mut streams = Vec::new();
    for _ in 0..UPLOADS {
        streams.push(begin_upload(&server, &guru).await);
    }
    let (first, rest) = pdf.split_at(FILE_BYTES - 1000);
    for block in first.chunks(64 * 1024) {
        join_all(streams.iter_mut().map(|stream| stream.write_all(block))).await;
    }
    let incoming = plan.data_dir().join("tmp");
    let taken = || std::fs::read_dir(&incoming).unwrap().map(|file| file.unwrap().metadata().map_or(0, |file| file.len())).sum::<u64>();
    // Most of it may still be in the buffers of the connections.
    until_within(6 * PATIENCE, "nearly all bytes are in", async || taken() > UPLOADS * (FILE_BYTES as u64 - 128 * 1024)).await;
    let streaming = server.memory();
    let per_upload = streaming.anonymous.saturating_sub(before.anonymous) / UPLOADS;
    let answers = join_all(streams.iter_mut().map(async |stream| {
        stream.write_all(rest).await.unwrap();
        stream.write_all(FORM_TAIL.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).lines().next().map(str::to_owned)
    }))
    .await;
    assert!(answers.iter().all(|line| line.as_deref() == Some("HTTP/1.1 201 Created")), "{answers:?}");
    let in_all = server.memory().peak.saturating_sub(before.peak);
    println!("{} KiB per upload while streaming, {} KiB more at most in all", per_upload / 1024, in_all / 1024);
    assert!(per_upload <= MOST_PER_UPLOAD, "{} KiB per upload", per_upload / 1024);
    assert!(in_all <= UPLOADS * MOST_PER_UPLOAD + INSPECTIONS_BYTES, "{} KiB in all", in_all / 1024);
}
