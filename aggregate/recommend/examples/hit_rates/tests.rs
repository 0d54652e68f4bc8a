//! The marks of the documents, on the simulated fleet.

use crate::gate::Gate;
use crate::people::People;
use crate::rates::rates;

#[test]
fn suggestions_keep_most_of_what_raw_data_would_gain_and_are_never_below_what_is_popular() {
    let people = People::of_fleet(6_000);
    for (gate, mark) in [(Gate::small(), 0.3), (Gate::default(), 0.6)] {
        let rates = rates(&people, &gate);
        for rate in [rates.all, rates.tail] {
            assert!(rate.raw > rate.popular, "{rate:?}");
            assert!(rate.one_week >= rate.popular, "{}: {rate:?}", gate.name);
            assert!(rate.four_weeks >= rate.popular, "{}: {rate:?}", gate.name);
        }
        let kept = rates.all.kept(rates.all.four_weeks);
        assert!(kept >= mark, "{}: {kept:.2} of {:?}", gate.name, rates.all);
        assert!(
            rates.tail.four_weeks > rates.tail.popular,
            "{:?}",
            rates.tail
        );
    }
}
