//! The marks of the documents, on fewer pages.

use kaiku_change::Settings;

use crate::fleet::Plan;
use crate::pages::run;

const PAGES: u64 = 60;

#[test]
fn of_pages_on_which_nothing_has_changed_at_most_one_in_twenty_shows_a_flag() {
    for plan in Plan::ALL {
        let outcome = run(&plan, PAGES, &Settings::default());
        assert!(outcome.any <= 0.05, "{}: {}", plan.name, outcome.any);
        // The pages are such that arrows by intervals that do not meet fall for them.
        assert!(outcome.arrows > 1.0, "{}: {}", plan.name, outcome.arrows);
    }
}

#[test]
fn a_feature_of_a_thousand_devices_that_gains_a_fifth_is_found_four_times_in_five() {
    for plan in Plan::ALL {
        let outcome = run(&plan, PAGES, &Settings::default());
        assert!(outcome.found >= 0.8, "{}: {}", plan.name, outcome.found);
    }
}

#[test]
fn without_an_allowance_for_the_same_devices_and_for_common_shocks_pages_show_flags() {
    let bare = Settings {
        common_shock: 0.0,
        same_devices: 0.0,
        ..Settings::default()
    };
    let [.., crowd] = Plan::ALL;
    let outcome = run(&crowd, PAGES, &bare);
    assert!(outcome.any > 0.2, "{}", outcome.any);
}
