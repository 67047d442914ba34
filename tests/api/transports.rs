//! Runs tests over both socket transports.

/// Makes `raw::NAME` and `context::NAME` of every named async function that takes a
/// [`crate::support::app::TestTransport`].
///
/// A test runs twice only where the transport can differ: the handshake and its login, frames and
/// their order, messages that are too large, close codes, silence, cuts, clients that do not read,
/// bodies on a bare connection, TLS. The code of channels, members and apps is the same behind both
/// transports and is tested over the raw one.
macro_rules! on_both_transports {
    ($($name:ident),+ $(,)?) => {
        mod raw { $(#[actix_web::test] async fn $name() { super::$name(super::TestTransport::Raw).await; })+ }
        mod context { $(#[actix_web::test] async fn $name() { super::$name(super::TestTransport::Context).await; })+ }
    };
}
