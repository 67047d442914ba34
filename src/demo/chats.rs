//! Owns the invented conversations and prepared answers of the demo school. Called by
//! [`super::seed_demo`].

use crate::{
    backends::{
        BackendResult,
        store::{CannedReplyRow, ConversationRow, Marks, MessageRow, NoteRow, PersonRow, Standing, Tx, UserRow},
    },
    domain::{
        conversations::conversation::{ConversationState, Participant, Side, open_key, waiting_key},
        ids::{CannedReplyId, ConversationId, MessageId, NoteId},
        live::audience::Audience,
        notices::kind::{NewNotice, NoticeKind},
        principal::Role,
    },
    services::{Context, ServiceError, ServiceResult, notices::append_notice, shared::idempotency::fingerprint},
};
use Side::{Counsellor, Student};

const MINUTE_MS: i64 = 60_000;
const HOUR_MIN: i64 = 60;
const DAY_MIN: i64 = 24 * HOUR_MIN;

/// An invented conversation.
struct DemoChat {
    /// Number of the student's account.
    student: usize,
    /// Number of the counsellor's account; `None` if the student still waits.
    counsellor: Option<usize>,
    is_closed: bool,
    subject: &'static str,
    /// When it began, in minutes before now.
    began_min_ago: i64,
    /// Lines: side, minutes after the line before, text.
    lines: &'static [(Side, i64, &'static str)],
    /// How many of the last lines the counsellor has not read.
    unread: i64,
    note: Option<&'static str>,
}

const CHATS: [DemoChat; 4] = [
    DemoChat {
        student: 1,
        counsellor: Some(1),
        is_closed: false,
        subject: "Bingung memilih jurusan kuliah",
        began_min_ago: DAY_MIN + 3 * HOUR_MIN,
        lines: &[
            (Student, 0, "Selamat siang, Bu. Saya bingung memilih antara Psikologi dan Ilmu Komunikasi."),
            (Counsellor, 6, "Selamat siang, Aisyah. Terima kasih sudah bercerita. Apa yang membuatmu tertarik pada keduanya?"),
            (Student, 4, "Saya suka mendengarkan cerita orang, tapi juga senang menulis untuk majalah sekolah."),
            (
                Counsellor,
                5,
                "Dua-duanya modal yang bagus. Coba tuliskan tiga kegiatan yang paling kamu nikmati semester ini, lalu kita lihat polanya.",
            ),
            (Student, 22 * HOUR_MIN, "Sudah saya tulis, Bu: wawancara untuk mading, jadi pendengar teman sebaya, dan menyunting tulisan."),
            (Counsellor, 15, "Bagus sekali. Ada benang merahnya: memahami orang lalu menyampaikannya dengan jelas."),
            (Student, 40, "Iya juga ya, Bu. Orang tua saya berharap saya masuk Psikologi."),
            (Student, 2, "Bolehkah saya membahasnya bersama Ibu minggu ini?"),
        ],
        unread: 2,
        note: Some("Minat menulis dan mendengarkan kuat. Tawarkan tes minat dan ajak orang tua pada pertemuan kedua."),
    },
    DemoChat {
        student: 2,
        counsellor: Some(1),
        is_closed: false,
        subject: "Sulit membagi waktu belajar dan futsal",
        began_min_ago: 5 * HOUR_MIN,
        lines: &[
            (Student, 0, "Bu, nilai saya turun sejak ikut latihan futsal tiap sore."),
            (Counsellor, 12, "Halo, Bagas. Kamu sudah menyadarinya sendiri, itu langkah yang baik. Latihannya hari apa saja?"),
            (Student, 3, "Senin sampai Kamis, Bu. Pulangnya sudah capek."),
            (
                Counsellor,
                8,
                "Mari kita susun jadwal mingguan. Materi “Mengatur waktu belajar” bisa jadi awal; pilih dua malam untuk belajar 45 menit.",
            ),
            (Student, 20, "Baik, Bu. Nanti malam saya coba."),
        ],
        unread: 0,
        note: None,
    },
    DemoChat {
        student: 3,
        counsellor: Some(1),
        is_closed: true,
        subject: "Gugup presentasi di depan kelas",
        began_min_ago: 6 * DAY_MIN,
        lines: &[
            (Student, 0, "Bu, minggu depan saya presentasi dan sudah gugup dari sekarang."),
            (Counsellor, 9, "Wajar sekali, Citra. Coba latihan napas 4-4-6 sebelum mulai, dan berlatih di depan satu teman dulu."),
            (Student, 30, "Baik, Bu, saya coba bersama Gita."),
            (Student, 3 * DAY_MIN, "Presentasinya lancar, Bu! Terima kasih banyak."),
            (Counsellor, 10, "Ibu bangga padamu. Kalau perlu teman bicara lagi, Ibu selalu ada."),
        ],
        unread: 0,
        note: None,
    },
    DemoChat {
        student: 4,
        counsellor: None,
        is_closed: false,
        subject: "Sulit tidur menjelang ujian",
        began_min_ago: 18,
        lines: &[(
            Student,
            0,
            "Selamat pagi, Bu/Pak. Sudah beberapa malam saya sulit tidur karena memikirkan ujian. Bolehkah saya bercerita?",
        )],
        unread: 1,
        note: None,
    },
];

