//! Where the simulated devices are: countries by weight, and the networks of each.

mod tail;

use rand::Rng;
use tail::RARE;

/// Share of the devices that are in one of the rare countries.
const RARELY: f64 = 0.09;

/// A country, its weight in the fleet, and its networks (mcc, mnc) with weights.
struct Place {
    /// ISO 3166-1 alpha-2.
    country: &'static str,
    weight: u32,
    networks: &'static [(&'static str, &'static str, u32)],
}

/// The SIM's network of a device: (mcc, mnc).
pub(crate) type Network = (&'static str, &'static str);

/// Whether a network is one of those of a country of many devices.
pub(crate) fn is_of(network: Network, country: &str) -> bool {
    let place = PLACES.iter().find(|place| place.country == country);
    place.is_some_and(|place| {
        let mut networks = place.networks.iter();
        networks.any(|(mcc, mnc, _)| (*mcc, *mnc) == network)
    })
}

const PLACES: &[Place] = &[
    Place {
        country: "IN",
        weight: 18,
        networks: &[
            ("405", "840", 40),
            ("404", "10", 33),
            ("404", "20", 18),
            ("404", "34", 9),
        ],
    },
    Place {
        country: "US",
        weight: 16,
        networks: &[
            ("311", "480", 38),
            ("310", "410", 32),
            ("310", "160", 28),
            ("311", "220", 2),
        ],
    },
    Place {
        country: "DE",
        weight: 12,
        networks: &[("262", "01", 36), ("262", "02", 32), ("262", "03", 32)],
    },
    Place {
        country: "BR",
        weight: 10,
        networks: &[("724", "06", 38), ("724", "05", 34), ("724", "02", 28)],
    },
    Place {
        country: "GB",
        weight: 8,
        networks: &[
            ("234", "30", 32),
            ("234", "10", 30),
            ("234", "15", 22),
            ("234", "20", 16),
        ],
    },
    Place {
        country: "FR",
        weight: 8,
        networks: &[
            ("208", "01", 36),
            ("208", "10", 26),
            ("208", "15", 20),
            ("208", "20", 18),
        ],
    },
    Place {
        country: "JP",
        weight: 7,
        networks: &[
            ("440", "10", 42),
            ("440", "50", 30),
            ("440", "20", 22),
            ("440", "11", 6),
        ],
    },
    Place {
        country: "ID",
        weight: 6,
        networks: &[
            ("510", "10", 46),
            ("510", "01", 28),
            ("510", "11", 17),
            ("510", "09", 9),
        ],
    },
    Place {
        country: "FI",
        weight: 5,
        networks: &[("244", "05", 38), ("244", "91", 34), ("244", "12", 28)],
    },
    Place {
        country: "ES",
        weight: 4,
        networks: &[
            ("214", "07", 34),
            ("214", "03", 30),
            ("214", "01", 24),
            ("214", "04", 12),
        ],
    },
    Place {
        country: "PL",
        weight: 3,
        networks: &[
            ("260", "06", 30),
            ("260", "03", 28),
            ("260", "01", 22),
            ("260", "02", 20),
        ],
    },
    Place {
        country: "SE",
        weight: 2,
        networks: &[("240", "01", 50), ("240", "07", 50)],
    },
    Place {
        country: "CH",
        weight: 1,
        networks: &[("228", "01", 60), ("228", "02", 40)],
    },
];

/// Draws a country, and a network of it.
pub(crate) fn draw(rng: &mut impl Rng) -> (&'static str, Network) {
    let (country, networks) = if rng.random_bool(RARELY) {
        RARE[zipf(rng, RARE.len())]
    } else {
        let place = weighted(rng, PLACES, |place| place.weight);
        (place.country, place.networks)
    };
    let (mcc, mnc, _) = *weighted(rng, networks, |network| network.2);
    (country, (mcc, mnc))
}

/// Draws a rank below `most` of a zipf distribution, by the inverse of its continuous form.
pub(crate) fn zipf(rng: &mut impl Rng, most: usize) -> usize {
    let rank = (rng.random::<f64>() * (most as f64).ln()).exp() - 1.0;
    // Truncation is what makes a rank an index.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = rank as usize;
    index.min(most.saturating_sub(1))
}

/// Draws one of a list by weight. The list must not be empty, nor all its weights 0.
pub(crate) fn weighted<'a, T>(
    rng: &mut impl Rng,
    list: &'a [T],
    weight: impl Fn(&T) -> u32,
) -> &'a T {
    let mut left = rng.random_range(0..list.iter().map(&weight).sum::<u32>());
    for item in list {
        let of_item = weight(item);
        if left < of_item {
            return item;
        }
        left -= of_item;
    }
    &list[list.len() - 1]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_catalogue::Catalogue;

    use super::*;

    #[test]
    fn every_network_is_in_the_table_of_operators_and_in_its_country() {
        let catalogue = Catalogue::sample();
        let often = PLACES.iter().map(|place| (place.country, place.networks));
        for (country, networks) in often.chain(RARE.iter().copied()) {
            for (mcc, mnc, _) in networks {
                assert_ne!(
                    catalogue.operator(mcc, mnc).as_str(),
                    "unlisted",
                    "{mcc}-{mnc}"
                );
                assert_eq!(catalogue.country_of_mcc(mcc).unwrap().as_str(), country);
            }
        }
    }
}
