//! Steps at which a test can end a process, hold it or have it crash.

/// A step between two effects. In builds of tests `FAILPOINTS=NAME=ACTION` decides what happens
/// there, in the language of the crate `fail`: `return` ends the process at once, as SIGKILL would;
/// `sleep(1000)` holds it, `panic` has the thread crash; `3*off->return` lets three pass, and
/// `1%return` ends it once in a hundred times. In every other build it is nothing.
pub fn failpoint(name: &str) {
    // Without the feature of the tests all of this is empty.
    if fail::has_failpoints() {
        tracing::debug!(step = name, "comes to a step");
    }
    fail::fail_point!(name, |_| std::process::abort());
}

/// What a test build was told to take for a value, by `FAILPOINTS=NAME=return(VALUE)`: another
/// clock, or the state format of the version before. In every other build it is `None`.
pub fn failpoint_value(name: &str) -> Option<String> {
    let _ = name;
    fail::fail_point!(name, |value| value);
    None
}
