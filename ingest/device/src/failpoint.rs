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

/// Reads the variable `KAIKU_DEVICE_FAILPOINTS`, such as `device.used=panic`, once in the life of the
/// process. It is not `FAILPOINTS`: whoever has set that up holds it for as long as the process lives,
/// and the host may be such a one.
#[cfg(feature = "failpoints")]
pub(crate) fn set_up() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let told = std::env::var("KAIKU_DEVICE_FAILPOINTS").unwrap_or_default();
        for (step, action) in told.split(';').filter_map(|one| one.split_once('=')) {
            assert_eq!(fail::cfg(step, action), Ok(()), "KAIKU_DEVICE_FAILPOINTS");
        }
    });
}

#[cfg(not(feature = "failpoints"))]
pub(crate) fn set_up() {}
