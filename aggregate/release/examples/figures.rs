//! Prints the figures of the policies that are compiled in as JSON, for a check by other means: see
//! `scripts/opendp`.

use std::io::{self, Write};

use kaiku_release::{Cost, Policy};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let policies = [Policy::small(), Policy::default_policy(), Policy::large()];
    let all: Vec<Value> = policies.iter().map(figures_of).collect();
    let text = serde_json::to_string_pretty(&all).map_err(io::Error::other)?;
    writeln!(io::stdout(), "{text}")
}

fn figures_of(policy: &Policy) -> Value {
    let measures = policy.tables().iter().flat_map(|table| {
        let measures = table.measures().iter();
        measures.map(|measure| {
            let figures = measure.figures();
            json!({
                "table": table.name(),
                "measure": measure.name(),
                "rho": figures.rho.value(),
                "delta2": figures.delta2,
                "delta2_week": figures.delta2_week,
                "sigma": figures.sigma,
                "tau": figures.tau,
                "half_width": measure.half_width(),
            })
        })
    });
    let costs = policy.costs();
    json!({
        "policy": policy.name(),
        "k": policy.k(),
        "delta": policy.delta(),
        "z": policy.z(),
        "cells_touched": policy.cells_touched(),
        "costs": {
            "day": cost(costs.day),
            "week": cost(costs.week),
            "days_28": cost(costs.days_28),
            "year": cost(costs.year),
        },
        "measures": measures.collect::<Vec<_>>(),
    })
}

fn cost(cost: Cost) -> Value {
    json!({ "rho": cost.rho.value(), "epsilon": cost.epsilon, "delta": cost.delta })
}
