//! Every function of the file store works on a folder and on a real S3 server in this process that
//! checks signatures.

use educounsel::{
    backends::files::{Files, LINK_LIFETIME_S, LinkClaim, LinkOptions, NewFile, disk::DiskFiles, s3::S3Files},
    config::S3Settings,
    domain::files::file_key::{FileKey, INSTALLATION_MARKS, MATERIAL_FILES},
    wire::{
        content_disposition::Disposition,
        signature::{SecretKey, to_hex},
    },
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use std::{path::PathBuf, time::SystemTime};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

/// A file store with its surroundings; ends with the test.
struct Fixture {
    files: Box<dyn Files>,
    folder: TempDir,
    server: Option<JoinHandle<()>>,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

impl Fixture {
    async fn disk() -> Self {
        let folder = TempDir::new().unwrap();
        let files = DiskFiles::open(folder.path().join("files"), &SecretKey::new(b"uji")).unwrap();
        Self { files: Box::new(files), folder, server: None }
    }

    async fn s3() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir_all(folder.path().join("s3/uji")).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path().join("s3")).unwrap());
        service.set_auth(SimpleAuth::from_single("kunci", "rahasia"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        let settings = S3Settings {
            bucket: "uji".into(),
            endpoint,
            region: "us-east-1".into(),
            access_key_id: "kunci".into(),
            secret_access_key: "rahasia".into(),
            path_style: true,
        };
        Self { files: Box::new(S3Files::new(&settings)), folder, server: Some(server) }
    }

    fn local_file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("upload");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    async fn put(&self, bytes: &[u8]) -> FileKey {
        let key = FileKey::generate_material_pdf();
        let path = self.local_file(bytes);
        let sha256 = to_hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
        let size_bytes = bytes.len() as u64;
        let file = NewFile { key: &key, path: &path, size_bytes, content_type: "application/pdf", sha256: &sha256 };
        self.files.put_file(&file).await.unwrap();
        key
    }

    /// Follows a link as a browser would, and a link of the disk store as `http/resources/files`
    /// does. Returns status and bytes.
    async fn follow(&self, url: &str) -> (u16, Vec<u8>) {
        if url.starts_with("http") {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let response = reqwest::get(url).await.unwrap();
            return (response.status().as_u16(), response.bytes().await.unwrap().to_vec());
        }
        let (path, query) = url.split_once('?').unwrap();
        let part = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
        let claim = LinkClaim {
            key: &FileKey::parse(path.strip_prefix("/files/").unwrap()).unwrap(),
            expires: part("expires"),
            disposition: part("disposition"),
            name: part("name"),
            signature: part("signature"),
        };
        let linked = self.files.open_link(&claim, now_ms()).and_then(|linked| std::fs::read(linked.path).ok());
        linked.map_or((404, Vec::new()), |bytes| (200, bytes))
    }

    async fn link(&self, key: &FileKey, now_ms: i64) -> String {
        let options = LinkOptions {
            disposition: Disposition::Attachment,
            file_name: "materi.pdf",
            content_type: "application/pdf",
            expires_in_s: LINK_LIFETIME_S,
            now_ms,
            base_url: "",
        };
        let link = self.files.signed_url(key, &options).await.unwrap();
        assert_eq!(link.expires_at_ms, now_ms + 3_600_000);
        link.url
    }
}

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Makes `disk::NAME` and `s3::NAME` of every named async function that takes a [`Fixture`].
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        mod disk { $(#[tokio::test] async fn $name() { super::$name(super::Fixture::disk().await).await; })+ }
        mod s3 { $(#[tokio::test] async fn $name() { super::$name(super::Fixture::s3().await).await; })+ }
    };
}

on_both_stores! {
    what_is_put_is_there_and_comes_back_whole,
    large_files_come_back_whole,
    what_is_deleted_is_gone_and_may_be_deleted_again,
    objects_are_listed_in_pages_by_key,
    a_tampered_or_old_link_is_refused,
    the_store_says_that_it_works,
    a_mark_is_listed_apart_from_the_files_and_may_be_written_again,
}

async fn a_mark_is_listed_apart_from_the_files_and_may_be_written_again(fixture: Fixture) {
    let (mark, file) = (FileKey::of_installation(uuid::Uuid::new_v4()), fixture.put(b"x").await);
    for _ in 0..2 {
        fixture.files.put_text(&mark, "Berkas milik sekolah ini.").await.unwrap();
    }
    for (prefix, key) in [(INSTALLATION_MARKS, &mark), (MATERIAL_FILES, &file)] {
        let listed: Vec<String> = fixture.files.list(prefix, None, 10).await.unwrap().into_iter().map(|object| object.key).collect();
        assert_eq!(listed, [key.as_str()]);
    }
    assert_eq!(fixture.follow(&fixture.link(&mark, now_ms()).await).await, (200, b"Berkas milik sekolah ini.".to_vec()));
}

async fn what_is_put_is_there_and_comes_back_whole(fixture: Fixture) {
    let key = fixture.put(b"%PDF-halo").await;
    assert!(fixture.files.exists(&key).await.unwrap());
    assert!(!fixture.files.exists(&FileKey::generate_material_pdf()).await.unwrap());
    let url = fixture.link(&key, now_ms()).await;
    assert_eq!(fixture.follow(&url).await, (200, b"%PDF-halo".to_vec()));
}

/// More than 8 MiB, above which S3 gets the body in parts.
async fn large_files_come_back_whole(fixture: Fixture) {
    let bytes: Vec<u8> = (0..9_500_000_u32).map(|number| number.to_le_bytes()[usize::from(number % 3 == 0)]).collect();
    let key = fixture.put(&bytes).await;
    let url = fixture.link(&key, now_ms()).await;
    let (status, fetched) = fixture.follow(&url).await;
    assert_eq!(status, 200);
    assert_eq!(fetched.len(), bytes.len());
    assert!(fetched == bytes, "the bytes differ");
}

async fn what_is_deleted_is_gone_and_may_be_deleted_again(fixture: Fixture) {
    let key = fixture.put(b"x").await;
    fixture.files.delete(&key).await.unwrap();
    assert!(!fixture.files.exists(&key).await.unwrap());
    fixture.files.delete(&key).await.unwrap();
    let url = fixture.link(&key, now_ms()).await;
    assert_eq!(fixture.follow(&url).await.0, 404);
}

async fn objects_are_listed_in_pages_by_key(fixture: Fixture) {
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(fixture.put(b"x").await.as_str().to_owned());
    }
    keys.sort();
    let mut listed = Vec::new();
    while listed.len() < 6 {
        let page = fixture.files.list(MATERIAL_FILES, listed.last().map(String::as_str), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2 && page.iter().all(|object| (now_ms() - object.modified_at_ms).abs() < 60_000));
        listed.extend(page.into_iter().map(|object| object.key));
    }
    assert_eq!(listed, keys);
    assert!(fixture.files.list("lain/", None, 10).await.unwrap().is_empty());
}

async fn a_tampered_or_old_link_is_refused(fixture: Fixture) {
    let (key, other) = (fixture.put(b"satu").await, fixture.put(b"dua").await);
    let url = fixture.link(&key, now_ms()).await;
    for forged in [
        url.replace(key.as_str(), other.as_str()),
        url.replace("attachment", "inline"),
        with_other_signature(&url),
        fixture.link(&key, now_ms() - 3_700_000).await,
    ] {
        let (status, bytes) = fixture.follow(&forged).await;
        assert!(matches!(status, 403 | 404) && bytes != b"satu" && bytes != b"dua", "{status} {forged}");
    }
}

/// Changes the first digit of the signature.
fn with_other_signature(url: &str) -> String {
    let at = url.find("ignature=").unwrap() + "ignature=".len();
    let digit = if url.as_bytes()[at] == b'0' { "1" } else { "0" };
    format!("{}{digit}{}", &url[..at], &url[at + 1..])
}

async fn the_store_says_that_it_works(fixture: Fixture) {
    fixture.files.check().await.unwrap();
    let sources = fixture.files.connect_sources();
    let url = fixture.link(&FileKey::generate_material_pdf(), now_ms()).await;
    assert!(url.starts_with('/') || sources.iter().any(|source| url.starts_with(source.as_str())), "{url} {sources:?}");
}

#[tokio::test]
async fn a_service_that_is_gone_is_an_error_not_a_wait_for_ever() {
    let settings = S3Settings {
        bucket: "uji".into(),
        endpoint: "http://127.0.0.1:1".into(),
        region: "us-east-1".into(),
        access_key_id: "kunci".into(),
        secret_access_key: "rahasia".into(),
        path_style: true,
    };
    let files = S3Files::new(&settings);
    let checked = tokio::time::timeout(std::time::Duration::from_secs(30), files.check()).await.expect("bounded");
    assert!(checked.is_err());
}
