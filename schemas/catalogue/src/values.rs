//! The values of the catalogue: names that were looked up, and nothing else.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::intern::{self, Entry, Kind};

/// How the catalogue makes a value from a name that it lists.
pub(crate) trait Value: Copy + PartialEq {
    fn listed(app: &str, name: &str) -> Self;
    fn text(self) -> &'static str;
}

macro_rules! value {
    ($(#[$doc:meta])* $name:ident, $entry:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// Only a look-up in a [`Catalogue`](crate::Catalogue) makes one. Two are equal where
        /// they are the same name of the same app, whichever catalogue they come from.
        #[derive(Clone, Copy)]
        pub struct $name(&'static Entry);

        static $entry: Entry = Entry::unlisted(Kind::$name);

        impl $name {
            #[doc = concat!("What stands for every ", $what, " that is not listed, or no longer.")]
            pub const UNLISTED: $name = $name(&$entry);

            /// The name.
            pub fn as_str(self) -> &'static str {
                self.0.name
            }

            /// A number for the name, made from its kind, app and text. It is the same in every
            /// process and whatever else changes in the catalogue, so that state can hold it.
            /// What is unlisted has one key for all apps.
            pub fn key(self) -> u64 {
                self.0.key
            }

            /// Whether this is [`Self::UNLISTED`].
            pub fn is_unlisted(self) -> bool {
                self == $name::UNLISTED
            }

        }

        impl Value for $name {
            fn listed(app: &str, name: &str) -> $name {
                $name(intern::entry(Kind::$name, app, name))
            }

            fn text(self) -> &'static str {
                self.as_str()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                std::ptr::eq(self.0, other.0)
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                state.write_u64(self.0.key);
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

value!(
    /// An app: a product or service that reports.
    App, UNLISTED_APP, "app"
);
value!(
    /// A release of an app.
    Release, UNLISTED_RELEASE, "release"
);
value!(
    /// A feature of an app.
    Feature, UNLISTED_FEATURE, "feature"
);
value!(
    /// Why something failed in an app. The built-in causes are causes of each app.
    Cause, UNLISTED_CAUSE, "cause"
);
value!(
    /// A part of an app that can fail.
    Component, UNLISTED_COMPONENT, "component"
);

impl App {
    /// Dense over the names of this process; 0 is that of [`App::UNLISTED`].
    pub(crate) fn index(self) -> usize {
        self.0.index
    }
}
