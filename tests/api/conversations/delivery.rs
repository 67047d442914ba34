//! However badly a weak link treats answers and connections, both sides get every message once and
//! in order.

use crate::{
    conversations::{channel_of, connect, new_client_id, open, post_until_answered},
    support::{TestApp, TestSocket, TestUser, socket::Received},
};
use educounsel::domain::ids::ConversationId;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    time::Duration,
};

/// Conversations that are used at once; each is written by both sides at once.
const CONVERSATIONS: usize = 8;
/// Messages of one side of one conversation.
const PER_SENDER: usize = 625;
/// All messages: 10,000.
const TOTAL: usize = CONVERSATIONS * 2 * PER_SENDER;
/// How often every reader is disconnected.
const DISCONNECTS: usize = 3;
/// Messages after which a reader reports its read mark.
const READ_EVERY: i64 = 50;

/// A client's knowledge of its conversations: by number, the client id and the text.
#[derive(Default)]
struct Inbox {
    seen: HashMap<String, BTreeMap<i64, (String, String)>>,
    /// Messages that arrived first over a socket.
    live: usize,
}

impl Inbox {
    fn len(&self) -> usize {
        self.seen.values().map(BTreeMap::len).sum()
    }

    /// Takes a message; the same number must always bring the same message.
    fn take(&mut self, message: &Value) -> bool {
        let text = |key: &str| message[key].as_str().unwrap().to_owned();
        let known = self.seen.entry(text("conversation_id")).or_default();
        let content = (text("client_id"), text("body"));
        let before = known.insert(message["seq"].as_i64().unwrap(), content.clone());
        assert!(before.as_ref().is_none_or(|before| *before == content), "{before:?} became {content:?}");
        before.is_none()
    }

    /// Returns the number up to which no message is missing.
    fn contiguous(&self, conversation: &str) -> i64 {
        let known = self.seen.get(conversation);
        (1..).take_while(|seq| known.is_some_and(|known| known.contains_key(seq))).last().unwrap_or(0)
    }
}

/// A linear congruential generator, so that the test repeats itself as far as the timing allows.
struct Dice(u64);

impl Dice {
    fn percent(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100
    }
}

/// Sends texts one after the other and repeats each until an answer arrives: 20 % of the answers
/// are dropped, and 10 % of the requests are cut off on the way. Returns the client ids in order,
/// and the number of repeats.
async fn write(user: Rc<TestUser>, conversation: String, who: usize) -> (Vec<String>, usize) {
    let path = format!("/conversations/{conversation}/messages");
    let mut dice = Dice(u64::try_from(who).unwrap() + 17);
    let (mut sent, mut repeats) = (Vec::new(), 0);
    for number in 0..PER_SENDER {
        let client_id = new_client_id();
        let body = json!({ "client_id": client_id, "body": format!("{who} {number}") });
        let mut tries = 0;
        loop {
            tries += 1;
            let roll = dice.percent();
            if roll < 10 {
                // The connection breaks somewhere between sending and the answer.
                let _ = tokio::time::timeout(Duration::from_millis(roll), post_until_answered(&user, &path, &body)).await;
                continue;
            }
            let (status, answer) = post_until_answered(&user, &path, &body).await;
            assert!(matches!(status, 200 | 201), "{status} {answer}");
            assert_eq!(answer["client_id"].as_str(), Some(client_id.as_str()));
            if roll >= 30 {
                break;
            }
        }
        repeats += tries - 1;
        sent.push(client_id);
    }
    (sent, repeats)
}

/// Reads the missed messages page by page, from the last number before the first gap.
async fn heal(user: &TestUser, conversation: &str, inbox: &mut Inbox) {
    loop {
        let from = inbox.contiguous(conversation);
        // A phone asks again when its connection turns out to be closed.
        let Ok(answer) =
            user.request(Method::GET, &format!("/conversations/{conversation}/messages?after_seq={from}&limit=100")).send().await
        else {
            continue;
        };
        assert_eq!(answer.status(), 200);
        let Ok(page) = answer.json::<Value>().await else { continue };
        for message in page["items"].as_array().unwrap() {
            inbox.take(message);
        }
        if page["has_after"] == json!(false) {
            break;
        }
    }
}

/// Marks everything before the first gap as read, as an open window does.
async fn mark_read(user: &TestUser, conversation: &str, inbox: &Inbox) {
    let seq = json!({ "seq": inbox.contiguous(conversation) });
    let (status, _) = post_until_answered(user, &format!("/conversations/{conversation}/read"), &seq).await;
    assert_eq!(status, 200);
}

