//! A path and what it answers. Methods a path does not know get 405 with `Allow`, as problem+json; `GET` also answers `HEAD`.

use super::error::ApiError;
use actix_web::{
    FromRequest, Handler, Resource, Responder,
    dev::{AppService, HttpServiceFactory},
    guard, web,
};

/// A path with its handlers; made by [`at`].
pub struct RouteAt {
    resource: Resource,
    allowed: Vec<&'static str>,
}

/// Begins the entry of a path in the route table.
#[must_use]
pub fn at(path: &str) -> RouteAt {
    RouteAt { resource: web::resource(path), allowed: Vec::new() }
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
