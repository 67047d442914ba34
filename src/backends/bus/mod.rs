//! Publications between nodes.
