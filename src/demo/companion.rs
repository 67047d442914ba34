//! Owns two invented threads of a demo student with the companion; in the second one the student
//! asked for another answer. Called by [`super::seed_demo`].

use super::chats::find;
use crate::{
    backends::store::{AnswerRow, QuestionRow, ThreadRow, UserRow},
    domain::{
        companion::{AnswerKind, AnswerStatus, title_from},
        ids::{MessageId, ThreadId},
        language::Language,
        risk::RulePack,
    },
    services::{Context, ServiceResult, shared::idempotency::fingerprint},
};

const MINUTE_MS: i64 = 60_000;
/// Login of the student.
const STUDENT: &str = "siswa1";

/// A question and the answers to it, the oldest first.
type DemoTurn = (&'static str, &'static [&'static str]);

/// Threads: when each began, in minutes before now, and its turns.
const THREADS: [(i64, &[DemoTurn]); 2] = [
    (
        3 * 24 * 60,
        &[
            (
                "Aku sering nggak bisa tidur kalau besoknya ada ulangan.",
                &[
                    "Wah, pasti capek ya menunggu kantuk sambil memikirkan ulangan. Banyak siswa merasakannya.\n\nCoba dua hal malam ini:\n- tutup buku satu jam \
                  sebelum tidur, lalu siapkan tas untuk besok\n- tarik napas 4 hitungan, tahan 2, embuskan 6, ulangi lima kali\n\nBiasanya bagian mana yang \
                  paling bikin kepikiran?",
                ],
            ),
            (
                "Takut ada soal yang nggak sempat kupelajari.",
                &[
                    "Masuk akal. Coba tulis tiga topik yang paling mungkin keluar, pelajari 25 menit untuk masing-masing, lalu berhenti. Menguasai tiga topik \
                  lebih menenangkan daripada membaca semuanya sepintas.\n\nMau kubantu menyusun urutannya?",
                ],
            ),
        ],
    ),
    (
        5 * 60,
        &[(
            "Bagaimana cara bilang ke orang tua kalau aku mau jurusan lain?",
            &[
                "Pilih waktu yang santai, sampaikan satu alasan terkuatmu, lalu dengarkan juga harapan mereka.",
                "Terima kasih sudah bercerita, ini langkah yang berani. Kamu bisa mulai dengan menuliskan:\n1. apa yang kamu sukai dari jurusan itu\n2. apa yang kamu \
                 pahami dari harapan orang tuamu\n3. satu pertanyaan yang ingin kamu ajukan\n\nGuru BK juga bisa menemani kalau kamu ingin membicarakannya bertiga.",
            ],
        )],
    ),
];

/// Makes the threads. Called once, for a school that was made just now.
pub async fn seed_companion(context: &Context, users: &[UserRow]) -> ServiceResult<()> {
    let student = find(users, STUDENT)?;
    for (began_min_ago, turns) in &THREADS {
        let began_at_ms = context.clock.now_ms() - began_min_ago * MINUTE_MS;
        let title = turns.first().map(|(question, _)| title_from(question)).unwrap_or_default();
        let thread = ThreadRow {
            id: ThreadId::generate(),
            student_id: student.id,
            title,
            created_at_ms: began_at_ms,
            last_message_at_ms: began_at_ms,
        };
        context.store.insert_thread(&thread).await?;
        let mut tx = context.store.begin().await?;
        let mut at_ms = began_at_ms;
        for (question, answers) in *turns {
            let question = question_row(context, &thread, question, at_ms);
            tx.insert_question(&question).await?;
            for (version, text) in (1..).zip(*answers) {
                at_ms += MINUTE_MS;
                tx.insert_answer(&answer_row(&question, version, text, at_ms)).await?;
            }
            at_ms += 2 * MINUTE_MS;
        }
        tx.touch_thread(thread.id, None, at_ms).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn question_row(context: &Context, thread: &ThreadRow, body: &str, at_ms: i64) -> QuestionRow {
    let id = MessageId::generate();
    QuestionRow {
        id,
        thread_id: thread.id,
        student_id: thread.student_id,
        client_id: id.to_string(),
        fingerprint: fingerprint(&context.secret, &[thread.id.to_string().as_bytes(), body.as_bytes()]),
        body: body.to_owned(),
        assessment: RulePack::built_in().assess(body),
        created_at_ms: at_ms,
    }
}

fn answer_row(question: &QuestionRow, version: i64, text: &str, at_ms: i64) -> AnswerRow {
    AnswerRow {
        id: MessageId::generate(),
        question_id: question.id,
        thread_id: question.thread_id,
        student_id: question.student_id,
        version,
        kind: AnswerKind::Model,
        status: AnswerStatus::Done,
        body: text.to_owned(),
        seq: 3,
        help: None,
        fault: None,
        language: Language::Indonesian,
        prompt_version: None,
        node_id: None,
        is_stop_requested: false,
        usage_month: None,
        reserved_tokens: 0,
        used_tokens: 0,
        created_at_ms: at_ms,
        finished_at_ms: Some(at_ms + 8_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::risk::Level;

    #[test]
    fn nothing_of_it_would_call_a_counsellor_or_be_withheld() {
        for (question, answers) in THREADS.iter().flat_map(|(_, turns)| turns.iter()) {
            assert!(RulePack::built_in().assess(question).level < Level::Concern, "{question}");
            assert!(answers.iter().all(|answer| RulePack::built_in().assess(answer).level < Level::Risk), "{answers:?}");
        }
    }
}
