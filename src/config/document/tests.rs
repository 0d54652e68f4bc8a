//! Every error is found, and says where.

use serde::Deserialize;

use super::*;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sample {
    name: String,
    size: u32,
    names: Vec<String>,
    inner: Inner,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Inner {
    on: bool,
    file: String,
}

fn variables(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_error_of_every_section_is_found_with_its_place() {
    let text = "[a]\nname = 3\nsize = \"x\"\nnmae = 1\n\n[b]\nsize = -1\n[d]\n";
    let mut document = Document::new("file", text);
    assert_eq!(document.take::<Sample>("a"), Some(Sample::default()));
    assert_eq!(document.take::<Sample>("b"), Some(Sample::default()));
    assert_eq!(document.take::<Sample>("c"), Some(Sample::default()));
    let mut problems = lines(&document.finish(&["a", "b", "c"]));
    problems.sort();
    let starts = [
        "file:2:8: [a] ",
        "file:3:8: [a] ",
        "file:4:1: [a] ",
        "file:7:8: [b] ",
        "file:8:2: ",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(
            problem.starts_with(start),
            "{problem} does not start with {start}"
        );
    }
}

#[test]
fn every_error_of_a_table_within_a_section_is_found_with_its_place() {
    let text = "[a]\nsize = 1\n[a.inner]\non = 3\nfoo = 1\nfile = 2\nbar = 2\n";
    let mut document = Document::new("file", text);
    assert!(document.take::<Sample>("a").is_some());
    let mut problems = lines(&document.finish(&["a"]));
    problems.sort();
    let starts = [
        "file:4:6: [a.inner] ",
        "file:5:1: [a.inner] unknown field `foo`",
        "file:6:8: [a.inner] ",
        "file:7:1: [a.inner] unknown field `bar`",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}: {start}");
    }
}

#[test]
fn a_variable_of_a_table_within_a_section_that_does_not_exist_is_named() {
    let list = variables(&[("KAIKU_A__INNER__FOO", "1"), ("KAIKU_A__INNER__ON", "true")]);
    let mut document = Document::new("file", "");
    document.overlay(&list);
    let sample = document.take::<Sample>("a").unwrap_or_default();
    assert!(sample.inner.on);
    let problems = lines(&document.finish(&["a"]));
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(
        problems[0].starts_with("KAIKU_A__INNER__FOO: "),
        "{problems:#?}"
    );
}

#[test]
fn what_is_expected_is_said_in_words() {
    let mut document = Document::new("file", "[a]\nsize = \"x\"\n");
    assert!(document.take::<Sample>("a").is_some());
    let problems = lines(&document.finish(&["a"]));
    let said = "file:2:8: [a] size: invalid type: string \"x\", expected a whole number from 0";
    assert_eq!(problems, [said]);
}

#[test]
fn what_is_no_toml_is_told_alone() {
    let document = Document::new("file", "[kafka\nbrokers = 1\n");
    let problems = lines(&document.finish(&["kafka"]));
    assert_eq!(problems.len(), 1, "{problems:#?}");
}

#[test]
fn syntax_errors_are_all_reported() {
    let document = Document::new("file", "[a]\nname = \nsize = 3 4\n");
    assert!(document.finish(&[]).len() >= 2);
}

#[test]
fn a_variable_lies_over_the_file_and_may_be_deep() {
    let list = variables(&[
        ("KAIKU_A__SIZE", "7"),
        ("KAIKU_A__NAME", "12"),
        ("KAIKU_A__NAMES", "[\"x\", \"y\"]"),
        ("KAIKU_A__INNER__FILE", "/etc/true"),
        ("KAIKU_CONFIG", "other"),
        ("PATH", "x"),
    ]);
    let mut document = Document::new("file", "[a]\nname = \"n\"\n[a.inner]\non = true\n");
    document.overlay(&list);
    let sample: Option<Sample> = document.take("a");
    assert_eq!(lines(&document.finish(&["a"])), Vec::<String>::new());
    let expected = Sample {
        name: "12".into(),
        size: 7,
        names: vec!["x".into(), "y".into()],
        inner: Inner {
            on: true,
            file: "/etc/true".into(),
        },
    };
    assert_eq!(sample, Some(expected));
}

#[test]
fn an_error_of_a_variable_names_the_variable() {
    let list = variables(&[
        ("KAIKU_A__SIZE", "many"),
        ("KAIKU_A__SIEZ", "1"),
        ("KAIKU_B__SIZE", "1"),
    ]);
    let mut document = Document::new("file", "");
    document.overlay(&list);
    assert_eq!(document.take::<Sample>("a"), Some(Sample::default()));
    let problems = lines(&document.finish(&["a"]));
    assert_eq!(problems.len(), 3, "{problems:#?}");
    for name in ["KAIKU_A__SIZE", "KAIKU_A__SIEZ", "KAIKU_B__SIZE"] {
        assert!(
            problems.iter().any(|problem| problem.starts_with(name)),
            "{problems:#?}"
        );
    }
}
