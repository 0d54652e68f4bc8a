//! What is suggested, how often, and to whom nothing is.

use kaiku_device::{Connection, Level, Program};

use super::*;

#[test]
fn what_others_who_use_the_same_use_too_is_recommended_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    let english = program.recommend("en", 10);
    assert_eq!(english.len(), 1, "one a day");
    let first = &english[0];
    assert_eq!(
        (&*first.feature, &*first.title),
        ("layer.traffic", "Traffic")
    );
    assert_eq!(first.because, "You use “Car routes”");
    assert_eq!(first.because_feature, "route.car");
    program.dismiss("layer.traffic");
    let german = program.recommend("de-AT", 10);
    assert_eq!(german[0].title, "Fahrradrouten");
    assert_eq!(german[0].because, "Du benutzt „Autorouten“");
    assert_eq!(program.recommend("en", 0), []);
}

#[test]
fn nothing_is_recommended_that_is_used_dismissed_expired_not_marked_or_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    let program = driver(&bench);
    // The trial has the highest score, and expires tomorrow; a later app has another one still.
    assert_eq!(names(&program), ["trial"].map(String::from).to_vec());
    bench.hand.pass(DAY);
    assert_eq!(names(&program), ["layer.traffic"]);
    // Not written down yet, and used all the same.
    program.used("layer.traffic");
    assert_eq!(names(&program), ["route.bicycle"]);
    program.work();
    assert_eq!(names(&program), ["route.bicycle"]);
    program.dismiss("route.bicycle");
    assert!(names(&program).is_empty());
    program.work();
    drop(program);
    assert!(names(&reopened(&bench)).is_empty());
    let other = tempfile::tempdir().unwrap();
    let bench = super::bench(other.path());
    let program = open_on(&bench);
    take(&program, &bench, &file_of(1, &key(1)));
    program.used("layer.traffic");
    // The map goes with cars; that it is not marked keeps it from being recommended, not from being a reason.
    assert_eq!(program.recommend("en", 1)[0].because_feature, "base.map");
    program.used("route.car");
    let all: Vec<String> = (0..4)
        .flat_map(|_| names_then_dismissed(&program))
        .collect();
    assert_eq!(all, ["trial", "route.bicycle"]);
}

fn names_then_dismissed(program: &Program) -> Vec<String> {
    let names = names(program);
    names.iter().for_each(|name| program.dismiss(name));
    names
}

#[test]
fn one_a_day_is_shown_and_none_more_than_three_times() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    for _ in 0..3 {
        assert_eq!(names(&program), ["layer.traffic"]);
        program.shown("layer.traffic");
        assert!(names(&program).is_empty());
        program.work();
        assert!(names(&program).is_empty());
        bench.hand.pass(DAY);
    }
    assert_eq!(names(&program), ["route.bicycle"]);
    drop(program);
    assert_eq!(names(&reopened(&bench)), ["route.bicycle"]);
}

#[test]
fn nothing_is_recommended_or_remembered_where_it_is_not_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    // The host pins no key.
    let program = bench.open_on();
    program.used("route.car");
    program.send_now();
    assert_eq!(send_all(&program, &mut Server::default(), &bench.hand), 1);
    assert_eq!(program.next_fetch(Connection::Unmetered), None);
    assert_eq!(program.waiting("en"), []);
    program.shown("layer.traffic");
    program.work();
    assert_eq!(program.waiting("en"), []);
    drop(program);
    // Its owner agreed to failures alone, after a time of more.
    let program = driver(&bench);
    program.turn_on(Level::Failures, 2, "en").unwrap();
    program.work();
    assert!(names(&program).is_empty());
    assert!(!program.export("en").contains("route.car"));
    program.used("route.bicycle");
    program.work();
    assert_eq!(program.waiting("en"), []);
}

#[test]
fn who_wants_none_gets_none_is_not_remembered_and_may_change_their_mind() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    assert_eq!(names(&program), ["layer.traffic"]);
    program.never();
    assert!(names(&program).is_empty());
    program.used("layer.traffic");
    program.send_now();
    send_all(&program, &mut Server::default(), &bench.hand);
    assert_eq!(program.waiting("en"), []);
    bench.hand.pass(8 * DAY);
    assert_eq!(fetch_behind_an_upload(&program, &bench), None);
    drop(program);
    let program = reopened(&bench);
    assert!(names(&program).is_empty());
    program.again();
    program.used("route.car");
    program.work();
    assert_eq!(names(&program), ["layer.traffic"]);
}
