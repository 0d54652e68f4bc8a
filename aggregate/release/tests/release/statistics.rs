//! Noise and intervals, measured over many draws from fixed keys.

use kaiku_release::{Cell, Policy, Released, release};

use crate::support::{a_day, cell, folding, noise};

/// Cells by country number, all with the same counts.
fn equal_cells(count: usize, counts: &[u64]) -> Vec<Cell> {
    (0..count)
        .map(|n| cell(&["maps", "Nokia/A", &n.to_string()], counts))
        .collect()
}

/// The noise of a measure in rows of the finest level.
fn noises(released: &Released, measure: usize, truth: i64) -> Vec<f64> {
    released
        .rows()
        .iter()
        .filter(|row| row.level() == 0)
        .map(|row| (row.values()[measure].value - truth) as f64)
        .collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[test]
fn noise_has_the_variance_of_the_policy_no_bias_and_no_correlation() {
    let policy = folding();
    let table = &policy.tables()[0];
    let count = 20_000;
    let released = release(
        table,
        a_day(),
        equal_cells(count, &[9_000, 500]),
        &noise(11),
    )
    .unwrap();
    assert_eq!(released.rows().len(), count);
    let (devices, crashed) = (noises(&released, 0, 9_000), noises(&released, 1, 500));
    for (numbers, measure) in [(&devices, 0), (&crashed, 1)] {
        let sigma = table.measures()[measure].figures().next().unwrap().sigma;
        assert_eq!(sigma, 5.0);
        let mean = mean(numbers);
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
        // Four standard errors of each.
        assert!(mean.abs() < 4.0 * sigma / (count as f64).sqrt(), "{mean}");
        assert!(
            (variance / (sigma * sigma) - 1.0).abs() < 4.0 * (2.0 / count as f64).sqrt(),
            "{variance}"
        );
        let within = numbers.iter().filter(|x| x.abs() <= sigma).count() as f64 / count as f64;
        // P(|N| ≤ 5) of the discrete Gaussian with σ = 5 is 0.7286, for 0.6827 of the continuous one.
        assert!((within - 0.7286).abs() < 0.0130, "{within}");
    }
    let products: Vec<f64> = devices
        .iter()
        .zip(&crashed)
        .map(|(a, b)| a * b / 25.0)
        .collect();
    assert!(mean(&products).abs() < 4.0 / (count as f64).sqrt());
}

#[test]
fn intervals_cover_the_truth_in_95_of_100_released_rows() {
    let policy = folding();
    let table = &policy.tables()[0];
    let tau = table.measures()[0].figures().next().unwrap().tau.unwrap();
    for (seal, off) in [
        (1, -12),
        (2, -8),
        (3, -5),
        (4, -2),
        (5, 0),
        (6, 3),
        (7, 8),
        (8, 20),
        (9, 500),
    ] {
        let truth = tau + off;
        let cells = equal_cells(6_000, &[u64::try_from(truth).unwrap(), 40]);
        let released = release(table, a_day(), cells, &noise(seal)).unwrap();
        for (measure, truth) in [(0, truth), (1, 40)] {
            let rows: Vec<_> = released
                .rows()
                .iter()
                .filter(|row| row.level() == 0)
                .map(|row| row.values()[measure])
                .collect();
            let covered = rows
                .iter()
                .filter(|value| value.lower <= truth && truth <= value.upper)
                .count();
            let (rows, covered) = (rows.len() as f64, covered as f64);
            let tolerance = 4.0 * (0.05 * 0.95 / rows).sqrt();
            assert!(rows > 20.0, "{off}: {rows} rows");
            assert!(
                covered / rows >= 0.95 - tolerance,
                "{off}: {covered} of {rows}"
            );
            // Not by being wide: integers make it a little more than 95 %.
            assert!(
                rows < 3_000.0 || covered / rows < 0.985,
                "{off}: {covered} of {rows}"
            );
        }
    }
}

#[test]
fn an_interval_that_forgets_the_selection_would_not_hold() {
    let policy = folding();
    let table = &policy.tables()[0];
    let tau = table.measures()[0].figures().next().unwrap().tau.unwrap();
    let truth = tau - 8;
    let cells = equal_cells(6_000, &[u64::try_from(truth).unwrap(), 40]);
    let released = release(table, a_day(), cells, &noise(2)).unwrap();
    let rows: Vec<_> = released
        .rows()
        .iter()
        .filter(|row| row.level() == 0)
        .map(|row| row.values()[0].value)
        .collect();
    let usual = rows
        .iter()
        .filter(|value| (**value - truth).abs() <= 10)
        .count();
    assert!(
        (usual as f64) < 0.90 * rows.len() as f64,
        "{usual} of {}",
        rows.len()
    );
}

#[test]
fn a_fleet_of_twenty_thousand_sees_useful_cells() {
    // 14,000 devices a day: 11,000 in one app, 8,000 in the other.
    let policy = Policy::small();
    let head = [0.40, 0.20, 0.10, 0.07, 0.05, 0.04, 0.03, 0.02];
    let shares = head.into_iter().chain([0.006; 15]).collect::<Vec<_>>();
    let apps = [("maps", 11_000.0), ("music", 8_000.0)];
    let cells = apps.iter().flat_map(|(app, devices)| {
        shares
            .iter()
            .enumerate()
            .map(move |(n, share)| cell(&[app, &format!("C{n}")], &[(devices * share) as u64]))
    });
    let released = release(
        policy.table("activity_daily").unwrap(),
        a_day(),
        cells.collect(),
        &noise(1),
    )
    .unwrap();
    let named = released
        .rows()
        .iter()
        .filter(|row| row.level() == 0)
        .count();
    assert!(named >= 14, "{named} of the 16 large ones");
    let rests = released.rows().iter().filter(|row| row.folded()).count();
    assert_eq!(rests, 2, "one of each app");

    let cells = (0..25_u64).map(|n| {
        cell(
            &["maps", &format!("feature.{n}")],
            &[5_500 / (n + 1), 2_000 / (n + 1), 500 / (n + 1)],
        )
    });
    let released = release(
        policy.table("features_daily").unwrap(),
        a_day(),
        cells.collect(),
        &noise(1),
    )
    .unwrap();
    assert!(
        released.rows().len() >= 22,
        "{} of 25 features",
        released.rows().len()
    );
}
