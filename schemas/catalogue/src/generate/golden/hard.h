/* What app-1 may report. */
/* Made by `kaiku catalogue generate --lang c --app app-1`; change the catalogue, not this file. */
#ifndef KAIKU_APP_1_H
#define KAIKU_APP_1_H

/* The app. */
#define KAIKU_APP_1_APP "app-1"

/* The catalogue of the app, as the device library reads it. */
static const char KAIKU_APP_1_CATALOGUE[] =
    "{\"format\":1,\"app\":\"app-1\",\"titles\":{\"de\":\"Karten f\303\274r $100 \\\\ Tag\",\"en\":\"Maps \\\"to go\\\"\"},\"contr"
    "oller\":{\"name\":\"Example\",\"contact\":\"privacy@example.com\"},\"consent\":{\"version\":2,\"asks_for_more_"
    "since\":2,\"texts\":{\"de\":\"Ich nehme teil, und mehr.\",\"en\":\"I take part, and more.\"}},\"features\":[{"
    "\"name\":\"route.bicycle\",\"titles\":{\"de\":\"Fahrradrouten\",\"en\":\"Bicycle routes\"},\"description\":\"Ends"
    " */ a comment, has \\\"quotes\\\", \\\\ and ${money}\?\?/\",\"recommend\":true,\"expires\":\"2027-06-01\"},{\"na"
    "me\":\"3d.view\",\"titles\":{\"en\":\"Three dimensions\"},\"description\":\"\346\274\242\345\255\227 and \303\251\",\"recommend\":false"
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
    "lib/tiles.c\"]}]}";

/* Every feature that the app may report. */
typedef enum kaiku_app_1_feature {
    /* Ends  / a comment, has "quotes",   and ${money}??/ */
    KAIKU_APP_1_FEATURE_ROUTE_BICYCLE,
    /* 漢字 and é */
    KAIKU_APP_1_FEATURE_N3D_VIEW,
    /* Two lines */
    KAIKU_APP_1_FEATURE_IMPORT,
    /* A word that Rust and Swift keep */
    KAIKU_APP_1_FEATURE_SELF
} kaiku_app_1_feature;

/* The name in the catalogue; NULL for a number that is none. */
static inline const char *kaiku_app_1_feature_name(kaiku_app_1_feature value)
{
    switch (value) {
    case KAIKU_APP_1_FEATURE_ROUTE_BICYCLE: return "route.bicycle";
    case KAIKU_APP_1_FEATURE_N3D_VIEW: return "3d.view";
    case KAIKU_APP_1_FEATURE_IMPORT: return "import";
    case KAIKU_APP_1_FEATURE_SELF: return "self";
    }
    return 0;
}

/* Every cause that the app may report. */
typedef enum kaiku_app_1_cause {
    /* The program found itself in a state that it can't go on from, and ended */
    KAIKU_APP_1_CAUSE_PANIC,
    /* The program was ended by its own abort, an assertion included */
    KAIKU_APP_1_CAUSE_ABORT,
    /* The program touched memory that is not its own */
    KAIKU_APP_1_CAUSE_SEGFAULT,
    /* The system ended the program, or an allocation failed, for want of memory */
    KAIKU_APP_1_CAUSE_OUT_OF_MEMORY,
    /* The program did not react for so long that the system or the user ended it */
    KAIKU_APP_1_CAUSE_NOT_RESPONDING,
    /* An exception was caught by nobody */
    KAIKU_APP_1_CAUSE_UNHANDLED,
    /* The program ended without a stop, and nothing says why */
    KAIKU_APP_1_CAUSE_ENDED_UNEXPECTEDLY,
    /* No answer */
    KAIKU_APP_1_CAUSE_NETWORK_TIMEOUT,
    /* Too slow */
    KAIKU_APP_1_CAUSE_SLOW
} kaiku_app_1_cause;

/* The name in the catalogue; NULL for a number that is none. */
static inline const char *kaiku_app_1_cause_name(kaiku_app_1_cause value)
{
    switch (value) {
    case KAIKU_APP_1_CAUSE_PANIC: return "panic";
    case KAIKU_APP_1_CAUSE_ABORT: return "abort";
    case KAIKU_APP_1_CAUSE_SEGFAULT: return "segfault";
    case KAIKU_APP_1_CAUSE_OUT_OF_MEMORY: return "out_of_memory";
    case KAIKU_APP_1_CAUSE_NOT_RESPONDING: return "not_responding";
    case KAIKU_APP_1_CAUSE_UNHANDLED: return "unhandled";
    case KAIKU_APP_1_CAUSE_ENDED_UNEXPECTEDLY: return "ended_unexpectedly";
    case KAIKU_APP_1_CAUSE_NETWORK_TIMEOUT: return "network.timeout";
    case KAIKU_APP_1_CAUSE_SLOW: return "slow";
    }
    return 0;
}

/* Every component that the app may report. */
typedef enum kaiku_app_1_component {
    /* Map tiles */
    KAIKU_APP_1_COMPONENT_TILES
} kaiku_app_1_component;

/* The name in the catalogue; NULL for a number that is none. */
static inline const char *kaiku_app_1_component_name(kaiku_app_1_component value)
{
    switch (value) {
    case KAIKU_APP_1_COMPONENT_TILES: return "tiles";
    }
    return 0;
}

#endif
