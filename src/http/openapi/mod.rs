//! Owns the description of the API: `/api/v1/openapi.json` (OpenAPI 3.1), and the page `/api/docs`.
//!
//! Called by the route table (`http/mod.rs`). It must not describe a shape by hand: shapes are
//! derived from the structs that are serialised or read (`schemars`).
//!
//! - One file per subject in `areas`. A new subject is a file, and a line in `areas`.
//! - **A new route** is one line in the route table and one entry in the file of its subject; a
//!   named shape is defined as soon as an entry names its type.
//! - Tests name what was forgotten: a route without a description, a description without a route,
//!   two types of one name, and an answer or event of the running server that does not have the
//!   described shape (`tests/api/openapi/mod.rs`).

mod areas;
pub mod operation;
pub mod page;
pub mod parts;
pub mod shape;

use super::error::{ApiResult, CODES, Problem};
use crate::{
    domain::{
        principal::Role,
        shape::{Anything, Cursor, Id},
    },
    wire::desk_event::{Delivery, DeskEvent},
};
use actix_web::{
    HttpResponse,
    http::{
        Method,
        header::{self, ContentType},
    },
};
use operation::Operation;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use shape::{Definitions, Shape};
use std::{collections::HashMap, sync::LazyLock};

/// A subject: its routes, and the events sockets hear of it. Named shapes follow from the types.
#[derive(Debug)]
pub struct Area {
    /// One or two words.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Its routes.
    pub operations: Vec<Operation>,
    /// Its events.
    pub events: Vec<Event>,
}

/// An event of the built-in Pusher app.
#[derive(Debug)]
pub struct Event {
    /// Which: its name, its channels, and whether it has a row.
    pub event: DeskEvent,
    /// When it comes.
    pub meaning: &'static str,
    /// Shape of its data.
    pub data: Shape,
}

/// What the log adds to the data of a durable event.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "`wire::desk_event::durable_data` writes it as text; here is its shape")]
struct LogPosition {
    /// Drop an event whose `id` was seen before.
    #[schemars(with = "Id")]
    id: String,
    /// Where it stands in the log: `/sync` gives what came after it.
    #[schemars(with = "Cursor")]
    cursor: String,
}

/// OpenAPI 3.1.
#[derive(Debug, JsonSchema)]
#[schemars(inline)]
struct Document(Anything);

static AREAS: LazyLock<Vec<Area>> = LazyLock::new(areas::all);
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| make_document(&AREAS));
static DOCUMENT_TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());
static PAGE: LazyLock<String> = LazyLock::new(|| page::render(&AREAS, &DOCUMENT));

/// The roles that may call, by path and method (lower case); operations for everybody are left out.
static ROLES: LazyLock<HashMap<&'static str, HashMap<&'static str, Vec<Role>>>> = LazyLock::new(|| {
    let mut roles: HashMap<_, HashMap<_, _>> = HashMap::new();
    // Made for this alone: most processes never show the description, which takes 3 MB.
    for operation in areas::all().iter().flat_map(|area| &area.operations) {
        if let Some(allowed) = operation.roles() {
            roles.entry(operation.path).or_default().insert(operation.method, allowed);
        }
    }
    roles
});

/// Returns the roles that may call an operation, for a request's method and the path in the route
/// table that it matched; `None` when everybody may, or when there is no such operation.
#[must_use]
pub fn roles_of(method: &Method, pattern: &str) -> Option<&'static [Role]> {
    let method = match *method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => return None,
    };
    ROLES.get(pattern)?.get(method).map(Vec::as_slice)
}

/// Returns the OpenAPI document.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// `GET /api/v1/openapi.json`
pub async fn serve_document() -> ApiResult {
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::json())
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(DOCUMENT_TEXT.as_str()))
}

/// `GET /api/docs`: the same for people.
pub async fn serve_page() -> ApiResult {
    Ok(HttpResponse::Ok().insert_header(ContentType::html()).insert_header((header::CACHE_CONTROL, "no-cache")).body(PAGE.as_str()))
}

/// `GET /api/docs.css`
pub async fn serve_style() -> ApiResult {
    let css = include_str!("page.css");
    Ok(HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((header::CACHE_CONTROL, "no-cache")).body(css))
}

