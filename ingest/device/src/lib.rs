//! What an app takes in so that its owner can take part: records, keeps, and hands out uploads.

pub mod failures;
