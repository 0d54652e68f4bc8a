//! The decision on how a run ended.

use crate::failures::verdict::{Crash, Evidence, ExitReason, Verdict, judge, overrule};

fn seen(change: impl FnOnce(&mut Evidence)) -> Verdict {
    let mut evidence = Evidence::default();
    change(&mut evidence);
    judge(&evidence)
}

#[test]
fn each_thing_that_is_known_of_a_run_decides_by_itself() {
    assert_eq!(seen(|_| {}), Verdict::EndedUnexpectedly);
    assert_eq!(seen(|e| e.stopped = true), Verdict::Clean);
    assert_eq!(seen(|e| e.replaced_itself = true), Verdict::Clean);
    assert_eq!(seen(|e| e.debugger_or_test = true), Verdict::DebuggerOrTest);
    assert_eq!(seen(|e| e.crash = Some(Crash::Segfault)), Verdict::Segfault);
    assert_eq!(seen(|e| e.crash = Some(Crash::Abort)), Verdict::Abort);
    assert_eq!(seen(|e| e.panicked = true), Verdict::Panic);
    assert_eq!(seen(|e| e.hung = true), Verdict::NotResponding);
    assert_eq!(seen(|e| e.release_changed = true), Verdict::ReleaseChanged);
    assert_eq!(seen(|e| e.rebooted = true), Verdict::Rebooted);
    assert_eq!(seen(|e| e.from_outside = true), Verdict::EndedFromOutside);
    assert_eq!(seen(|e| e.in_background = true), Verdict::InBackground);
}

/// All that can be known together, 2 × 2 × … × 3.
fn everything() -> impl Iterator<Item = Evidence> {
    (0..512_u32).flat_map(|bits| {
        let bit = move |at: u32| bits >> at & 1 == 1;
        [None, Some(Crash::Segfault), Some(Crash::Abort)].map(move |crash| Evidence {
            stopped: bit(0),
            replaced_itself: bit(1),
            debugger_or_test: bit(2),
            crash,
            panicked: bit(3),
            hung: bit(4),
            release_changed: bit(5),
            rebooted: bit(6),
            from_outside: bit(7),
            in_background: bit(8),
        })
    })
}

#[test]
fn what_stopped_or_was_under_a_debugger_is_never_a_failure() {
    for evidence in everything().filter(|e| e.stopped || e.debugger_or_test) {
        assert_eq!(judge(&evidence).cause(), None, "{evidence:?}");
    }
}

#[test]
fn a_crash_is_a_crash_whatever_else_happened_to_the_machine() {
    for evidence in everything().filter(|e| !e.stopped && !e.debugger_or_test) {
        let without = Evidence {
            release_changed: false,
            rebooted: false,
            from_outside: false,
            in_background: false,
            replaced_itself: false,
            ..evidence
        };
        if evidence.crash.is_some() || evidence.panicked || evidence.hung {
            assert_eq!(judge(&evidence), judge(&without), "{evidence:?}");
            assert!(judge(&evidence).cause().is_some(), "{evidence:?}");
        }
    }
}

#[test]
fn an_end_that_nothing_explains_is_a_failure_only_without_an_excuse() {
    let unexplained =
        everything().filter(|e| e.crash.is_none() && !e.panicked && !e.hung && !e.stopped);
    for evidence in unexplained {
        let excused = evidence.replaced_itself
            || evidence.debugger_or_test
            || evidence.release_changed
            || evidence.rebooted
            || evidence.from_outside
            || evidence.in_background;
        assert_eq!(judge(&evidence).cause().is_none(), excused, "{evidence:?}");
    }
}

#[test]
fn a_panic_that_may_not_unwind_is_a_panic_and_a_fault_after_one_is_a_fault() {
    let both = |crash| {
        seen(|e| {
            e.panicked = true;
            e.crash = Some(crash);
        })
    };
    assert_eq!(both(Crash::Abort), Verdict::Panic);
    assert_eq!(both(Crash::Segfault), Verdict::Segfault);
}

#[test]
fn the_hosts_word_wins() {
    for (word, verdict) in [
        (ExitReason::Clean, Verdict::Clean),
        (ExitReason::Unhandled, Verdict::Unhandled),
        (ExitReason::Abort, Verdict::Abort),
        (ExitReason::Segfault, Verdict::Segfault),
        (ExitReason::NotResponding, Verdict::NotResponding),
        (ExitReason::OutOfMemory, Verdict::OutOfMemory),
        (ExitReason::EndedByOwner, Verdict::EndedFromOutside),
        (ExitReason::EndedBySystem, Verdict::EndedFromOutside),
        (ExitReason::ReleaseChanged, Verdict::ReleaseChanged),
    ] {
        for marker in [
            Verdict::EndedUnexpectedly,
            Verdict::Segfault,
            Verdict::Clean,
        ] {
            assert_eq!(overrule(marker, false, word), verdict, "{word:?}");
        }
    }
}

#[test]
fn the_host_has_no_word_on_what_it_can_not_know() {
    for marker in [Verdict::EndedUnexpectedly, Verdict::Panic, Verdict::Clean] {
        assert_eq!(overrule(marker, false, ExitReason::Unknown), marker);
    }
    let test = Verdict::DebuggerOrTest;
    assert_eq!(overrule(test, false, ExitReason::Segfault), test);
    // Of a panic the system sees the exit or the abort.
    for how in [ExitReason::Abort, ExitReason::Clean] {
        assert_eq!(overrule(Verdict::Panic, false, how), Verdict::Panic);
    }
}

#[test]
fn memory_that_the_system_needs_is_a_failure_only_in_front_of_the_owner() {
    let pressure = |in_background| {
        overrule(
            Verdict::EndedUnexpectedly,
            in_background,
            ExitReason::MemoryPressure,
        )
    };
    assert_eq!(pressure(false).cause(), Some("out_of_memory"));
    assert_eq!(pressure(true).cause(), None);
}

#[test]
fn androids_reasons_are_read_as_it_documents_them() {
    for (reason, status, read) in [
        (0, 0, ExitReason::Unknown),
        (1, 0, ExitReason::Clean),
        (2, 9, ExitReason::Unknown),
        (2, 15, ExitReason::EndedByOwner),
        (2, 11, ExitReason::Segfault),
        (3, 0, ExitReason::MemoryPressure),
        (4, 0, ExitReason::Unhandled),
        (5, 6, ExitReason::Abort),
        (5, 11, ExitReason::Segfault),
        (6, 0, ExitReason::NotResponding),
        (8, 0, ExitReason::EndedBySystem),
        (10, 0, ExitReason::EndedByOwner),
        (16, 0, ExitReason::ReleaseChanged),
        (99, 0, ExitReason::Unknown),
    ] {
        assert_eq!(ExitReason::android(reason, status), read, "{reason}");
    }
}

#[test]
fn every_failure_has_a_cause_of_its_own() {
    let failures = [
        Verdict::Panic,
        Verdict::Abort,
        Verdict::Segfault,
        Verdict::NotResponding,
        Verdict::OutOfMemory,
        Verdict::Unhandled,
        Verdict::EndedUnexpectedly,
    ];
    let causes: std::collections::BTreeSet<_> =
        failures.iter().map(|f| f.cause().unwrap()).collect();
    assert_eq!(causes.len(), failures.len());
}