/// Follows conversations until all messages are there. It is disconnected three times on the way,
/// and catches up each time.
async fn read(app: Rc<TestApp>, user: Rc<TestUser>, conversations: Vec<String>) -> Inbox {
    let expected = conversations.len() * 2 * PER_SENDER;
    let mut inbox = Inbox::default();
    for life in 0..=DISCONNECTS {
        let mut socket = connect(&app, &user).await;
        for conversation in &conversations {
            socket.join_meanwhile(&channel_of(conversation)).await;
        }
        // After the last join: a message that was published before this socket joined comes only
        // with this request.
        for conversation in &conversations {
            heal(&user, conversation, &mut inbox).await;
        }
        let enough = expected * (life + 1) / (DISCONNECTS + 1);
        listen(&mut socket, &user, &mut inbox, enough).await;
        if life < DISCONNECTS {
            socket.cut();
        }
    }
    inbox
}

/// Takes events until so many messages are known. Within one connection the numbers only rise.
async fn listen(socket: &mut TestSocket, user: &TestUser, inbox: &mut Inbox, enough: usize) {
    let mut newest: HashMap<String, i64> = HashMap::new();
    while inbox.len() < enough {
        let received = socket.receive_or_silence().await;
        let holes = || inbox.seen.iter().map(|(id, seen)| (id, seen.len(), inbox.contiguous(id))).collect::<Vec<_>>();
        let event = match received {
            Some(Received::Event(event)) => event,
            other => panic!("{other:?} at {} of {enough}; per conversation known and without a hole: {:?}", inbox.len(), holes()),
        };
        if event.event != "message.created" {
            continue;
        }
        let message = event.json()["message"].clone();
        let seq = message["seq"].as_i64().unwrap();
        let conversation = message["conversation_id"].as_str().unwrap().to_owned();
        if seq % READ_EVERY == 0 {
            mark_read(user, &conversation, inbox).await;
        }
        let before = newest.insert(conversation, seq);
        assert!(before.is_none_or(|before| before < seq), "number {seq} after {before:?}");
        inbox.live += usize::from(inbox.take(&message));
    }
}

#[actix_web::test]
async fn ten_thousand_messages_over_weak_links_are_there_once_and_in_order_on_both_sides() {
    let app = TestApp::builder().set(|config| {
        config.http.requests_per_minute = 10_000_000;
        // These readers answer no pings, and on a busy machine the whole test takes minutes.
        config.realtime.activity_timeout_s = 3_600;
    });
    let app = app.start().await;
    let guru = Rc::new(app.counsellor("guru").await.keeping_connections());
    let mut students = Vec::new();
    for number in 0..CONVERSATIONS {
        let student = Rc::new(app.student(&format!("siswa{number}")).await.keeping_connections());
        let conversation = open(&student, &guru).await;
        assert!(ConversationId::parse(&conversation).is_ok());
        students.push((student, conversation));
    }
    let app = Rc::new(app);
    let began = std::time::Instant::now();
    let all = students.iter().map(|(_, conversation)| conversation.clone()).collect();
    let mut readers = vec![actix_web::rt::spawn(read(app.clone(), guru.clone(), all))];
    for (student, conversation) in &students {
        readers.push(actix_web::rt::spawn(read(app.clone(), student.clone(), vec![conversation.clone()])));
    }
    let mut writers = Vec::new();
    for (who, (student, conversation)) in students.iter().enumerate() {
        for (user, who) in [(student, who), (&guru, who + CONVERSATIONS)] {
            let writing = actix_web::rt::spawn(write(user.clone(), conversation.clone(), who));
            writers.push((conversation.clone(), user.id.clone(), writing));
        }
    }
    let (mut sent, mut repeats) = (Vec::new(), 0);
    for (conversation, sender, writing) in writers {
        let (ids, repeated) = writing.await.unwrap();
        repeats += repeated;
        sent.push((conversation, sender, ids));
    }
    let mut inboxes = Vec::new();
    for reader in readers {
        inboxes.push(reader.await.unwrap());
    }
    println!("{TOTAL} messages, {repeats} repeats, {} live at the counsellor, {:?}", inboxes[0].live, began.elapsed());
    assert!(repeats > TOTAL / 4, "the link was not weak enough: {repeats}");

    // The server has every number once, every client id once, and each sender's messages in the
    // order of sending.
    for (student, conversation) in &students {
        let mut stored = Inbox::default();
        heal(student, conversation, &mut stored).await;
        let stored = &stored.seen[conversation];
        assert_eq!(stored.keys().copied().collect::<Vec<_>>(), (1..=i64::try_from(2 * PER_SENDER).unwrap()).collect::<Vec<_>>());
        for (_, _, ids) in sent.iter().filter(|(place, ..)| place == conversation) {
            let found: Vec<_> = stored.values().map(|(id, _)| id).filter(|id| ids.contains(id)).collect();
            assert_eq!(found, ids.iter().collect::<Vec<_>>());
        }
        let sides = inboxes.iter().filter_map(|inbox| inbox.seen.get(conversation));
        assert_eq!(sides.map(|side| assert_eq!(side, stored)).count(), 2, "both sides have the same");
    }
    assert!(inboxes.iter().all(|inbox| inbox.live > inbox.len() / 4), "sockets brought a good part of it");
    drop(guru);
    let Ok(app) = Rc::try_unwrap(app) else { panic!("a reader is still there") };
    app.stop().await;
}
