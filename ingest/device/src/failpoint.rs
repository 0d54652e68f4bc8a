//! Steps at which a test has the library panic or the process end. Every build without the feature
//! `failpoints` has nothing of it.

#[cfg(feature = "failpoints")]
macro_rules! step {
    ($name:literal) => {
        fail::fail_point!($name)
    };
}

#[cfg(not(feature = "failpoints"))]
macro_rules! step {
    ($name:literal) => {};
}

pub(crate) use step;

/// Reads the variable `FAILPOINTS`, once in the life of the process.
#[cfg(feature = "failpoints")]
pub(crate) fn set_up() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    // Kept for the life of the process: dropping it would take the steps away.
    ONCE.call_once(|| std::mem::forget(fail::FailScenario::setup()));
}

#[cfg(not(feature = "failpoints"))]
pub(crate) fn set_up() {}
