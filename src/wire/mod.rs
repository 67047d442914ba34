//! The place for bytes: Pusher frames and signatures, application events, the envelope between nodes, the table of codes.
//! May import: `domain`. Never sqlx or actix.

pub mod signature;
