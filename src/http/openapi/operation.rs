//! Owns the description of one operation, and the part of the document that is made of it. Adds
//! the rules that every operation of a kind has (log in first, limits, bodies that do not read), so
//! that no description repeats them.

use super::{
    parts::{Answer, Body, Parameter},
    shape::{Definitions, Shape},
};
use crate::{
    domain::{
        access::{Action, may},
        principal::Role,
        shape::{Id, Text},
    },
    http::error::{CODES, Problem},
};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Everybody,
    /// Who has signed in and may do this.
    May(Action),
    /// Who has signed in and may do one of these.
    MayEither(Action, Action),
}

/// One route and method.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Lower case.
    pub method: &'static str,
    /// As in the route table, without the patterns of its parameters.
    pub path: &'static str,
    /// Name for generated clients.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// More, when one line is not enough.
    pub details: &'static str,
    /// Who may call.
    pub access: Access,
    /// What it takes beside the body.
    pub parameters: Vec<Parameter>,
    /// What it takes: one of these.
    pub bodies: Vec<Body>,
    /// What it answers when all is well, the usual one first.
    pub answers: Vec<Answer>,
    /// Codes of its errors.
    pub errors: Vec<&'static str>,
    /// The named shapes that its answers refer to.
    pub sent: Definitions,
    /// The named shapes that its bodies and parameters refer to.
    pub read: Definitions,
}

macro_rules! begin {
    ($($method:ident),+) => {$(
        /// Begins the description of a route with this method. `name` is the verb and noun of a
        /// generated client's function.
        #[must_use]
        pub fn $method(path: &'static str, name: &'static str, summary: &'static str) -> Operation {
            Operation::new(stringify!($method), path, name, summary)
        }
    )+};
}
begin!(get, post, put, patch, delete);

impl Operation {
    fn new(method: &'static str, path: &'static str, name: &'static str, summary: &'static str) -> Self {
        let places = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let schema = |name: &str| if name == "id" || name.ends_with("_id") { Shape::read::<Id>() } else { Shape::read::<Text>() }.schema;
        let parameters: Vec<_> =
            places.map(|name| Parameter { place: "path", name: name.to_owned(), schema: schema(name), meaning: String::new() }).collect();
        let errors = if parameters.is_empty() { Vec::new() } else { vec!["not_found"] };
        Self {
            method,
            path,
            name,
            summary,
            details: "",
            access: Access::May(Action::UseOwnAccount),
            parameters,
            bodies: Vec::new(),
            answers: Vec::new(),
            errors,
            sent: Definitions::new(),
            read: Definitions::new(),
        }
    }

    /// Says more than the summary.
    #[must_use]
    pub const fn about(mut self, details: &'static str) -> Self {
        self.details = details;
        self
    }

    /// Nobody has to sign in.
    #[must_use]
    pub const fn for_everybody(mut self) -> Self {
        self.access = Access::Everybody;
        self
    }

    /// Asks for a permission; without this, being signed in is enough.
    #[must_use]
    pub fn needs(mut self, action: Action) -> Self {
        self.access = Access::May(action);
        self
    }

    /// Asks for one of two permissions.
    #[must_use]
    pub const fn needs_either(mut self, first: Action, second: Action) -> Self {
        self.access = Access::MayEither(first, second);
        self
    }

    /// Gives a parameter of the path another shape than a text or an id.
    #[must_use]
    pub fn part_of<T: JsonSchema>(mut self, name: &str) -> Self {
        let Shape { schema, definitions } = Shape::read::<T>();
        self.read.extend(definitions);
        self.parameters.iter_mut().filter(|parameter| parameter.name == name).for_each(|parameter| parameter.schema = schema.clone());
        self
    }

