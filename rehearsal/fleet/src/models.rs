//! Which models the simulated devices are: brands by share, and a steep zipf within each.

mod tail;

use rand::Rng;
use tail::RARE;

use crate::places::{weighted, zipf};

/// Share of the devices that are no table's, and of those that are of a rare brand.
const STRAY: f64 = 0.03;
const RARELY: f64 = 0.07;

/// A brand, its share of the fleet in percent, and codes of the table of models, most sold first.
struct Brand {
    name: &'static str,
    share: u32,
    codes: &'static [&'static str],
}

/// Codes that stand in no table.
const NOT_LISTED: &[(&str, &str)] = &[
    ("Nobody", "NB-1"),
    ("Samsung", "SM-X000-PROTOTYPE"),
    ("generic", "x86_64"),
    ("Apple", "AudioAccessory"),
];

const BRANDS: &[Brand] = &[
    Brand {
        name: "Samsung",
        share: 30,
        codes: &[
            "SM-S918W",
            "SM-S918N",
            "SM-S916W",
            "SM-S916N",
            "SM-S911W",
            "SM-S911N",
            "SM-S9110",
            "SM-S908U",
            "SM-S908B",
            "SM-S906U1",
            "SM-S906L",
            "SM-S9060",
            "SM-S901U",
            "SM-S901B",
            "SM-G998U1",
            "SM-G998B",
            "SM-G996U1",
            "SM-G9960",
            "SM-G991Q",
            "SM-G9910",
            "SM-G990U3",
            "SM-G990U",
            "SM-G990B",
            "SM-G988U1",
            "SM-G988N",
            "SM-G986W",
            "SM-G986N",
            "SM-G985F",
            "SM-G981U1",
            "SM-G981B",
            "SM-A546W",
            "SM-A546U",
            "SM-A546B",
            "SM-A536V",
            "SM-A536N",
            "SM-A5360",
            "SM-A530N",
            "SM-A528B",
            "SM-A526U",
            "SM-A5260",
            "SM-A520X",
            "SM-A520L",
            "SM-A336N",
            "SM-A336B",
        ],
    },
    Brand {
        name: "Apple",
        share: 26,
        codes: &[
            "iPhone15,3",
            "iPhone15,2",
            "iPhone14,8",
            "iPhone14,7",
            "iPhone14,6",
            "iPhone14,5",
            "iPhone14,4",
            "iPhone14,3",
            "iPhone14,2",
            "iPhone13,4",
            "iPhone13,3",
            "iPhone13,2",
            "iPhone13,1",
            "iPhone12,8",
            "iPhone12,5",
            "iPhone12,3",
            "iPhone12,1",
            "iPad14,2",
            "iPad14,1",
            "iPad13,9",
            "iPad13,8",
            "iPad13,7",
            "iPad13,6",
            "iPad13,5",
            "iPad13,4",
            "iPad13,2",
            "iPad13,17",
            "iPad13,16",
        ],
    },
    Brand {
        name: "Xiaomi",
        share: 11,
        codes: &[
            "Redmi Y1",
            "Redmi Note 7 Pro",
            "Redmi Note 5",
            "Redmi Note 2",
            "Redmi Go",
            "Redmi 6A",
            "Redmi 5 Plus",
            "Redmi 4",
            "M2105K81AC",
            "M2102J2SC",
            "M2101K9AG",
            "M2011K2C",
            "M2007J3SI",
            "M2007J17G",
            "22200414R",
            "2210132C",
            "22081212UG",
            "22071212AG",
            "22061218C",
            "2201123C",
            "2109119DI",
            "21091116I",
            "2107113SI",
            "21051182C",
        ],
    },
    Brand {
        name: "Oppo",
        share: 7,
        codes: &[
            "CPH2505", "CPH2471", "CPH2421", "CPH2365", "CPH2343", "CPH2309", "CPH2285", "CPH2263",
            "CPH2239", "CPH2217", "CPH2205", "CPH2195", "CPH2161", "CPH2135", "CPH2123", "CPH2095",
            "CPH2077", "CPH2065",
        ],
    },
    Brand {
        name: "Vivo",
        share: 7,
        codes: &[
            "V2305", "V2240", "V2230A", "V2218", "V2203", "V2180A", "V2164A", "V2152", "V2141A",
            "V2132A", "V2120", "V2109", "V2070", "V2060", "V2050", "V2042", "V2032", "V2025",
        ],
    },
    Brand {
        name: "Motorola",
        share: 4,
        codes: &[
            "motorola edge plus 5G UW (2022)",
            "motorola edge 30 ultra",
            "motorola edge 20 pro",
            "motorola edge (2021)",
            "moto g72",
            "moto g52",
            "moto g31(w)",
            "moto g(9) power",
            "moto g(8) power",
            "moto g(7) power",
            "moto g(7)",
            "moto g(6) (XT1925DL)",
            "moto g(30)",
            "moto g stylus 5G (2022)",
        ],
    },
    Brand {
        name: "Google",
        share: 3,
        codes: &[
            "Pixel 7 Pro",
            "Pixel 7",
            "Pixel 6a",
            "Pixel 6 Pro",
            "Pixel 6",
            "Pixel 5a",
            "Pixel 5",
            "Pixel 4a (5G)",
            "Pixel 4a",
            "Pixel 4 XL",
            "Pixel 4",
            "Pixel 3a XL",
            "Pixel 3a",
            "Pixel 3 XL",
        ],
    },
    Brand {
        name: "Huawei",
        share: 3,
        codes: &[
            "YAL-TL00", "YAL-L41", "YAL-L21", "YAL-AL10", "YAL-AL00", "VOG-TL00", "VOG-L29",
            "VOG-L09", "VOG-L04", "VOG-AL10",
        ],
    },
    Brand {
        name: "OnePlus",
        share: 3,
        codes: &[
            "NE2217", "NE2215", "NE2213", "NE2211", "NE2210", "LE2127", "LE2125", "LE2123",
            "LE2121", "LE2120",
        ],
    },
    Brand {
        name: "Realme",
        share: 2,
        codes: &[
            "RMX3370", "RMX3366", "RMX3363", "RMX3357", "RMX3350", "RMX3265", "RMX3262", "RMX3261",
            "RMX3231", "RMX3203", "RMX3202", "RMX3201",
        ],
    },
    Brand {
        name: "Tecno",
        share: 1,
        codes: &[
            "TECNO_W4",
            "TECNO i5",
            "TECNO R8S",
            "TECNO LD7j",
            "TECNO KG5h",
            "TECNO KB2j",
            "TECNO CI6n",
            "TECNO CA8S",
        ],
    },
    Brand {
        name: "Infinix",
        share: 1,
        codes: &[
            "Infinix_X601_LTE",
            "Infinix X690C",
            "Infinix X6823",
            "Infinix X676B",
            "Infinix X659",
            "Infinix X6511",
            "Infinix X609B",
            "Infinix X5516B",
        ],
    },
    Brand {
        name: "Nokia",
        share: 1,
        codes: &[
            "TA-1054",
            "TA-1028",
            "TA-1000",
            "Nokia X10",
            "Nokia G21",
            "Nokia C3",
            "Nokia C100",
            "Nokia 8 V 5G UW",
            "Nokia 5.3",
            "Nokia 3.1",
        ],
    },
    Brand {
        name: "Sony",
        share: 1,
        codes: &[
            "XQ-CT72", "XQ-CQ62", "XQ-CC44", "XQ-BQ52", "XQ-BE42", "XQ-AU52", "XQ-AT51", "XQ-AS42",
        ],
    },
];

/// Draws the brand and the model code of a device.
pub(crate) fn draw(rng: &mut impl Rng) -> (&'static str, &'static str) {
    if rng.random_bool(STRAY) {
        return NOT_LISTED[rng.random_range(0..NOT_LISTED.len())];
    }
    let (brand, codes) = if rng.random_bool(RARELY) {
        RARE[zipf(rng, RARE.len())]
    } else {
        let brand = weighted(rng, BRANDS, |brand| brand.share);
        (brand.name, brand.codes)
    };
    (brand, codes[zipf(rng, codes.len())])
}

#[cfg(test)]
mod tests {
    use kaiku_catalogue::Catalogue;

    use super::*;

    #[test]
    fn every_model_is_in_the_table_but_those_that_are_not_to_be() {
        let catalogue = Catalogue::sample();
        let often = BRANDS.iter().map(|brand| (brand.name, brand.codes));
        for (brand, codes) in often.chain(RARE.iter().copied()) {
            for code in codes {
                assert_ne!(catalogue.model(brand, code).as_str(), "unlisted", "{code}");
            }
        }
        for (brand, code) in NOT_LISTED {
            assert_eq!(catalogue.model(brand, code).as_str(), "unlisted", "{code}");
        }
    }
}
