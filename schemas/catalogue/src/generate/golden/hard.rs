// What app-1 may report.
// Made by `kaiku catalogue generate --lang rust --app app-1`; change the catalogue, not this file.

/// The app.
pub const APP: &str = "app-1";

/// The catalogue of the app, as the device library reads it.
pub const CATALOGUE: &str = r#"{"format":1,"app":"app-1","titles":{"de":"Karten für $100 \\ Tag","en":"Maps \"to go\""},"controller":{"name":"Example","contact":"privacy@example.com"},"consent":{"version":2,"asks_for_more_since":2,"texts":{"de":"Ich nehme teil, und mehr.","en":"I take part, and more."}},"features":[{"name":"route.bicycle","titles":{"de":"Fahrradrouten","en":"Bicycle routes"},"description":"Ends */ a comment, has \"quotes\", \\ and ${money}??/","recommend":true,"expires":"2027-06-01"},{"name":"3d.view","titles":{"en":"Three dimensions"},"description":"漢字 and é","recommend":false,"expires":"2028-01-01"},{"name":"import","titles":{"en":"Import"},"description":"Two\nlines","recommend":false,"expires":"2028-01-01"},{"name":"self","titles":{"en":"Self"},"description":"A word that Rust and Swift keep","recommend":false,"expires":"2028-01-01"}],"causes":[{"name":"panic","titles":{"en":"The program found itself in a state that it can't go on from, and ended"},"fatal_only":false},{"name":"abort","titles":{"en":"The program was ended by its own abort, an assertion included"},"fatal_only":true},{"name":"segfault","titles":{"en":"The program touched memory that is not its own"},"fatal_only":true},{"name":"out_of_memory","titles":{"en":"The system ended the program, or an allocation failed, for want of memory"},"fatal_only":false},{"name":"not_responding","titles":{"en":"The program did not react for so long that the system or the user ended it"},"fatal_only":true},{"name":"unhandled","titles":{"en":"An exception was caught by nobody"},"fatal_only":false},{"name":"ended_unexpectedly","titles":{"en":"The program ended without a stop, and nothing says why"},"fatal_only":true},{"name":"network.timeout","titles":{"de":"Keine Antwort","en":"No answer"},"fatal_only":false},{"name":"slow","titles":{"en":"Too slow"},"fatal_only":false}],"components":[{"name":"tiles","titles":{"en":"Map tiles"},"paths":["src/tiles/","lib/tiles.c"]}]}"#;

/// Every feature that the app may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Ends  / a comment, has "quotes",   and ${money}??/
    RouteBicycle,
    /// 漢字 and é
    N3dView,
    /// Two lines
    Import,
    /// A word that Rust and Swift keep
    Self_,
}

impl Feature {
    /// Every one, in the order of the catalogue.
    pub const ALL: &'static [Feature] = &[
        Feature::RouteBicycle,
        Feature::N3dView,
        Feature::Import,
        Feature::Self_,
    ];

    /// The name in the catalogue.
    pub const fn as_str(self) -> &'static str {
        match self {
            Feature::RouteBicycle => "route.bicycle",
            Feature::N3dView => "3d.view",
            Feature::Import => "import",
            Feature::Self_ => "self",
        }
    }
}

impl AsRef<str> for Feature {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Every cause that the app may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The program found itself in a state that it can't go on from, and ended
    Panic,
    /// The program was ended by its own abort, an assertion included
    Abort,
    /// The program touched memory that is not its own
    Segfault,
    /// The system ended the program, or an allocation failed, for want of memory
    OutOfMemory,
    /// The program did not react for so long that the system or the user ended it
    NotResponding,
    /// An exception was caught by nobody
    Unhandled,
    /// The program ended without a stop, and nothing says why
    EndedUnexpectedly,
    /// No answer
    NetworkTimeout,
    /// Too slow
    Slow,
}

impl Cause {
    /// Every one, in the order of the catalogue.
    pub const ALL: &'static [Cause] = &[
        Cause::Panic,
        Cause::Abort,
        Cause::Segfault,
        Cause::OutOfMemory,
        Cause::NotResponding,
        Cause::Unhandled,
        Cause::EndedUnexpectedly,
        Cause::NetworkTimeout,
        Cause::Slow,
    ];

    /// The name in the catalogue.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Panic => "panic",
            Cause::Abort => "abort",
            Cause::Segfault => "segfault",
            Cause::OutOfMemory => "out_of_memory",
            Cause::NotResponding => "not_responding",
            Cause::Unhandled => "unhandled",
            Cause::EndedUnexpectedly => "ended_unexpectedly",
            Cause::NetworkTimeout => "network.timeout",
            Cause::Slow => "slow",
        }
    }
}

impl AsRef<str> for Cause {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Every component that the app may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// Map tiles
    Tiles,
}

impl Component {
    /// Every one, in the order of the catalogue.
    pub const ALL: &'static [Component] = &[
        Component::Tiles,
    ];

    /// The name in the catalogue.
    pub const fn as_str(self) -> &'static str {
        match self {
            Component::Tiles => "tiles",
        }
    }
}

impl AsRef<str> for Component {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}
