//! Owns the demo school: accounts, materials with real PDFs, appointments, conversations, threads
//! with the companion, two warnings, and two weeks of readings, so that every screen shows
//! something. Called by `app` and `main` with `--demo`. May import `services` and everything below.
//! Invariants:
//!
//! - Accounts and materials are written in one transaction, once.
//! - In a database that has the account `guru1`, none of this is made again; only missing hours and
//!   appointments are.

mod alerts;
mod appointments;
mod chats;
mod companion;
pub mod password;
pub(crate) mod pdf;
mod people;
mod texts;

use crate::{
    backends::{
        BackendResult,
        files::NewFile,
        store::{AuditEntry, FileRow, MaterialRow, Tx, UserRow, Viewer},
    },
    domain::{
        clock::{DAY_MS, HOUR_MS},
        files::{
            file_key::FileKey,
            file_name::safe_pdf_name,
            material::{MaterialStatus, MaterialText, PDF_CONTENT_TYPE, SentMaterialText},
        },
        ids::{MaterialId, NoticeId, UserId},
        live::audience::Audience,
        notices::kind::{NewNotice, NoticeKind},
        principal::Role,
        text::FieldError,
    },
    services::{
        Context, ServiceError, ServiceResult, accounts::hashing_line::hash_password, files::incoming::IncomingFile, notices::append_notice,
        shared::school_day::day_of,
    },
};
use pdf::Block;
use people::{ADMIN, COUNSELLORS, STUDENTS};
use serde_json::json;
use texts::{DemoMaterial, MATERIALS};

/// The password of all demo accounts when none is configured.
pub const DEFAULT_PASSWORD: &str = "rahasia-demo";

/// Days for which readings are made up; the counsellor's chart shows 14.
const DAYS_OF_USE: i64 = 14;
/// Number of the newest notices, which no student has read.
const UNREAD_NOTICES: usize = 2;

/// A material with its row and its file, ready to be stored.
struct Prepared {
    row: MaterialRow,
    key: FileKey,
}

/// Makes the demo school unless it exists. Returns whether it was made.
pub async fn seed_demo(context: &Context) -> ServiceResult<bool> {
    if context.store.find_user_by_login("guru1").await?.is_some() {
        appointments::seed_appointments(context).await?;
        return Ok(false);
    }
    let users = make_users(context).await?;
    let counsellors: Vec<&UserRow> = users.iter().filter(|user| user.role == Role::Counsellor).collect();
    let mut prepared = Vec::new();
    for demo in &MATERIALS {
        let author = counsellors.get(demo.author).ok_or(ServiceError::internal("demo material without an author"))?;
        prepared.push(prepare_material(context, demo, author).await?);
    }
    let is_made = write_school(context, &users, &prepared).await;
    if !matches!(is_made, Ok(true)) {
        for material in &prepared {
            let _ = context.files.delete(&material.key).await;
        }
        return Ok(is_made?);
    }
    make_readings(context, &users, &prepared).await?;
    appointments::seed_appointments(context).await?;
    chats::seed_chats(context, &users).await?;
    alerts::seed_alerts(context, &users).await?;
    companion::seed_companion(context, &users).await?;
    context.announce.wake_pump();
    Ok(true)
}

/// Makes the accounts. All are about two months old, except two new students. The accounts of a
/// role share one password hash, because Argon2 is slow on purpose.
async fn make_users(context: &Context) -> ServiceResult<Vec<UserRow>> {
    let configured = &context.config.demo.password;
    let password = if configured.is_empty() { DEFAULT_PASSWORD } else { configured };
    let (students, staff) = tokio::try_join!(hash_password(password.to_owned()), hash_password(password.to_owned()))?;
    let now_ms = context.clock.now_ms();
    let user = |login: String, name: &str, role: Role, hash: &str, days_ago: i64| UserRow {
        id: UserId::generate(),
        login,
        name: name.to_owned(),
        role,
        password_hash: hash.to_owned(),
        disabled_at_ms: None,
        last_login_at_ms: None,
        created_at_ms: now_ms - days_ago * DAY_MS,
    };
    let mut users = vec![user("admin".to_owned(), ADMIN, Role::Admin, &staff, 75)];
    for (number, name) in (1..).zip(COUNSELLORS) {
        users.push(user(format!("guru{number}"), name, Role::Counsellor, &staff, 75));
    }
    for (number, name) in (1..).zip(STUDENTS) {
        users.push(user(format!("siswa{number}"), name, Role::Student, &students, if number > 18 { 3 } else { 65 }));
    }
    Ok(users)
}

