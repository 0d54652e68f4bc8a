"""What app-1 may report.

Made by `kaiku catalogue generate --lang python --app app-1`; change the catalogue, not this file.
"""

from enum import Enum

APP = "app-1"

# The catalogue of the app, as the device library reads it.
CATALOGUE = (
    "{\"format\":1,\"app\":\"app-1\",\"titles\":{\"de\":\"Karten für $100 \\\\ Tag\",\"en\":\"Maps \\\"to go\\\"\"},\"contr"
    "oller\":{\"name\":\"Example\",\"contact\":\"privacy@example.com\"},\"consent\":{\"version\":2,\"asks_for_more_"
    "since\":2,\"texts\":{\"de\":\"Ich nehme teil, und mehr.\",\"en\":\"I take part, and more.\"}},\"features\":[{"
    "\"name\":\"route.bicycle\",\"titles\":{\"de\":\"Fahrradrouten\",\"en\":\"Bicycle routes\"},\"description\":\"Ends"
    " */ a comment, has \\\"quotes\\\", \\\\ and ${money}??/\",\"recommend\":true,\"expires\":\"2027-06-01\"},{\"na"
    "me\":\"3d.view\",\"titles\":{\"en\":\"Three dimensions\"},\"description\":\"漢字 and é\",\"recommend\":false"
    ",\"expires\":\"2028-01-01\"},{\"name\":\"import\",\"titles\":{\"en\":\"Import\"},\"description\":\"Two\\nlines\",\"r"
    "ecommend\":false,\"expires\":\"2028-01-01\"},{\"name\":\"self\",\"titles\":{\"en\":\"Self\"},\"description\":\"A w"
    "ord that Rust and Swift keep\",\"recommend\":false,\"expires\":\"2028-01-01\"}],\"causes\":[{\"name\":\"pani"
    "c\",\"titles\":{\"en\":\"The program found itself in a state that it can't go on from, and ended\"},\"fa"
    "tal_only\":false},{\"name\":\"abort\",\"titles\":{\"en\":\"The program was ended by its own abort, an asse"
    "rtion included\"},\"fatal_only\":true},{\"name\":\"segfault\",\"titles\":{\"en\":\"The program touched memor"
    "y that is not its own\"},\"fatal_only\":true},{\"name\":\"out_of_memory\",\"titles\":{\"en\":\"The system en"
    "ded the program, or an allocation failed, for want of memory\"},\"fatal_only\":false},{\"name\":\"not_"
    "responding\",\"titles\":{\"en\":\"The program did not react for so long that the system or the user en"
    "ded it\"},\"fatal_only\":true},{\"name\":\"unhandled\",\"titles\":{\"en\":\"An exception was caught by nobod"
    "y\"},\"fatal_only\":false},{\"name\":\"ended_unexpectedly\",\"titles\":{\"en\":\"The program ended without a"
    " stop, and nothing says why\"},\"fatal_only\":true},{\"name\":\"network.timeout\",\"titles\":{\"de\":\"Keine"
    " Antwort\",\"en\":\"No answer\"},\"fatal_only\":false},{\"name\":\"slow\",\"titles\":{\"en\":\"Too slow\"},\"fatal"
    "_only\":false}],\"components\":[{\"name\":\"tiles\",\"titles\":{\"en\":\"Map tiles\"},\"paths\":[\"src/tiles/\",\""
    "lib/tiles.c\"]}]}"
)


class Feature(str, Enum):
    """Every feature that the app may report."""

    # Ends  / a comment, has "quotes",   and ${money}??/
    ROUTE_BICYCLE = "route.bicycle"
    # 漢字 and é
    N3D_VIEW = "3d.view"
    # Two lines
    IMPORT = "import"
    # A word that Rust and Swift keep
    SELF = "self"

    def __str__(self):
        return self.value


class Cause(str, Enum):
    """Every cause that the app may report."""

    # The program found itself in a state that it can't go on from, and ended
    PANIC = "panic"
    # The program was ended by its own abort, an assertion included
    ABORT = "abort"
    # The program touched memory that is not its own
    SEGFAULT = "segfault"
    # The system ended the program, or an allocation failed, for want of memory
    OUT_OF_MEMORY = "out_of_memory"
    # The program did not react for so long that the system or the user ended it
    NOT_RESPONDING = "not_responding"
    # An exception was caught by nobody
    UNHANDLED = "unhandled"
    # The program ended without a stop, and nothing says why
    ENDED_UNEXPECTEDLY = "ended_unexpectedly"
    # No answer
    NETWORK_TIMEOUT = "network.timeout"
    # Too slow
    SLOW = "slow"

    def __str__(self):
        return self.value


class Component(str, Enum):
    """Every component that the app may report."""

    # Map tiles
    TILES = "tiles"

    def __str__(self):
        return self.value