/// Prepared answers: number of the counsellor (`None` for the whole school), shortcut, text.
const CANNED: [(Option<usize>, &str, &str); 6] = [
    (None, "salam", "Halo, terima kasih sudah menghubungi BK. Ceritakan saja pelan-pelan, saya mendengarkan."),
    (
        None,
        "jadwal",
        "Kita bisa bertemu langsung di ruang BK. Silakan pilih waktu di menu Janji Temu, atau beri tahu saya hari yang cocok.",
    ),
    (
        None,
        "rahasia",
        "Apa yang kamu ceritakan di sini dijaga kerahasiaannya. Bila keselamatanmu terancam, kita cari bantuan bersama-sama.",
    ),
    (None, "penutup", "Terima kasih sudah bercerita hari ini. Kalau ada yang ingin dibicarakan lagi, jangan ragu menulis kembali."),
    (
        Some(1),
        "tes-minat",
        "Saya kirimkan tautan tes minat. Kerjakan dengan santai, tidak ada jawaban benar atau salah, lalu kita bahas hasilnya.",
    ),
    (Some(1), "napas", "Coba tarik napas 4 hitungan, tahan 4 hitungan, lalu hembuskan 6 hitungan. Ulangi lima kali, saya tunggu."),
];

/// Makes the conversations and prepared answers. Called once, for a school that was made just now.
pub async fn seed_chats(context: &Context, users: &[UserRow]) -> ServiceResult<()> {
    for chat in &CHATS {
        seed_chat(context, users, chat).await?;
    }
    let author = find(users, "guru1")?.id;
    for (owner, shortcut, body) in CANNED {
        let owner = owner.map(|number| find(users, &format!("guru{number}"))).transpose()?.map(|owner| owner.id);
        let reply = CannedReplyRow { id: CannedReplyId::generate(), owner, shortcut: shortcut.to_owned(), body: body.to_owned() };
        context.store.insert_canned_reply(&reply, author, context.clock.now_ms()).await?;
    }
    Ok(())
}

pub(super) fn find<'a>(users: &'a [UserRow], login: &str) -> ServiceResult<&'a UserRow> {
    users.iter().find(|user| user.login == login).ok_or(ServiceError::internal("demo data without its people"))
}

pub(super) fn person(user: &UserRow) -> PersonRow {
    PersonRow { id: user.id, name: user.name.clone() }
}