const ABOUT: &str = "A school counselling desk that is live; its sockets speak Pusher Channels 7. JSON in snake_case; ids are UUIDv7 text; times are \
RFC 3339, UTC, with milliseconds. Clients must ignore fields they do not know: answers grow. Every answer carries `X-Request-Id`; every error is \
`application/problem+json` with a stable `code`. Requests are limited per user (`RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`; 429 with \
`Retry-After`). A change asked for with the session cookie must come from a page of this site; programs use the bearer token.";

fn make_document(areas: &[Area]) -> Value {
    let mut paths = Map::new();
    for (area, operation) in areas.iter().flat_map(|area| area.operations.iter().map(move |operation| (area, operation))) {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation.to_json(area.name);
    }
    let events: Vec<Value> = areas.iter().flat_map(|area| &area.events).map(Event::to_json).collect();
    let codes: Vec<Value> = CODES.iter().map(|spec| json!({ "code": spec.code, "status": spec.status, "detail": spec.detail })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "EduCounsel",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "School counselling, live.",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": areas.iter().map(|area| json!({ "name": area.name, "description": area.about })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": named_shapes(areas),
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "educounsel_session", "description": "Set by `POST /api/v1/auth/login`." },
                "bearer": { "type": "http", "scheme": "bearer", "description": "`token` of `POST /api/v1/auth/login` with `\"token\": true`." },
            },
        },
        "x-events": events,
        "x-error-codes": codes,
    })
}

/// Returns all named shapes. One that is both read and sent is described as it is read, because
/// whoever sends it may leave out more.
fn named_shapes(areas: &[Area]) -> Definitions {
    let mut shapes = Shape::sent::<Problem<'_>>().definitions;
    let operations = || areas.iter().flat_map(|area| &area.operations);
    let events = areas.iter().flat_map(|area| &area.events).map(|event| &event.data.definitions);
    let sent = operations().map(|operation| &operation.sent).chain(events);
    for definitions in sent.chain(operations().map(|operation| &operation.read)) {
        shapes.extend(definitions.clone());
    }
    shapes
}

impl Event {
    /// Describes an event whose data is of a type. The log adds `id` and `cursor` to durable ones.
    #[must_use]
    pub fn of<T: JsonSchema>(event: DeskEvent, meaning: &'static str) -> Self {
        let data = match event.delivery() {
            Delivery::Passing => Shape::sent::<T>(),
            Delivery::Durable => Shape::sent_fields::<LogPosition>().and(Shape::sent_fields::<T>()),
        };
        Self { event, meaning, data }
    }

    /// Says that the log has no row for some of these events: they carry neither `id` nor `cursor`.
    #[must_use]
    pub fn not_always_durable(mut self) -> Self {
        self.data = self.data.may_lack("id").may_lack("cursor");
        self
    }

    /// Says which words a field of its data has, of all that the type of the field has.
    #[must_use]
    pub fn with_only(mut self, field: &str, words: &[&str]) -> Self {
        self.data = self.data.narrow(field, words);
        self
    }

    fn to_json(&self) -> Value {
        let (name, channels) = (self.event.name(), self.channels());
        json!({ "name": name, "channels": channels, "durable": self.is_durable(), "description": self.meaning, "data": self.data.schema })
    }