    /// Takes the fields of a type as query parameters; none is ever required.
    #[must_use]
    pub fn query_of<T: JsonSchema>(mut self) -> Self {
        let Shape { mut schema, definitions } = Shape::fields::<T>();
        self.read.extend(definitions);
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut).map(std::mem::take);
        self.parameters.extend(fields.into_iter().flatten().map(Parameter::of_field));
        self.refuses(&["request.malformed", "validation"])
    }

    /// Takes a header; none is ever required.
    #[must_use]
    pub fn header(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.parameters.push(Parameter {
            place: "header",
            name: name.to_owned(),
            schema: Shape::read::<Text>().schema,
            meaning: meaning.to_owned(),
        });
        self
    }

    /// Takes a JSON body.
    #[must_use]
    pub fn takes<T: JsonSchema>(self) -> Self {
        self.takes_shape(Shape::read::<T>())
    }

    /// Takes a JSON body that two types read, each its own fields.
    #[must_use]
    pub fn takes_both<T: JsonSchema, U: JsonSchema>(self) -> Self {
        self.takes_shape(Shape::fields::<T>().and(Shape::fields::<U>()))
    }

    /// Takes a JSON body of a shape.
    #[must_use]
    pub fn takes_shape(self, shape: Shape) -> Self {
        self.takes_body("application/json", shape).refuses(&["request.too_large", "request.media_type"])
    }

    /// Takes a body of another kind; one of them, when there are several.
    #[must_use]
    pub fn takes_as<T: JsonSchema>(self, content_type: &'static str) -> Self {
        self.takes_body(content_type, Shape::read::<T>())
    }

    fn takes_body(mut self, content_type: &'static str, Shape { schema, definitions }: Shape) -> Self {
        self.read.extend(definitions);
        self.bodies.push(Body { content_type, schema });
        self.refuses(&["request.malformed", "request.timeout", "validation"])
    }

    /// May be repeated under an `Idempotency-Key`.
    #[must_use]
    pub fn idempotent(self) -> Self {
        let key = "1 to 255 visible characters. A repeat under the same key gets the first answer, with `Idempotency-Replayed: true`.";
        self.header("Idempotency-Key", key).refuses(&["idempotency.key_reused", "conflict", "request.malformed"])
    }

    /// Answers JSON.
    #[must_use]
    pub fn answers_with<T: JsonSchema>(self, status: u16, meaning: &'static str) -> Self {
        self.answers_as::<T>(status, meaning, "application/json")
    }

    /// Answers something else.
    #[must_use]
    pub fn answers_as<T: JsonSchema>(mut self, status: u16, meaning: &'static str, content_type: &'static str) -> Self {
        let Shape { schema, definitions } = Shape::sent::<T>();
        self.sent.extend(definitions);
        self.answers.push(Answer { status, meaning, body: Some(Body { content_type, schema }) });
        self
    }

    /// Answers without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16, meaning: &'static str) -> Self {
        self.answers.push(Answer { status, meaning, body: None });
        self
    }

    /// May refuse with these codes, beside those of every route of its kind.
    #[must_use]
    pub fn refuses(mut self, codes: &[&'static str]) -> Self {
        codes.iter().for_each(|code| {
            if !self.errors.contains(code) {
                self.errors.push(code)
            }
        });
        self
    }

    /// Returns the roles that may call; `None` when nobody has to sign in.
    #[must_use]
    pub fn roles(&self) -> Option<Vec<Role>> {
        let those_who = |may: &dyn Fn(Role) -> bool| Some(Role::ALL.into_iter().filter(|role| may(*role)).collect());
        match self.access {
            Access::Everybody => None,
            Access::May(action) => those_who(&|role| may(role, action)),
            Access::MayEither(first, second) => those_who(&|role| may(role, first) || may(role, second)),
        }
    }

    /// Returns the codes of all its errors, those of every route of its kind included, in the order
    /// of the table.
    #[must_use]
    pub fn error_codes(&self) -> Vec<&'static str> {
        let mut codes = self.errors.clone();
        if let Some(roles) = self.roles() {
            codes.push("auth.required");
            if self.method != "get" {
                codes.push("auth.cross_site");
            }
            if roles.len() < Role::ALL.len() {
                codes.push("access.denied");
            }
        }
        let is_limited = ["/api/", "/broadcasting/", "/pusher/"].iter().any(|prefix| self.path.starts_with(prefix));
        if is_limited {
            codes.extend(["rate_limited", "internal", "unavailable"]);
        }
        CODES.iter().map(|spec| spec.code).filter(|code| codes.contains(code)).collect()
    }

    /// Returns the operation as the document has it.
    #[must_use]
    pub fn to_json(&self, tag: &str) -> Value {
        let mut operation = json!({
            "operationId": self.name,
            "tags": [tag],
            "summary": self.summary,
            "responses": self.responses(),
        });
        let security = self.roles().map_or_else(|| json!([]), |_| json!([{ "session": [] }, { "bearer": [] }]));
        operation["security"] = security;
        if let Some(roles) = self.roles() {
            operation["x-roles"] = json!(roles);
        }
        if !self.details.is_empty() {
            operation["description"] = json!(self.details);
        }
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.iter().map(Parameter::to_json).collect();
        }
        if !self.bodies.is_empty() {
            let content: Map<String, Value> =
                self.bodies.iter().map(|body| (body.content_type.to_owned(), json!({ "schema": body.schema }))).collect();
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation
    }

    fn responses(&self) -> Map<String, Value> {
        let mut responses = Map::new();
        for answer in &self.answers {
            let mut response = json!({ "description": answer.meaning });
            if let Some(body) = &answer.body {
                response["content"] = body.to_json();
            }
            responses.insert(answer.status.to_string(), response);
        }
        let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        let codes = self.error_codes();
        for spec in CODES.iter().filter(|spec| codes.contains(&spec.code)) {
            by_status.entry(spec.status).or_default().push(format!("`{}`: {}", spec.code, spec.detail));
        }
        for (status, codes) in by_status {
            let problem = Body { content_type: "application/problem+json", schema: Shape::sent::<Problem<'_>>().schema };
            let response = json!({ "description": codes.join("; "), "content": problem.to_json() });
            responses.entry(status.to_string()).or_insert(response);
        }
        responses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_for_a_kind_of_route_is_added() {
        let operation = patch("/api/v1/things/{id}", "change_thing", "Changes a thing.").needs(Action::ManageUsers).takes::<Text>();
        let codes = operation.error_codes();
        for code in ["auth.required", "auth.cross_site", "access.denied", "not_found", "request.malformed", "validation", "rate_limited"] {
            assert!(codes.contains(&code), "{code}");
        }
        assert_eq!(operation.roles(), Some(vec![Role::Admin]));
        let described = operation.to_json("Things");
        assert_eq!(described["parameters"][0]["schema"], Shape::read::<Id>().schema);
        assert!(described["responses"]["403"]["description"].as_str().unwrap().contains("`auth.cross_site`"));
    }

    #[test]
    fn routes_for_everybody_ask_for_nothing() {
        let operation = get("/health", "health", "Says how it is.").for_everybody();
        assert!(operation.error_codes().is_empty());
        assert_eq!(operation.roles(), None);
        assert_eq!(operation.to_json("Service")["security"], json!([]));
    }
}
