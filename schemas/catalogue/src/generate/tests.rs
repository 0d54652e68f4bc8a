//! What is generated: the bytes, and that the tools of each language take them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::*;

/// Names and texts that are hard on some language.
const APP: &str = r#"
app = "app-1"
title = 'Maps "to go"'
titles.de = "Karten für $100 \\ Tag"
owner = "o"
expires = 2028-01-01

[features."route.bicycle"]
title = "Bicycle routes"
titles.de = "Fahrradrouten"
description = 'Ends */ a comment, has "quotes", \ and ${money}??/'
owner = "o"
recommend = true
expires = 2027-06-01

[features."3d.view"]
title = "Three dimensions"
description = "漢字 and é"
owner = "o"
expires = 2029-01-01

[features.import]
title = "Import"
description = """Two
lines"""
owner = "o"

[features.self]
title = "Self"
description = "A word that Rust and Swift keep"
owner = "o"

[causes."network.timeout"]
title = "No answer"
titles.de = "Keine Antwort"
description = "A request got no answer in time"

[causes.slow]
description = "Too slow"

[components.tiles]
description = "Map tiles"
paths = ["src/tiles/", "lib/tiles.c"]
"#;

const PROGRAM: &str = r#"
version = 3
[controller]
name = "Example"
contact = "privacy@example.com"
[consent.1]
text = "I take part."
[consent.2]
text = "I take part, and more."
texts.de = "Ich nehme teil, und mehr."
asks_for_more = true
"#;

const ALL: [Language; 6] = [
    Language::Rust,
    Language::C,
    Language::Python,
    Language::Kotlin,
    Language::Swift,
    Language::Json,
];

fn catalogue_of(app: &str) -> Catalogue {
    let files = [("app-1.toml", app), ("program.toml", PROGRAM)];
    let files = files.map(|(name, text)| (PathBuf::from(name), text.to_owned()));
    let (declared, program) = crate::load::read(Path::new("."), &files, Vec::new()).unwrap();
    Catalogue::new(declared, program)
}

fn hard(language: Language) -> String {
    generate(&catalogue_of(APP), "app-1", language).unwrap()
}

fn extension(language: Language) -> &'static str {
    match language {
        Language::Rust => "rs",
        Language::C => "h",
        Language::Python => "py",
        Language::Kotlin => "kt",
        Language::Swift => "swift",
        Language::Json => "json",
    }
}

/// Compares with the stored files; `KAIKU_WRITE_FIXTURES=1` writes them anew.
#[test]
fn what_is_generated_is_what_was_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generate/golden");
    for language in ALL {
        let file = folder.join(format!("hard.{}", extension(language)));
        let made = hard(language);
        if std::env::var_os("KAIKU_WRITE_FIXTURES").is_some() {
            fs::write(&file, &made).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), made, "{language:?}");
        assert_eq!(
            made,
            hard(language),
            "the same catalogue gives the same bytes"
        );
    }
}

#[test]
fn a_device_reads_its_app_its_consent_and_all_names_with_their_titles() {
    let json: Value = serde_json::from_str(&hard(Language::Json)).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["app"], "app-1");
    assert_eq!(json["titles"]["de"], "Karten für $100 \\ Tag");
    assert_eq!(json["controller"]["contact"], "privacy@example.com");
    let consent = &json["consent"];
    assert_eq!(
        (&consent["version"], &consent["asks_for_more_since"]),
        (&2.into(), &2.into())
    );
    assert_eq!(consent["texts"]["de"], "Ich nehme teil, und mehr.");
    let bicycle = &json["features"][0];
    assert_eq!(bicycle["titles"]["en"], "Bicycle routes");
    assert_eq!(
        (&bicycle["recommend"], &bicycle["expires"]),
        (&true.into(), &"2027-06-01".into())
    );
    assert_eq!(
        json["features"][1]["expires"], "2028-01-01",
        "not longer than its app"
    );
    let causes = json["causes"].as_array().unwrap();
    let names: Vec<_> = causes
        .iter()
        .map(|cause| cause["name"].as_str().unwrap())
        .collect();
    let built_in = crate::BUILT_IN_CAUSES.map(|(name, _)| name);
    assert_eq!(names[..7], built_in);
    assert_eq!(names[7..], ["network.timeout", "slow"]);
    assert!(causes.iter().all(|cause| cause["titles"]["en"].is_string()));
    assert_eq!(causes[8]["titles"]["en"], "Too slow", "for want of a title");
    let tiles = &json["components"][0];
    assert_eq!(
        tiles["paths"],
        serde_json::json!(["src/tiles/", "lib/tiles.c"])
    );
}

#[test]
fn two_names_that_become_one_are_both_named() {
    let twice = format!(
        "{APP}[components.\"a.b\"]\ndescription = \"x\"\n[components.a_b]\ndescription = \"y\"\n"
    );
    for language in ALL {
        let made = generate(&catalogue_of(&twice), "app-1", language);
        if language == Language::Json {
            assert!(made.is_ok());
            continue;
        }
        let said = made.unwrap_err().to_string();
        let both = "component `a.b` and component `a_b` are both `";
        assert!(
            said.starts_with(both) && said.contains(language.as_str()),
            "{said}"
        );
    }
    let unknown = generate(&catalogue_of(APP), "chess", Language::Json).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the catalogue lists no app `chess`; it lists app-1"
    );
}

