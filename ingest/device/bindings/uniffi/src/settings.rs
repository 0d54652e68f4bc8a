//! What a host hands over when it opens the program.

use std::sync::Arc;

use kaiku_device::recommend::{self, PublicKey};
use kaiku_device::{DeviceCatalogue, Environment, GivenPlace};

use crate::keys::{HostKeys, KeyStore};
use crate::outcome::KaikuError;

/// All that a program needs to know.
#[derive(uniffi::Record)]
pub struct Settings {
    /// A folder of the program's own, which backups leave out.
    pub folder: String,
    /// The JSON that `kaiku catalogue generate` has made.
    pub catalogue: String,
    /// Release of the app.
    pub release: String,
    /// The key that names the app to the gateway.
    pub app_key: String,
    /// What the device is.
    pub device: DeviceFacts,
    /// The host's keystore; without one a file of mode 0600 in the folder.
    #[uniffi(default = None)]
    pub keys: Option<Arc<dyn KeyStore>>,
    /// 32 bytes that are always the same in this place and nowhere else; without them the
    /// machine's id.
    #[uniffi(default = None)]
    pub place: Option<Vec<u8>>,
    /// What is recorded does not count: the gateway checks it, answers, and drops it.
    #[uniffi(default = false)]
    pub is_test: bool,
    /// No upload takes a connection that costs its owner by the byte.
    #[uniffi(default = false)]
    pub unmetered_only: bool,
    /// The two keys by which files of suggestions are believed, as `kaiku recommend key` prints them: the one in use, and
    /// the one that will follow it. Without them nothing is suggested.
    #[uniffi(default = [])]
    pub suggestion_keys: Vec<String>,
}

/// What the device is. What does not fit the contract is cut or left out.
#[derive(uniffi::Record)]
pub struct DeviceFacts {
    /// What stands on it: Android's `Build.BRAND`, or `Apple`.
    pub brand: String,
    /// Model code.
    pub model: String,
    /// Mobile country code of the SIM's network.
    #[uniffi(default = None)]
    pub mcc: Option<String>,
    /// Mobile network code of the SIM's network.
    #[uniffi(default = None)]
    pub mnc: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[uniffi(default = None)]
    pub country: Option<String>,
}

impl Settings {
    /// The same as `kaiku-device` wants it.
    pub(crate) fn taken(self) -> Result<kaiku_device::Settings, KaikuError> {
        let catalogue = DeviceCatalogue::parse(&self.catalogue)?;
        let facts = kaiku_device::DeviceFacts {
            brand: self.device.brand,
            model: self.device.model,
            mcc: self.device.mcc,
            mnc: self.device.mnc,
            country: self.device.country,
        };
        let mut taken =
            kaiku_device::Settings::new(self.folder, catalogue, self.release, facts, self.app_key);
        if let Some(keys) = self.keys {
            taken.key = Box::new(HostKeys(keys));
        }
        if let Some(place) = self.place {
            let place = <[u8; 32]>::try_from(place).map_err(|_| KaikuError::BadPlace)?;
            taken.place = Box::new(GivenPlace(place));
        }
        if self.is_test {
            taken.environment = Environment::Test;
        }
        taken.metered = !self.unmetered_only;
        taken.recommend = pinned(&self.suggestion_keys)?;
        Ok(taken)
    }
}

/// The keys that the host pins, where it wants suggestions.
fn pinned(keys: &[String]) -> Result<Option<recommend::Settings>, KaikuError> {
    let key = |text: &String| text.parse::<PublicKey>();
    match keys {
        [] => Ok(None),
        [first, second] => match (key(first), key(second)) {
            (Ok(first), Ok(second)) => Ok(Some(recommend::Settings::new([first, second]))),
            _ => Err(KaikuError::BadSuggestionKeys),
        },
        _ => Err(KaikuError::BadSuggestionKeys),
    }
}
