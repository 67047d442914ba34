//! Files: materials, names, keys.

pub mod file_key;
pub mod file_name;
pub mod material;