/// Renders and stores the PDF of a material, and returns its row.
async fn prepare_material(context: &Context, demo: &DemoMaterial, author: &UserRow) -> ServiceResult<Prepared> {
    let bytes = render(demo, &author.name)?;
    let mut incoming = IncomingFile::create(&context.config).await?;
    incoming.write(&bytes).await?;
    let upload = incoming.finish(safe_pdf_name(demo.title)).await?;
    let id = MaterialId::generate();
    let key = FileKey::of_seeded_material(id);
    let (size_bytes, sha256) = (upload.size_bytes, upload.sha256.as_str());
    context.files.put_file(&NewFile { key: &key, path: upload.path(), size_bytes, content_type: PDF_CONTENT_TYPE, sha256 }).await?;
    let text = text_of(demo).map_err(ServiceError::validation)?;
    // One hour before now, `days_ago` days back.
    let created_at_ms = context.clock.now_ms() - demo.days_ago * DAY_MS - HOUR_MS;
    let row = MaterialRow {
        id,
        summary: text.summary(),
        text,
        status: demo.status,
        file: Some(FileRow {
            key: key.as_str().to_owned(),
            name: upload.name.clone(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            content_type: PDF_CONTENT_TYPE.to_owned(),
            sha256: sha256.to_owned(),
        }),
        author_id: author.id,
        author_name: author.name.clone(),
        views: 0,
        downloads: 0,
        created_at_ms,
        updated_at_ms: created_at_ms,
        published_at_ms: (demo.status != MaterialStatus::Draft).then_some(created_at_ms),
    };
    Ok(Prepared { row, key })
}

fn text_of(demo: &DemoMaterial) -> Result<MaterialText, Vec<FieldError>> {
    MaterialText::parse(&SentMaterialText::of(demo.title, demo.category, &demo.paragraphs.join("\n\n")))
}

fn render(demo: &DemoMaterial, author: &str) -> ServiceResult<Vec<u8>> {
    let note = format!("{} · disusun oleh {author}", demo.category);
    let mut blocks = vec![Block::Title(demo.title), Block::Note(&note)];
    blocks.extend(demo.paragraphs.map(Block::Paragraph));
    blocks.push(Block::Heading("Langkah yang bisa kamu coba"));
    blocks.extend((1..).zip(demo.steps).map(|(number, step)| Block::Step(number, step)));
    blocks.push(Block::Heading("Bahan renungan"));
    blocks.push(Block::Paragraph(
        "Luangkan sepuluh menit untuk menuliskan jawabanmu. Tidak ada jawaban yang salah, dan catatan ini hanya untukmu.",
    ));
    blocks.extend((1..).zip(demo.questions).map(|(number, question)| Block::Step(number, question)));
    blocks.push(Block::Heading("Butuh teman bicara?"));
    blocks.push(Block::Paragraph(
        "Guru BK siap mendengarkan. Buat janji lewat aplikasi atau datang langsung ke ruang BK pada jam istirahat. Semua percakapan dijaga kerahasiaannya.",
    ));
    Ok(pdf::render_pdf(demo.title, author, &blocks)?)
}

/// Writes everything in one transaction. Returns `false` if another node was first.
async fn write_school(context: &Context, users: &[UserRow], materials: &[Prepared]) -> BackendResult<bool> {
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    for (number, user) in (0..).zip(users) {
        let is_new = tx.insert_user(user).await?;
        if user.login == "guru1" && !is_new {
            return Ok(false);
        }
        if is_new && dice(number, 7, 1) < 80 {
            tx.set_last_login(user.id, now_ms - i64::from(dice(number, 7, 2)) * 2 * HOUR_MS).await?;
        }
    }
    let mut notices = Vec::new();
    for material in materials.iter().map(|prepared| &prepared.row) {
        tx.insert_material(material).await?;
        audit_creation(&mut tx, material).await?;
        if material.status == MaterialStatus::Active {
            let kind = NoticeKind::MaterialPublished {
                material_id: material.id.to_string(),
                title: material.text.title.clone(),
                category: material.text.category.clone(),
            };
            let notice = NewNotice { audience: Audience::Role(Role::Student), kind };
            notices.push((append_notice(&mut tx, &notice, material.created_at_ms).await?, material.created_at_ms));
        }
    }
    let read = notices.len().saturating_sub(UNREAD_NOTICES);
    mark_notices_read(&mut tx, users, notices.get(..read).unwrap_or_default(), now_ms).await?;
    tx.commit().await?;
    Ok(true)
}

async fn audit_creation(tx: &mut Tx, material: &MaterialRow) -> BackendResult<()> {
    let entry = AuditEntry {
        actor_id: Some(material.author_id),
        action: "material.created",
        target_kind: Some("material"),
        target_id: Some(material.id.to_string()),
        address: None,
        data: json!({ "title": material.text.title, "status": material.status }),
        at_ms: material.created_at_ms,
    };
    tx.append_audit(&entry).await
}

/// Marks the older notices as read by two thirds of the students.
async fn mark_notices_read(tx: &mut Tx, users: &[UserRow], notices: &[(NoticeId, i64)], now_ms: i64) -> BackendResult<()> {
    for (number, student) in (0..).zip(users).filter(|(_, user)| user.role == Role::Student) {
        let viewer = Viewer { user_id: student.id, role: student.role, since_ms: student.created_at_ms };
        for (index, (notice, created_at_ms)) in (0..).zip(notices) {
            if dice(number, index, 3) < 66 {
                let read_at_ms = (created_at_ms + i64::from(dice(number, index, 4)) * HOUR_MS / 4).min(now_ms);
                tx.mark_notice_read(&viewer, *notice, read_at_ms).await?;
            }
        }
    }
    Ok(())
}

/// Makes up readings and downloads of the active materials in the last two weeks.
async fn make_readings(context: &Context, users: &[UserRow], materials: &[Prepared]) -> BackendResult<()> {
    let students: Vec<&UserRow> = users.iter().filter(|user| user.role == Role::Student).collect();
    for days_ago in (0..DAYS_OF_USE).rev() {
        let at_ms = context.clock.now_ms() - days_ago * DAY_MS;
        let day = day_of(context, at_ms);
        for (index, material) in (0..).zip(materials).filter(|(_, material)| material.row.status == MaterialStatus::Active) {
            if material.row.created_at_ms > at_ms {
                continue;
            }
            for (number, student) in (0..).zip(&students) {
                let seed = u32::try_from(days_ago).unwrap_or_default();
                let luck = dice(number, index * 31 + seed, 5);
                let at_ms = at_ms - i64::from(dice(number, index, seed)) * 60_000;
                if luck < 9 {
                    context.store.count_material_view(material.row.id, student.id, &day, at_ms).await?;
                }
                if luck < 3 {
                    context.store.count_material_download(material.row.id, student.id, &day, at_ms).await?;
                }
            }
        }
    }
    Ok(())
}

/// Returns a number in 0..100 that looks random and is the same at every call.
const fn dice(first: u32, second: u32, third: u32) -> u32 {
    let mut mixed = first.wrapping_mul(0x9E37_79B1) ^ second.wrapping_mul(0x85EB_CA77) ^ third.wrapping_mul(0xC2B2_AE3D);
    mixed ^= mixed >> 15;
    mixed = mixed.wrapping_mul(0x2C1B_3C6D);
    mixed ^= mixed >> 12;
    mixed = mixed.wrapping_mul(0x297A_2D39);
    mixed ^= mixed >> 15;
    mixed % 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pdf::check_pdf;

    #[test]
    fn every_demo_material_is_acceptable_and_has_one_to_three_pages() {
        for demo in &MATERIALS {
            let text = text_of(demo).unwrap();
            assert!(text.summary().is_some());
            assert!(demo.author < COUNSELLORS.len());
            let bytes = render(demo, COUNSELLORS[demo.author]).unwrap();
            assert!(bytes.len() < 40_000, "{} has {} bytes", demo.title, bytes.len());
            assert_eq!(check_pdf(bytes.clone()), Ok(()), "{}", demo.title);
            let pages = lopdf::Document::load_mem(&bytes).unwrap().get_pages().len();
            assert!((1..=3).contains(&pages), "{} has {pages} pages", demo.title);
        }
    }

    #[test]
    fn the_texts_are_different_and_in_order_of_time() {
        let titles: std::collections::BTreeSet<_> = MATERIALS.iter().map(|demo| demo.title).collect();
        assert_eq!(titles.len(), MATERIALS.len());
        assert!(MATERIALS.windows(2).all(|pair| pair[0].days_ago > pair[1].days_ago));
    }

    #[test]
    fn the_dice_are_fair_enough() {
        let low = (0..1000).filter(|number| dice(*number, 5, 3) < 50).count();
        assert!((400..600).contains(&low), "{low}");
    }
}