async fn seed_chat(context: &Context, users: &[UserRow], chat: &DemoChat) -> ServiceResult<()> {
    let student = find(users, &format!("siswa{}", chat.student))?;
    let counsellor = chat.counsellor.map(|number| find(users, &format!("guru{number}"))).transpose()?;
    let began_ms = context.clock.now_ms() - chat.began_min_ago * MINUTE_MS;
    let row = ConversationRow {
        id: ConversationId::generate(),
        student: person(student),
        counsellor: counsellor.map(person),
        state: if counsellor.is_some() { ConversationState::Open } else { ConversationState::Waiting },
        subject: Some(chat.subject.to_owned()),
        last_seq: 0,
        last_message: None,
        last_message_at_ms: began_ms,
        student_marks: Marks::default(),
        counsellor_marks: Marks::default(),
        student_unread: 0,
        counsellor_unread: 0,
        hides_read_receipts: false,
        waiting_since_ms: counsellor.is_none().then_some(began_ms),
        created_at_ms: began_ms,
        closed_at_ms: None,
    };
    let key = counsellor.map_or_else(|| waiting_key(student.id), |counsellor| open_key(student.id, counsellor.id));
    let mut tx = context.store.begin().await?;
    if !tx.insert_conversation(&row, Some(&key)).await? {
        return Ok(());
    }
    let last_ms = seed_lines(context, &mut tx, &row, chat).await?;
    if let (Some(counsellor), Some(note)) = (counsellor, chat.note) {
        let (author, body) = (person(counsellor), note.to_owned());
        tx.insert_note(&NoteRow { id: NoteId::generate(), conversation_id: row.id, author, body, created_at_ms: last_ms }).await?;
    }
    if counsellor.is_none() {
        let kind = NoticeKind::ConversationWaiting { conversation_id: row.id.to_string() };
        append_notice(&mut tx, &NewNotice { audience: Audience::Role(Role::Counsellor), kind }, began_ms).await?;
    }
    if chat.is_closed {
        let closed = Standing {
            state: ConversationState::Closed,
            counsellor_id: counsellor.map(|counsellor| counsellor.id),
            open_key: None,
            waiting_since_ms: None,
            closed_at_ms: Some(last_ms + 5 * MINUTE_MS),
        };
        tx.set_standing(row.id, &closed).await?;
    }
    tx.commit().await?;
    let newest = i64::try_from(chat.lines.len()).unwrap_or_default();
    context.store.raise_marks(row.id, student.id, Marks { delivered_seq: newest, read_seq: newest }).await?;
    if let Some(counsellor) = counsellor {
        let marks = Marks { delivered_seq: newest, read_seq: newest - chat.unread };
        context.store.raise_marks(row.id, counsellor.id, marks).await?;
    }
    Ok(())
}

/// Writes the messages and returns the time of the last one.
async fn seed_lines(context: &Context, tx: &mut Tx, row: &ConversationRow, chat: &DemoChat) -> BackendResult<i64> {
    let mut at_ms = row.created_at_ms;
    for (side, after_min, text) in chat.lines {
        at_ms += after_min * MINUTE_MS;
        let sender = match side {
            Student => row.student.id,
            Counsellor => row.counsellor.as_ref().map_or(row.student.id, |counsellor| counsellor.id),
        };
        let Some(seq) = tx.take_seq(row.id, Participant { user_id: sender, side: *side }, at_ms).await? else { continue };
        let id = MessageId::generate();
        let message = MessageRow {
            id,
            conversation_id: row.id,
            seq,
            sender_id: sender,
            client_id: id.to_string(),
            fingerprint: fingerprint(&context.secret, &[row.id.to_string().as_bytes(), text.as_bytes(), b""]),
            body: (*text).to_owned(),
            file: None,
            created_at_ms: at_ms,
            edited_at_ms: None,
            deleted_at_ms: None,
        };
        tx.insert_message(&message).await?;
    }
    Ok(at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversations::conversation::{parse_body, parse_canned_body, parse_private_note, parse_shortcut, parse_subject};

    #[test]
    fn every_text_is_one_a_person_could_have_sent() {
        for chat in &CHATS {
            assert!(parse_subject(chat.subject).unwrap().is_some());
            assert!(chat.lines.iter().all(|(_, _, text)| parse_body(text, false).unwrap() == *text));
            assert!(chat.note.is_none_or(|note| parse_private_note(note).unwrap() == note));
            let length: i64 = chat.lines.iter().map(|(_, after_min, _)| after_min).sum();
            assert!(length + 5 < chat.began_min_ago, "{} ends in the past", chat.subject);
        }
        for (_, shortcut, body) in CANNED {
            assert_eq!(parse_shortcut(shortcut).unwrap().as_str(), shortcut);
            assert_eq!(parse_canned_body(body).unwrap().as_str(), body);
        }
    }
}
