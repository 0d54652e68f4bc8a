//! `KAIKU_DEBUG=1`: each upload in clear on the standard error, for whoever builds the app. Its
//! identifiers are left out: what is printed may end up in a log.

use crate::contents::Outgoing;
use crate::tally::What;

#[expect(
    clippy::print_stderr,
    reason = "the developer asked for it by a variable"
)]
pub(crate) fn print(outgoing: &Outgoing) {
    eprintln!("{}", text(outgoing));
}

pub(crate) fn text(outgoing: &Outgoing) -> String {
    let mut text = format!(
        "kaiku: an upload of {} bytes: {}, release {}, consent to version {}",
        outgoing.body.len(),
        outgoing.day(),
        outgoing.release,
        outgoing.consent.0,
    );
    for (what, times) in &outgoing.events {
        let line = match what {
            What::Started => "started".to_owned(),
            What::Stopped(length) => format!("stopped, {length:?}"),
            What::Used(feature) => format!("feature_used {feature}"),
            What::Failed {
                cause,
                component,
                fatal,
            } => format!(
                "failed {cause}{}{}",
                component
                    .as_ref()
                    .map_or(String::new(), |name| format!(" in {name}")),
                if *fatal { ", fatal" } else { "" },
            ),
        };
        text.push_str(&format!("\nkaiku:   {line}, {times} times"));
    }
    for (reason, events) in &outgoing.losses {
        text.push_str(&format!("\nkaiku:   left out, {reason:?}: {events}"));
    }
    text
}