    /// Returns the names of the channels it comes on, with placeholders for ids.
    fn channels(&self) -> Vec<&'static str> {
        self.event.channels().iter().flat_map(|channel| channel.patterns()).copied().collect()
    }

    fn is_durable(&self) -> bool {
        self.event.delivery() == Delivery::Durable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::route_table;
    use std::collections::BTreeSet;

    /// Routes that belong to the transport of sockets, not to the table.
    const OUTSIDE_THE_TABLE: [&str; 4] = [
        "get /app/{key}",
        "post /pusher/app/{key}/{server}/{session}/xhr_streaming",
        "post /pusher/app/{key}/{server}/{session}/xhr",
        "post /pusher/app/{key}/{server}/{session}/xhr_send",
    ];

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let table = route_table().into_iter().flat_map(|(path, methods)| methods.into_iter().map(move |method| format!("{method} {path}")));
        let routes: BTreeSet<String> = table.chain(OUTSIDE_THE_TABLE.map(str::to_owned)).collect();
        let operations = AREAS.iter().flat_map(|area| &area.operations);
        let described: BTreeSet<String> = operations.map(|operation| format!("{} {}", operation.method, operation.path)).collect();
        let missing: Vec<_> = routes.difference(&described).collect();
        assert!(missing.is_empty(), "not described in http/openapi: {missing:#?}");
        let surplus: Vec<_> = described.difference(&routes).collect();
        assert!(surplus.is_empty(), "described in http/openapi, but no route: {surplus:#?}");
    }

    #[test]
    fn names_are_used_once_and_every_code_exists() {
        let mut names = BTreeSet::new();
        let operations: Vec<&Operation> = AREAS.iter().flat_map(|area| &area.operations).collect();
        let shapes = DOCUMENT["components"]["schemas"].as_object().unwrap().keys().map(String::as_str);
        let events = AREAS.iter().flat_map(|area| area.events.iter().map(|event| event.event.name()));
        for name in operations.iter().map(|operation| operation.name).chain(shapes).chain(events) {
            assert!(names.insert(name), "{name} is used twice");
        }
        for operation in operations {
            let path = operation.path;
            assert!(!operation.answers.is_empty(), "{path} answers nothing");
            assert!(operation.summary.ends_with('.'), "{path}: a summary is a sentence");
            let unknown: Vec<_> = operation.errors.iter().filter(|code| CODES.iter().all(|spec| spec.code != **code)).collect();
            assert!(unknown.is_empty(), "{path} names codes that http/error.rs does not have: {unknown:?}");
        }
    }

    #[test]
    fn every_shape_that_is_named_is_defined_and_used() {
        let text = DOCUMENT.to_string();
        let named: BTreeSet<&str> = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let defined: BTreeSet<&str> = DOCUMENT["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(named, defined);
    }

    /// Two types of one name would hide each other. A shape that is both read and sent may differ
    /// in what must be there.
    #[test]
    fn a_name_stands_for_one_shape() {
        let mut seen = Definitions::new();
        let operations = || AREAS.iter().flat_map(|area| &area.operations);
        let events = AREAS.iter().flat_map(|area| &area.events).map(|event| &event.data.definitions);
        let all = operations().flat_map(|operation| [&operation.sent, &operation.read]).chain(events).flatten();
        for (name, shape) in all {
            let mut shape = shape.clone();
            shape.as_object_mut().unwrap().remove("required");
            let first = seen.entry(name).or_insert_with(|| shape.clone());
            assert_eq!(*first, shape, "two types are called {name}");
        }
    }

    #[test]
    fn every_event_is_described() {
        let described: Vec<DeskEvent> = AREAS.iter().flat_map(|area| &area.events).map(|event| event.event).collect();
        let missing: Vec<_> = DeskEvent::ALL.iter().filter(|event| !described.contains(event)).collect();
        assert!(missing.is_empty(), "not described in http/openapi: {missing:?}");
    }

    /// The contract page tells the story; it must not forget a route or an event.
    #[test]
    fn the_page_of_shapes_names_every_event() {
        let contract = include_str!("../../../docs/api.md");
        for event in AREAS.iter().flat_map(|area| &area.events) {
            assert!(contract.contains(&format!("`{}`", event.event.name())), "docs/api.md lacks {}", event.event.name());
        }
    }

    #[test]
    fn the_page_shows_everything_and_keeps_the_content_policy() {
        for operation in AREAS.iter().flat_map(|area| &area.operations) {
            assert!(PAGE.contains(&format!("id=\"{}\"", operation.name)), "{}", operation.name);
        }
        for forbidden in ["<script", "<style", "style=\"", "onclick", "http://", "https://"] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
        let anchors = PAGE.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
        for anchor in anchors {
            assert!(PAGE.contains(&format!("id=\"{anchor}\"")), "#{anchor} leads nowhere");
        }
    }

    /// The copy makes the types of the web UI, which so need no server to be built. `make openapi`
    /// sets the variable; then the test writes the copy first.
    #[test]
    fn the_copy_in_docs_is_what_the_server_describes() {
        let copy = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        let text = format!("{:#}\n", document());
        if std::env::var_os("EDUCOUNSEL_RENEW_OPENAPI").is_some() {
            std::fs::write(copy, &text).unwrap();
        }
        let is_new = std::fs::read_to_string(copy).is_ok_and(|old| old == text);
        assert!(is_new, "docs/openapi.json is not what the server describes: run `make openapi` and commit the file");
    }
}
