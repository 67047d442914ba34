//! Plays a student's device as the contract describes a client: a socket, a cursor, and `/sync`
//! after every return. It records each notice and the way it came.

use crate::support::{
    TestSocket, TestUser,
    socket::{Event, Received},
    user::ServerAddress,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The way on which a notice came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Socket,
    Sync,
}

/// A notice that came.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub id: String,
    pub title: String,
    pub way: Way,
    position: i64,
}

/// A device; it keeps everything that it ever received.
pub struct Device {
    pub user: TestUser,
    pub arrivals: Vec<Arrival>,
    socket: Option<TestSocket>,
    cursor: String,
}

impl Device {
    /// Makes a device of `user`, who is signed in already: connected, at the newest position.
    pub async fn connect(user: TestUser) -> Self {
        let mut device = Self::with_cursor_of_now(user).await;
        device.socket = Some(device.user.connect().await);
        device
    }

    /// Starts at the newest position, without a socket.
    pub async fn with_cursor_of_now(user: TestUser) -> Self {
        let cursor = user.get("/realtime").await["cursor"].as_str().unwrap().to_owned();
        Self { user, arrivals: Vec::new(), socket: None, cursor }
    }

    /// Returns to a server, perhaps another one than before: joins its channels, then asks for the
    /// missed events.
    pub async fn come_back(&mut self, at: &ServerAddress) {
        self.user = self.user.on(at);
        self.socket = Some(self.user.connect().await);
        self.sync().await;
    }

    /// Asks for the missed events, page by page.
    pub async fn sync(&mut self) {
        loop {
            let page = self.user.get(&format!("/sync?after={}", self.cursor)).await;
            assert_eq!(page["reset"], Value::Null, "nothing was trimmed");
            for event in page["events"].as_array().unwrap() {
                assert_eq!(event["event"], "notice.created");
                assert_eq!(event["id"], event["data"]["id"]);
                self.record_arrival(&event["data"], Way::Sync);
            }
            self.cursor = page["cursor"].as_str().unwrap().to_owned();
            if page["more"] == json!(false) {
                return;
            }
        }
    }

    /// Reads the socket until `count` different notices have come in all, by either way.
    pub async fn listen_until(&mut self, count: usize) {
        while self.titles().len() < count {
            let event = self.socket.as_mut().expect("a socket").next_event().await;
            self.take(&event);
        }
    }

    /// Reads the socket until no event is on its way any more.
    pub async fn drain(&mut self) {
        self.socket.as_mut().expect("a socket").send(json!({ "event": "pusher:ping", "data": {} })).await;
        loop {
            let event = self.socket.as_mut().expect("a socket").next_event().await;
            if event.event == "pusher:pong" {
                return;
            }
            self.take(&event);
        }
    }

    /// Reads the socket to its end and returns its close code; `None` when it was cut.
    pub async fn read_to_end(&mut self) -> Option<u16> {
        let mut socket = self.socket.take().expect("a socket");
        loop {
            match socket.receive().await {
                Received::Event(event) => self.take(&event),
                Received::Closed { code, .. } => return Some(code),
                Received::Cut => return None,
            }
        }
    }

    /// Drops the connection without a close frame.
    pub fn cut(&mut self) {
        self.socket.take().expect("a socket").cut();
    }

    fn take(&mut self, event: &Event) {
        if event.event == "notice.created" {
            self.record_arrival(&event.json(), Way::Socket);
        }
    }

    /// Records a notice; one that came by the socket moves the cursor.
    fn record_arrival(&mut self, data: &Value, way: Way) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let position = text(&data["cursor"]).parse().unwrap();
        self.arrivals.push(Arrival { id: text(&data["id"]), title: text(&data["data"]["title"]), way, position });
        if way == Way::Socket && position > self.cursor.parse::<i64>().unwrap() {
            self.cursor = position.to_string();
        }
    }

    /// Returns the screen's content after merging by id: titles in the order of the log.
    pub fn titles(&self) -> Vec<&str> {
        let by_position: BTreeMap<(i64, &str), &str> =
            self.arrivals.iter().map(|arrival| ((arrival.position, arrival.id.as_str()), arrival.title.as_str())).collect();
        by_position.into_values().collect()
    }

    /// Returns the titles that came by one way, in the order they came, repeats included.
    pub fn titles_by(&self, way: Way) -> Vec<&str> {
        self.arrivals.iter().filter(|arrival| arrival.way == way).map(|arrival| arrival.title.as_str()).collect()
    }

    /// Checks that exactly these notices came: none is lost, has two ids, or came twice by the same
    /// way.
    pub fn assert_once(&self, titles: &[&str]) {
        assert_eq!(self.titles(), titles, "{:?}", self.arrivals);
        let mut times: BTreeMap<(&str, Way), usize> = BTreeMap::new();
        for arrival in &self.arrivals {
            *times.entry((&arrival.id, arrival.way)).or_default() += 1;
        }
        assert!(times.values().all(|times| *times == 1), "doubled: {:?}", self.arrivals);
    }
}
