//! Owns the entries of the route table: a path and its handlers. Called by the route table in
//! `http/mod.rs`. Must not know any single route.
//!
//! - A method that a path does not have gets 405 with `Allow`, as problem+json.
//! - `GET` handlers also answer `HEAD`.

use super::error::ApiError;
use actix_web::{
    FromRequest, Handler, Resource, Responder,
    dev::{AppService, HttpServiceFactory},
    guard, web,
};

/// A path with its handlers; made by [`at`].
pub struct RouteAt {
    path: String,
    resource: Resource,
    allowed: Vec<&'static str>,
}

/// Begins the entry of a path in the route table.
#[must_use]
pub fn at(path: &str) -> RouteAt {
    RouteAt { path: path.to_owned(), resource: web::resource(path), allowed: Vec::new() }
}

macro_rules! method {
    ($($(#[$doc:meta])* $name:ident $text:literal $guard:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name<F, Args>(mut self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.allowed.push($text);
            self.resource = self.resource.route(web::route().guard($guard).to(handler));
            self
        }
    )*};
}

impl RouteAt {
    method! {
        /// Answers GET and HEAD.
        get "GET, HEAD" guard::Any(guard::Get()).or(guard::Head());
        /// Answers POST.
        post "POST" guard::Post();
        /// Answers PUT.
        put "PUT" guard::Put();
        /// Answers PATCH.
        patch "PATCH" guard::Patch();
        /// Answers DELETE.
        delete "DELETE" guard::Delete();
    }
}

/// Entries of a route table, tried in their order. The table is built first and registered
/// afterwards, so that a test can also read it: it compares the table with the API description.
#[derive(Default)]
pub struct Routes(Vec<RouteAt>);

impl Routes {
    /// Adds an entry.
    #[must_use]
    pub fn service(mut self, route: RouteAt) -> Self {
        self.0.push(route);
        self
    }

    /// Returns every path behind `prefix` with its methods in lower case. `{name:pattern}` is
    /// `{name}`.
    #[must_use]
    pub fn listed(&self, prefix: &str) -> Vec<(String, Vec<String>)> {
        let methods = |route: &RouteAt| {
            let all = route.allowed.iter().flat_map(|methods| methods.split(", ")).filter(|method| *method != "HEAD");
            all.map(str::to_lowercase).collect()
        };
        self.0.iter().map(|route| (format!("{prefix}{}", without_patterns(&route.path)), methods(route))).collect()
    }

    /// Puts the table into an application or scope.
    pub fn register(self, cfg: &mut web::ServiceConfig) {
        for route in self.0 {
            cfg.service(route);
        }
    }
}

fn without_patterns(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.split_once(':') {
        Some((name, _)) if name.starts_with('{') => format!("{name}}}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

impl HttpServiceFactory for RouteAt {
    fn register(self, config: &mut AppService) {
        let allowed = self.allowed.join(", ");
        let refuse = move || {
            let allowed = allowed.clone();
            async move { Err::<actix_web::HttpResponse, _>(ApiError::MethodNotAllowed(allowed)) }
        };
        self.resource.default_service(web::to(refuse)).register(config);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::HttpResponse;

    #[test]
    fn a_table_can_be_read() {
        let handler = || async { HttpResponse::Ok().finish() };
        let routes = Routes::default().service(at("/a/{id}").get(handler).delete(handler)).service(at("/f/{key:.*}").put(handler));
        let expected =
            [("/v1/a/{id}".to_owned(), vec!["get".to_owned(), "delete".to_owned()]), ("/v1/f/{key}".to_owned(), vec!["put".to_owned()])];
        assert_eq!(routes.listed("/v1"), expected);
    }
}
