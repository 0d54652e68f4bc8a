//! The report of made-up histories: its numbers against the files, its forms against each other, and the folders in
//! which little is.
#![allow(clippy::unwrap_used)]

/// What all tests read: one busy history, its report, and what stands in its files.
mod support;

/// Every number against the files, read by another way.
mod numbers;

/// Page, JSON and CSV say the same.
mod forms;

/// Folders in which nothing, little or something odd is.
mod folders;

/// What is flagged.
mod flags;

/// The ready queries give the same numbers in other engines.
mod queries;
