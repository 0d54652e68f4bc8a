"""Holds the figures of the policies, as JSON on standard input, against OpenDP's own: see scripts/opendp."""

import json
import math
import sys
from importlib.metadata import version

import opendp.prelude as dp
from opendp.accuracy import discrete_gaussian_scale_to_accuracy

dp.enable_features("contrib")

wrong = []


def expect(holds, what):
    if not holds:
        wrong.append(what)


def rho_of(sigma, delta2):
    """ρ of integer counts with noise of σ under a squared L2 sensitivity."""
    counts = dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float)
    return dp.m.make_gaussian(*counts, scale=sigma).map(math.sqrt(delta2))


def epsilon_of(rho, delta):
    """ε at δ of ρ, by OpenDP's conversion."""
    number = dp.atom_domain(T=float, nan=False), dp.absolute_distance(T=float)
    # Noise on so fine a grid that its own rounding is nothing.
    gaussian = dp.m.make_gaussian(*number, scale=1.0)
    curve = dp.c.make_zCDP_to_approxDP(gaussian).map(math.sqrt(2 * rho))
    return curve.epsilon(delta)


def selection_of(sigma, cells, excess):
    """δ of showing cells of one device each where their noise exceeds `excess` above it."""
    counts = (
        dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=int)),
        dp.l02inf_distance(dp.absolute_distance(T=float)),
    )
    threshold = dp.m.make_gaussian_threshold(*counts, scale=sigma, threshold=excess + 1)
    return threshold.map((cells, math.sqrt(cells), 1.0))[1]


def check_measure(policy, measure):
    name = f"{policy['policy']} {measure['table']} {measure['measure']}"
    sigma, delta2, week = measure["sigma"], measure["delta2"], measure["delta2_week"]
    period, whole = rho_of(sigma, delta2), rho_of(sigma, week)
    # One part in 10^12: the last digits of a double.
    expect(period <= measure["rho"] * (1 + 1e-12), f"{name}: ρ {period} > {measure['rho']}")
    expect(period >= measure["rho"] * 0.999, f"{name}: ρ {period} is far below {measure['rho']}")
    chance = None
    if measure["tau"] is not None:
        chance = selection_of(sigma, week, measure["tau"] - policy["k"])
        ours = policy["delta"] / 2 * week / policy["cells_touched"]
        expect(chance <= ours, f"{name}: δ {chance} > {ours}")
    # OpenDP's is the least a with P(|N| ≥ a) ≤ 5 %; the half of an interval is the number before it.
    accuracy = discrete_gaussian_scale_to_accuracy(sigma, 0.05)
    expect(math.ceil(accuracy) - 1 == measure["half_width"], f"{name}: ± {measure['half_width']}, OpenDP {accuracy}")
    return whole, chance


def main():
    print(f"OpenDP {version('opendp')}")
    for policy in json.load(sys.stdin):
        name = policy["policy"]
        rho = selection = 0.0
        for measure in policy["measures"]:
            whole, chance = check_measure(policy, measure)
            rho += whole
            selection += chance or 0.0
        stated = policy["costs"]["week"]
        expect(rho <= stated["rho"], f"{name}: ρ {rho} > {stated['rho']}")
        half = policy["delta"] / 2
        expect(selection <= half, f"{name}: δ {selection} > {half}")
        print(f"{name}: a device-week: ρ {rho:.6f} (stated {stated['rho']}), δ of selection {selection:.3e} (at most {half})")
        for what, cost in policy["costs"].items():
            found = epsilon_of(cost["rho"], half)
            off = abs(found - cost["epsilon"]) / found
            expect(off < 1e-6, f"{name} {what}: ε {cost['epsilon']}, OpenDP {found}")
            print(f"  {what}: ρ {cost['rho']}: ε {cost['epsilon']:.6f}, OpenDP {found:.6f}")
    for text in wrong:
        print("WRONG", text)
    sys.exit(1 if wrong else 0)


main()