/// Every file that is compiled: that of hard names, and those of the sample, one without components.
fn sources(language: Language) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let sample = Catalogue::sample();
    let bare = "app = \"app-1\"\ntitle = \"t\"\nowner = \"o\"\nexpires = 2028-01-01\n";
    let made = [
        ("hard", hard(language)),
        ("maps", generate(&sample, "maps", language).unwrap()),
        ("music", generate(&sample, "music", language).unwrap()),
        (
            "bare",
            generate(&catalogue_of(bare), "app-1", language).unwrap(),
        ),
    ];
    let files = made.map(|(name, text)| {
        let file = folder.path().join(name).with_extension(extension(language));
        fs::write(&file, text).unwrap();
        file
    });
    (folder, files.into())
}

/// Runs a tool, which must be there and say nothing.
fn silent(command: &mut Command) {
    let said = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [said.stdout, said.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(
        said.status.success() && text.is_empty(),
        "{command:?}: {text}"
    );
}

#[test]
fn rustc_takes_what_is_written_for_rust_and_the_names_lead_back() {
    let (folder, files) = sources(Language::Rust);
    let program = folder.path().join("program.rs");
    let text = "#![deny(warnings)]\n#[allow(dead_code)]\nmod hard;\n#[allow(dead_code)]\nmod maps;\n\
                #[allow(dead_code)]\nmod music;\n#[allow(dead_code)]\nmod bare;\nfn main() {\n\
                assert_eq!(hard::Feature::RouteBicycle.as_str(), \"route.bicycle\");\n\
                assert_eq!(hard::Feature::Self_.as_ref(), \"self\");\n\
                assert_eq!(hard::Cause::ALL.len(), 9);\nprint!(\"{}\", hard::CATALOGUE);\n}\n";
    fs::write(&program, text).unwrap();
    let exe = folder.path().join("program");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    silent(
        command
            .args(["--edition", "2021", "-o"])
            .arg(&exe)
            .arg(&program),
    );
    let said = Command::new(&exe).output().unwrap();
    assert_eq!(
        String::from_utf8(said.stdout).unwrap() + "\n",
        hard(Language::Json)
    );
    assert_eq!(files.len(), 4);
}

#[test]
fn gcc_takes_what_is_written_for_c_as_c_and_as_cpp_and_the_names_lead_back() {
    let (folder, _) = sources(Language::C);
    let program = folder.path().join("program.c");
    let text = "#include \"hard.h\"\n#include \"maps.h\"\n#include \"music.h\"\n#include <stdio.h>\n\
                int main(void) { fputs(KAIKU_APP_1_CATALOGUE, stdout);\n\
                fputs(KAIKU_MAPS_APP, stderr); fputs(KAIKU_MUSIC_APP, stderr);\n\
                fputs(kaiku_app_1_feature_name(KAIKU_APP_1_FEATURE_N3D_VIEW), stderr); return 0; }\n";
    fs::write(&program, text).unwrap();
    let exe = folder.path().join("program");
    let strict = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function"];
    let mut c = Command::new("gcc");
    silent(
        c.args(["-std=c99"])
            .args(strict)
            .arg("-o")
            .arg(&exe)
            .arg(&program),
    );
    let bare = folder.path().join("bare.h");
    let check = ["-fsyntax-only", "-Wno-unused-variable"];
    silent(
        Command::new("gcc")
            .args(["-std=c99", "-x", "c"])
            .args(strict)
            .args(check)
            .arg(bare),
    );
    let mut cpp = Command::new("gcc");
    let check = ["-fsyntax-only", "-x", "c++", "-std=c++11"];
    silent(cpp.args(check).args(strict).arg(&program));
    let said = Command::new(&exe).output().unwrap();
    assert_eq!(
        String::from_utf8(said.stdout).unwrap() + "\n",
        hard(Language::Json)
    );
    assert_eq!(String::from_utf8(said.stderr).unwrap(), "mapsmusic3d.view");
}

#[test]
fn python_takes_what_is_written_for_python_and_the_names_lead_back() {
    let (folder, files) = sources(Language::Python);
    let mut compile = Command::new("python3");
    silent(
        compile
            .args(["-W", "error", "-m", "py_compile"])
            .args(&files),
    );
    let text = "import bare, hard, maps, music\n\
                assert hard.Feature.ROUTE_BICYCLE == 'route.bicycle'\n\
                assert str(hard.Feature.N3D_VIEW) == '3d.view' and len(hard.Cause) == 9\n\
                assert not hasattr(bare, 'Feature')\n\
                import sys; sys.stdout.buffer.write(hard.CATALOGUE.encode())\n";
    let mut run = Command::new("python3");
    let said = run
        .args(["-c", text])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    assert_eq!(
        String::from_utf8(said.stdout).unwrap() + "\n",
        hard(Language::Json)
    );
}
