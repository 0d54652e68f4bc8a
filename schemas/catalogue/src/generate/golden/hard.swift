// What app-1 may report.
// Made by `kaiku catalogue generate --lang swift --app app-1`; change the catalogue, not this file.

/// What app-1 may report.
public enum Catalogue {
    /// The app.
    public static let app = "app-1"

    /// The catalogue of the app, as the device library reads it.
    public static let json = #"{"format":1,"app":"app-1","titles":{"de":"Karten für $100 \\ Tag","en":"Maps \"to go\""},"controller":{"name":"Example","contact":"privacy@example.com"},"consent":{"version":2,"asks_for_more_since":2,"texts":{"de":"Ich nehme teil, und mehr.","en":"I take part, and more."}},"features":[{"name":"route.bicycle","titles":{"de":"Fahrradrouten","en":"Bicycle routes"},"description":"Ends */ a comment, has \"quotes\", \\ and ${money}??/","recommend":true,"expires":"2027-06-01"},{"name":"3d.view","titles":{"en":"Three dimensions"},"description":"漢字 and é","recommend":false,"expires":"2028-01-01"},{"name":"import","titles":{"en":"Import"},"description":"Two\nlines","recommend":false,"expires":"2028-01-01"},{"name":"self","titles":{"en":"Self"},"description":"A word that Rust and Swift keep","recommend":false,"expires":"2028-01-01"}],"causes":[{"name":"panic","titles":{"en":"The program found itself in a state that it can't go on from, and ended"},"fatal_only":false},{"name":"abort","titles":{"en":"The program was ended by its own abort, an assertion included"},"fatal_only":true},{"name":"segfault","titles":{"en":"The program touched memory that is not its own"},"fatal_only":true},{"name":"out_of_memory","titles":{"en":"The system ended the program, or an allocation failed, for want of memory"},"fatal_only":false},{"name":"not_responding","titles":{"en":"The program did not react for so long that the system or the user ended it"},"fatal_only":true},{"name":"unhandled","titles":{"en":"An exception was caught by nobody"},"fatal_only":false},{"name":"ended_unexpectedly","titles":{"en":"The program ended without a stop, and nothing says why"},"fatal_only":true},{"name":"network.timeout","titles":{"de":"Keine Antwort","en":"No answer"},"fatal_only":false},{"name":"slow","titles":{"en":"Too slow"},"fatal_only":false}],"components":[{"name":"tiles","titles":{"en":"Map tiles"},"paths":["src/tiles/","lib/tiles.c"]}]}"#

    /// Every feature that the app may report.
    public enum Feature: String, CaseIterable, Sendable {
        /// Ends  / a comment, has "quotes",   and ${money}??/
        case routeBicycle = "route.bicycle"
        /// 漢字 and é
        case n3dView = "3d.view"
        /// Two lines
        case import_ = "import"
        /// A word that Rust and Swift keep
        case self_ = "self"
    }

    /// Every cause that the app may report.
    public enum Cause: String, CaseIterable, Sendable {
        /// The program found itself in a state that it can't go on from, and ended
        case panic = "panic"
        /// The program was ended by its own abort, an assertion included
        case abort = "abort"
        /// The program touched memory that is not its own
        case segfault = "segfault"
        /// The system ended the program, or an allocation failed, for want of memory
        case outOfMemory = "out_of_memory"
        /// The program did not react for so long that the system or the user ended it
        case notResponding = "not_responding"
        /// An exception was caught by nobody
        case unhandled = "unhandled"
        /// The program ended without a stop, and nothing says why
        case endedUnexpectedly = "ended_unexpectedly"
        /// No answer
        case networkTimeout = "network.timeout"
        /// Too slow
        case slow = "slow"
    }

    /// Every component that the app may report.
    public enum Component: String, CaseIterable, Sendable {
        /// Map tiles
        case tiles = "tiles"
    }
}
