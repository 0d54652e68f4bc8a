//! What a host hands over when it opens the program.

use std::path::PathBuf;

use kaiku_wire::Clock;

use crate::{
    DeviceCatalogue, KeyFile, KeySource, MachineId, PlaceMark, Random, failures, recommend,
};

/// Longest name that the contract takes, in bytes.
const TEXT_BYTES: usize = 96;

/// All that a program needs to know. [`Settings::new`] has what a desktop wants for the rest.
pub struct Settings {
    /// A folder of the program's own. Backups must leave it out, see the package's README.
    pub folder: PathBuf,
    /// What the app may say.
    pub catalogue: DeviceCatalogue,
    /// Release of the app, as the catalogue of the server names it.
    pub release: String,
    /// What the device is.
    pub device: DeviceFacts,
    /// The key that names the app to the gateway. It is in every copy of the app and proves nothing.
    pub app_key: String,
    /// Where the key of the spool comes from.
    pub key: Box<dyn KeySource>,
    /// What tells this place from another.
    pub place: Box<dyn PlaceMark>,
    /// The time.
    pub clock: Clock,
    /// Random numbers.
    pub random: Random,
    /// Whether what is recorded counts.
    pub environment: Environment,
    /// Files that turn the program off for everybody of the machine, whatever the app says.
    pub policy_files: Vec<PathBuf>,
    /// What the process's environment says.
    pub variables: Variables,
    /// Whether an upload may take a connection that costs its owner money.
    pub metered: bool,
    /// How failures are watched for: with a marker of the run and without handlers for signals,
    /// unless asked for; `None` for not at all. Folder, release and components are filled in.
    pub failures: Option<failures::Settings>,
    /// Whether features are suggested to the owner, and by which keys the file of suggestions is believed; `None` for not at all,
    /// and then nothing is remembered for it.
    pub recommend: Option<recommend::Settings>,
    /// The SQLite file system by name, for tests that cut the power; `None` for the usual one.
    #[doc(hidden)]
    pub vfs: Option<String>,
}

/// What the device is. What does not fit the contract is cut or left out, never refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFacts {
    /// What stands on it: Android's `Build.BRAND`, or `Apple`.
    pub brand: String,
    /// Model code.
    pub model: String,
    /// Mobile country code of the SIM's network.
    pub mcc: Option<String>,
    /// Mobile network code of the SIM's network.
    pub mnc: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// Whether what is recorded counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// It does.
    #[default]
    Production,
    /// It is checked by the gateway, answered, and dropped. Works where `CI` is set, too.
    Test,
}

/// The variables of the process's environment that the program obeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// `DO_NOT_TRACK` is set, and neither empty nor `0`: the program is off.
    pub do_not_track: bool,
    /// `CI` is set, and neither empty, `0` nor `false`: off, but for tests.
    pub ci: bool,
    /// `KAIKU_DEBUG` is `1`: each upload is printed in clear on the standard error.
    pub debug: bool,
}

impl Settings {
    /// The settings of a desktop or a service: the key in a file beside the folder's others, the
    /// machine's own identifier as the mark of the place, the system's clock and random numbers.
    pub fn new(
        folder: impl Into<PathBuf>,
        catalogue: DeviceCatalogue,
        release: impl Into<String>,
        device: DeviceFacts,
        app_key: impl Into<String>,
    ) -> Settings {
        let folder = folder.into();
        Settings {
            key: Box::new(KeyFile::new(folder.join("key"))),
            folder,
            catalogue,
            release: release.into(),
            device,
            app_key: app_key.into(),
            place: Box::new(MachineId),
            clock: Clock::system(),
            random: Random::system(),
            environment: Environment::Production,
            policy_files: vec![PathBuf::from("/etc/kaiku/off")],
            variables: Variables::of_process(),
            metered: true,
            failures: Some(failures::Settings::new("", "")),
            recommend: None,
            vfs: None,
        }
    }
}

impl Variables {
    /// Those of this process.
    pub fn of_process() -> Variables {
        let says = |name: &str, no: &[&str]| {
            std::env::var(name).is_ok_and(|value| !value.is_empty() && !no.contains(&&*value))
        };
        Variables {
            do_not_track: says("DO_NOT_TRACK", &["0"]),
            ci: says("CI", &["0", "false"]),
            debug: std::env::var("KAIKU_DEBUG").is_ok_and(|value| value == "1"),
        }
    }
}

impl DeviceFacts {
    /// The same as the contract takes it.
    pub(crate) fn fitted(self) -> DeviceFacts {
        let digits = |code: &String, least: usize| {
            (least..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
        };
        let letters =
            |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        let mcc = self.mcc.filter(|code| digits(code, 3));
        DeviceFacts {
            brand: fitted(&self.brand),
            model: fitted(&self.model),
            mnc: self.mnc.filter(|code| mcc.is_some() && digits(code, 2)),
            mcc,
            country: self.country.filter(letters),
        }
    }
}

/// A name that the contract takes: not empty, not too long, without control characters.
pub(crate) fn fitted(name: &str) -> String {
    let mut fits: String = name.chars().filter(|c| !c.is_ascii_control()).collect();
    while fits.len() > TEXT_BYTES {
        fits.pop();
    }
    match fits.is_empty() {
        true => "unknown".to_owned(),
        false => fits,
    }
}
